import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Selvage, type ConnectOptions, type OpenOptions } from '../../src/client';
import type { Backends } from '../../src/ports';
import { createWorker, type CreateWorkerOptions } from '../../src/worker';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { forcedReplay } from './forced-replay';
import { quietRuntime } from './quiet-runtime';
import { sharedServerAddress } from './temporal-server';
import { bundledInterpreter } from './workflow-bundle';
import { openProjectBackends, removeProjectBackends } from './project-backends';

/** A unique name, for task queues and run ids. */
export function unique(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

const cleanups: (() => Promise<void>)[] = [];

/** Undoes the helpers of this module, the last one first. To be called in `afterEach` or `afterAll`. */
export async function closeAll(): Promise<void> {
  await undo(cleanups.splice(0));
}

async function undo(steps: (() => Promise<void>)[]): Promise<void> {
  for (const step of steps.reverse()) await step();
}

export function onClose(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-test-'));
  onClose(async () => {
    await removeProjectBackends(folder);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

/** The backends of an embedded project, or in `npm run test:production` the production ones. */
export async function temporaryBackends(): Promise<Backends> {
  const backends = await openProjectBackends(await temporaryFolder());
  onClose(() => backends.close());
  return backends;
}

/** A client on the shared server. Default: a new task queue. */
export async function connectSelvage(options: ConnectOptions = {}): Promise<Selvage> {
  const selvage = await Selvage.connect({
    address: sharedServerAddress(),
    taskQueue: unique('test'),
    backends: options.backends ?? (await temporaryBackends()),
    ...options,
  });
  onClose(() => selvage.close());
  return selvage;
}

/** A client with a worker in this process. */
export async function openSelvage(options: OpenOptions): Promise<Selvage> {
  quietRuntime();
  const selvage = await Selvage.open({
    address: sharedServerAddress(),
    taskQueue: unique('test'),
    backends: options.backends ?? (await temporaryBackends()),
    ...options,
    workerOptions: { workflowBundle: bundledInterpreter(), ...options.workerOptions, ...forcedReplay },
  });
  onClose(() => selvage.close());
  return selvage;
}

/**
 * Returns the client for all tests of a file or a `describe` block. It is opened with its worker before the first test,
 * and closed after the last. Things opened by one test are closed after that test.
 *
 * @param options a function if they need the results of other hooks
 */
export function selvageForAll(
  options: OpenOptions | (() => OpenOptions | Promise<OpenOptions>),
): () => Selvage {
  let selvage: Selvage;
  let own: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const others = cleanups.splice(0);
    selvage = await openSelvage(typeof options === 'function' ? await options() : options);
    own = cleanups.splice(0);
    cleanups.push(...others);
  });
  afterEach(closeAll);
  afterAll(async () => await undo(own));
  return () => selvage;
}

export interface RunningWorker {
  readonly worker: Worker;
  /** Stops the worker and waits for its end. */
  stop(): Promise<void>;
}

/** Another worker for the task queue and backends of a client. */
export async function startWorker(
  selvage: Selvage,
  options: Pick<CreateWorkerOptions, 'tapestries'> & Partial<CreateWorkerOptions>,
): Promise<RunningWorker> {
  quietRuntime();
  const connection = await NativeConnection.connect({ address: selvage.location.address });
  let worker: Worker;
  try {
    worker = await createWorker({
      connection,
      taskQueue: selvage.taskQueue,
      backends: selvage.backends,
      workflowBundle: bundledInterpreter(),
      ...options,
      ...forcedReplay,
    });
  } catch (error) {
    await connection.close();
    throw error;
  }
  const ended = worker.run();
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    worker.shutdown();
    await ended;
    await connection.close();
  };
  onClose(stop);
  return { worker, stop };
}
