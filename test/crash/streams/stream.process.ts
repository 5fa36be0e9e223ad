/** Program: reads a stream, and dies at the points that blows are for, until it is told to stop or its parent goes. */
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { FileTailSource, KafkaStreamingSource, type AnySource, type StreamOptions } from '../../../src';
import { Selvage } from '../../../src/client';
import type { Backends, StartLedger } from '../../../src/ports';
import { runStream } from '../../../src/serve';
import { forcedReplay } from '../../support/forced-replay';
import { openProjectBackends } from '../../support/project-backends';
import { quietRuntime } from '../../support/quiet-runtime';
import { withMethods } from '../../support/with-methods';
import { bundledInterpreter } from '../../support/workflow-bundle';
import { isSpent, strike, type Blows } from '../triggers/points';
import { keeping } from '../triggers/tapestry';
import type { StreamPoint } from './points';

const BEAT_MS = 1_000;
const LOOK_MS = 50;
/** Results after which a process waits until a checkpoint has some of them. */
const MOST_UNSAVED = 20;

export interface StreamOrders {
  /** Address of the Temporal server. */
  readonly address: string;
  /** Folder of the backends and of the notes about results. */
  readonly folder: string;
  /** Name of the tapestry and id of the stream. */
  readonly name: string;
  readonly elements: number;
  /** Where the elements come from instead: the messages of a topic. */
  readonly kafka?: { readonly brokers: string; readonly topic: string };
  /** Where they come from instead: the lines of a file. */
  readonly file?: string;
  /** Elements of one rest of a division by this have one key. */
  readonly keys?: number;
  readonly options: Pick<StreamOptions, 'batch' | 'concurrency' | 'order'>;
  readonly blows: Blows;
}

async function run(orders: StreamOrders): Promise<void> {
  quietRuntime();
  const { address, folder, name, keys, options } = orders;
  const hit = (point: StreamPoint): void => strike(point, orders.blows);
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort());
  const backends = await openProjectBackends(folder);
  let finished = 0;
  const over = new AbortController();
  void strikeSaved(orders, backends, hit, over.signal);
  const end = await runStream(sourceOf(orders), keeping(name), {
    ...options,
    ...(keys !== undefined && { key: (value: string) => String(Number(value.slice(6)) % keys) }),
    id: name,
    parameter: 'event',
    address,
    backends: withBlows(backends, hit),
    workerOptions: {
      identity: identityOf(process.pid),
      workflowBundle: bundledInterpreter(),
      maxHeartbeatThrottleInterval: BEAT_MS,
      ...forcedReplay,
    },
    signal: stopping.signal,
    onResult: async ({ values: { kept } }, { value }, { runId }) => {
      // A checkpoint comes with the next heartbeat, until which the whole stream may be over.
      while (
        ++finished > MOST_UNSAVED &&
        !isSpent('after-checkpoint', orders.blows) &&
        !stopping.signal.aborted
      )
        await sleep(LOOK_MS);
      appendFileSync(path.join(folder, 'results'), `${JSON.stringify([runId, value, kept])}\n`);
      hit('after-result');
      setImmediate(() => hit('before-checkpoint'));
    },
  });
  over.abort();
  if (end.reason === 'stopped') process.exit(0);
  writeFileSync(path.join(folder, 'end'), JSON.stringify(end));
  // It stays for whoever looks after it.
  process.once('SIGTERM', () => process.exit(0));
  if (stopping.signal.aborted) process.exit(0);
  setInterval(() => undefined, 1_000);
}

function identityOf(pid: number): string {
  return `reader-${pid}`;
}

/** Dies, while this process reads, when the server has a checkpoint with elements. */
async function strikeSaved(
  { address, name }: StreamOrders,
  backends: Backends,
  hit: (point: StreamPoint) => void,
  signal: AbortSignal,
): Promise<void> {
  const selvage = await Selvage.connect({ address, backends });
  while (!signal.aborted) {
    await sleep(LOOK_MS);
    const state = await selvage.streams.status(name).catch(() => undefined);
    if (state?.readBy === identityOf(process.pid) && state.ok > 0) hit('after-checkpoint');
  }
  await selvage.close();
}

function sourceOf({ elements, kafka, file }: StreamOrders): AnySource<string> {
  if (file !== undefined) return new FileTailSource({ path: file });
  if (!kafka) return Array.from({ length: elements }, (_, index) => `event-${index}`);
  process.env['SELVAGE_KAFKA_BROKERS'] = kafka.brokers;
  return new KafkaStreamingSource({ topic: kafka.topic, format: 'text' });
}

function withBlows(backends: Backends, hit: (point: StreamPoint) => void): Backends {
  const startLedger = withMethods<StartLedger>(backends.startLedger, {
    async claim(claims) {
      const results = await backends.startLedger.claim(claims);
      if (results.some(({ inserted }) => inserted)) hit('after-claim');
      return results;
    },
    async markStarted(keys) {
      hit('after-start');
      await backends.startLedger.markStarted(keys);
    },
  });
  return { ...backends, startLedger };
}

// A test that ends early must not leave its processes behind.
process.on('disconnect', () => process.exit());
run(JSON.parse(process.argv[2]!) as StreamOrders).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
