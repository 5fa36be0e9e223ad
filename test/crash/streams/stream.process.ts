/** Program: reads a stream, and dies at the points that blows are for, until it is told to stop or its parent goes. */
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { StreamOptions } from '../../../src';
import type { Backends, StartLedger } from '../../../src/ports';
import { runStream } from '../../../src/serve';
import { forcedReplay } from '../../support/forced-replay';
import { openProjectBackends } from '../../support/project-backends';
import { quietRuntime } from '../../support/quiet-runtime';
import { withMethods } from '../../support/with-methods';
import { bundledInterpreter } from '../../support/workflow-bundle';
import { strike, type Blows } from '../triggers/points';
import { keeping } from '../triggers/tapestry';
import type { StreamPoint } from './points';

export interface StreamOrders {
  /** Address of the Temporal server. */
  readonly address: string;
  /** Folder of the backends and of the notes about results. */
  readonly folder: string;
  /** Name of the tapestry and id of the stream. */
  readonly name: string;
  readonly elements: number;
  /** Elements of one rest of a division by this have one key. */
  readonly keys?: number;
  readonly options: Pick<StreamOptions, 'batch' | 'concurrency' | 'order'>;
  readonly blows: Blows;
}

async function run(orders: StreamOrders): Promise<void> {
  quietRuntime();
  const { address, folder, name, elements, keys, options } = orders;
  const hit = (point: StreamPoint): void => strike(point, orders.blows);
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort());
  const values = Array.from({ length: elements }, (_, index) => `event-${index}`);
  const end = await runStream(values, keeping(name), {
    ...options,
    ...(keys !== undefined && { key: (value: string) => String(Number(value.slice(6)) % keys) }),
    id: name,
    parameter: 'event',
    address,
    backends: withBlows(await openProjectBackends(folder), hit),
    workerOptions: { workflowBundle: bundledInterpreter(), ...forcedReplay },
    signal: stopping.signal,
    onResult: ({ values: { kept } }, { value }, { runId }) => {
      appendFileSync(path.join(folder, 'results'), `${JSON.stringify([runId, value, kept])}\n`);
      hit('after-result');
      setImmediate(() => hit('before-checkpoint'));
    },
  });
  if (end.why === 'stopped') process.exit(0);
  writeFileSync(path.join(folder, 'end'), JSON.stringify(end));
  // It stays for whoever looks after it.
  process.once('SIGTERM', () => process.exit(0));
  if (stopping.signal.aborted) process.exit(0);
  setInterval(() => undefined, 1_000);
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
