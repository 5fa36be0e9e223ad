/** Program: a worker of the crash campaign, for one scenario after the other, until it is killed or its parent goes. */
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';

import { SelvageError } from '../../../src/errors';
import type { Backends } from '../../../src/ports';
import { createWorker } from '../../../src/worker';
import { quietRuntime } from '../../support/quiet-runtime';
import type { Blow } from './blows';
import { campaignEmitter } from './delivered';
import { readElements } from './elements';
import { HEARTBEAT_TIMEOUT_MS, mixNamed, mixedTapestry, type MixParameters, type MixPlace } from './mix';
import type { Order, Told } from './processes';
import { Scene } from './scene';
import { openStruckStores, type Stores } from './struck-backends';
import { workerIdentity } from './worker-identity';
import { workflowsOf } from './workflows-of';

export interface WorkerOrders {
  readonly folder: string;
  readonly stores: Stores;
  readonly mix: string;
  readonly address: string;
  readonly taskQueue: string;
  readonly place: MixPlace;
  readonly parameters: MixParameters;
  readonly slots: number;
  readonly codePath: string;
  readonly blows: readonly Blow[];
}

const TRY_AGAIN_MS = 200;
const ASK_AGAIN_MS = 10;
const BEGIN_POLL_MS = 10;
/** In keeping with the short heartbeat timeout of the campaign's runs: the places of killed workers are free before their knots are tried again. */
const LEASE_TTL_MS = 5_000;

const tell = (told: Told): void => void process.send!(told);

let scene: Scene | undefined;
let connection: NativeConnection | undefined;
/** Undefined before it runs, and when it has ended. */
let running: Worker | undefined;
let wantsStop = false;
let reading: AbortController | undefined;

async function work(orders: WorkerOrders): Promise<void> {
  wantsStop = false;
  const isRecorded = async (runId: string, knotId: string): Promise<boolean> =>
    (await backends.runHistory.findLineage({ runId, knotId, limit: 1 })).items.length > 0;
  const mine = new Scene(orders.folder, orders.blows, tell, isRecorded);
  scene = mine;
  const backends = await patiently(
    () => openStruckStores(mine, orders.stores),
    (error) => SelvageError.is(error, 'BackendUnavailable'),
  );
  if (mixNamed(orders.mix).elements) return await readUntilStopped(orders, mine, backends);
  connection ??= await patiently(() => NativeConnection.connect({ address: orders.address }));
  const own = connection;
  const worker = await patiently(() =>
    createWorker({
      tapestries: [mixedTapestry(mixNamed(orders.mix), orders.place)],
      resources: { scene: mine } as never,
      emitters: [campaignEmitter(orders.folder, mine)],
      connection: own,
      taskQueue: orders.taskQueue,
      identity: workerIdentity(process.pid),
      backends,
      workflowBundle: { codePath: orders.codePath },
      interceptors: { activity: [mine.interceptor] },
      observers: [
        {
          name: 'blows',
          knotEnded({ outcome, runId, knotId }) {
            if (outcome !== 'ok' || !mine.expects('after-answer', knotId)) return;
            const answered = patiently(() => serverHas(orders.address, runId, knotId));
            void answered.then(() => mine.strike('after-answer', knotId));
          },
        },
      ],
      maxConcurrentActivityTaskExecutions: orders.slots,
      // As many as one run keeps busy, so that dozens of workers do not keep the server busy with asking.
      activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
      workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
      leaseTtl: LEASE_TTL_MS,
      maxCachedWorkflows: 10,
      workflowThreadPoolSize: 1,
      stickyQueueScheduleToStartTimeout: 2_000,
      // In keeping with the short heartbeat timeout of the campaign's runs.
      maxHeartbeatThrottleInterval: 1_000,
      defaultHeartbeatThrottleInterval: 1_000,
    }),
  );
  const ended = worker.run();
  // One that has not begun cannot be told to stop, and may have been told so before.
  while (worker.getState() === 'INITIALIZED') await Promise.race([ended, sleep(BEGIN_POLL_MS)]);
  tell({ type: 'started' });
  if (wantsStop && worker.getState() === 'RUNNING') worker.shutdown();
  else running = worker;
  await ended;
  running = undefined;
  await backends.close();
  tell({ type: 'idle' });
}

/** Reads the stream of a scenario, or stands by, until the scenario is over. */
async function readUntilStopped(orders: WorkerOrders, mine: Scene, backends: Backends): Promise<void> {
  const { folder, place, parameters, taskQueue: id, address, codePath } = orders;
  const mix = mixNamed(orders.mix);
  const stopping = (reading = new AbortController());
  if (wantsStop) stopping.abort();
  tell({ type: 'started' });
  const connect = {
    address,
    backends,
    signal: stopping.signal,
    runLimits: { heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS },
    workerOptions: {
      identity: workerIdentity(process.pid),
      workflowBundle: { codePath },
      interceptors: { activity: [mine.interceptor] },
      leaseTtl: LEASE_TTL_MS,
      maxHeartbeatThrottleInterval: 1_000,
      defaultHeartbeatThrottleInterval: 1_000,
    },
  };
  await patiently(
    () => readElements({ folder, mix, place, parameters, id, scene: mine, connect }),
    (error) => SelvageError.is(error, 'ServerUnreachable') || SelvageError.is(error, 'BackendUnavailable'),
  );
  // A stream that has ended would be begun anew.
  while (!stopping.signal.aborted) await sleep(ASK_AGAIN_MS);
  reading = undefined;
  await backends.close();
  tell({ type: 'idle' });
}

/** A server may be down just now. */
async function patiently<T>(
  start: () => Promise<T>,
  passes: (error: unknown) => boolean = () => true,
): Promise<T> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!passes(error)) throw error;
      await sleep(TRY_AGAIN_MS);
    }
  }
}

/** Waits until the server has the answer of this knot: then it does not wait for the activity any more. */
async function serverHas(address: string, runId: string, knot: string): Promise<void> {
  const client = new Client({ connection: await Connection.connect({ address }) });
  for (;;) {
    const pending = await Promise.all(
      workflowsOf(runId, knot).map((workflow) => isPending(client, workflow, knot)),
    );
    if (!pending.includes(true)) return;
    await sleep(ASK_AGAIN_MS);
  }
}

async function isPending(client: Client, workflowId: string, knot: string): Promise<boolean> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    return raw.pendingActivities?.some(({ activityId }) => activityId === knot) ?? false;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

function stop(): void {
  wantsStop = true;
  reading?.abort();
  if (running?.getState() === 'RUNNING') running.shutdown();
  running = undefined;
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

// A campaign that ends early must not leave its workers behind.
process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => {
  if (order.type === 'work') work(order.orders as WorkerOrders).catch(fail);
  else if (order.type === 'release') scene?.release(order);
  else stop();
});
quietRuntime();
tell({ type: 'warm' });
