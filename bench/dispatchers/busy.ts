import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { atLeast, readable, type Benchmark, type Row } from '../benchmark';
import { compare, median } from '../statistics';
import { onStage } from '../temporal/stage';
import { CORES, ELEMENTS } from './in-threads';
import { spin } from './spin';
import { BATCH_SPIN, THREAD_SPIN } from './workloads';

const TARGET = 0.9;

/**
 * Maps of bodies that keep a core busy, against bare threads that take the same elements one after the other. An activity for each element
 * takes some milliseconds of worker and server, and on a machine of few cores these are the bodies' own: bodies as short as these go in batches.
 */
const MAPS = [
  { workload: BATCH_SPIN, how: ', in batches of 10', target: TARGET },
  { workload: THREAD_SPIN, how: ', an activity each', target: undefined },
];

export const busy: Benchmark = {
  name: 'dispatchers: busy bodies in threads',
  run: ({ repetitions }) =>
    onStage(async (stage) => {
      const workers = [
        await stage.startWorker('ours', BATCH_SPIN),
        await stage.startWorker('ours', THREAD_SPIN),
      ];
      const bare = Array.from({ length: CORES }, () => new BareThread());
      let start = 0;
      const rows: Row[] = [];
      try {
        for (const { workload, how, target } of MAPS) {
          const tapestry = workload.tapestry();
          const { ours, raw } = await compare(
            repetitions,
            () => stage.runOurs(tapestry),
            () => allOf(bare, (start += 1_000)),
          );
          const ratio = median(raw) / median(ours);
          const remark = `${readable(median(ours))} against ${readable(median(raw))} ms`;
          const measure = `dispatchers: map of ${ELEMENTS} bodies of 20 ms in ${CORES} threads${how}`;
          rows.push(
            target === undefined
              ? {
                  measure,
                  measured: `${readable(ratio)} x bare threads (${remark})`,
                  numbers: { ratio, ours, raw },
                }
              : atLeast(measure, ratio, target, 'x bare threads', { ours, raw }, remark),
          );
        }
        return rows;
      } finally {
        for (const worker of workers) await worker.stop();
        for (const thread of bare) await thread.stop();
      }
    }),
};

class BareThread {
  readonly #worker = new Worker(
    `const spin = ${spin.toString()};
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (x) => parentPort.postMessage(spin(x)));`,
    { eval: true },
  );

  async spin(x: number): Promise<number> {
    this.#worker.postMessage(x);
    const [result] = (await once(this.#worker, 'message')) as [number];
    return result;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

async function allOf(threads: readonly BareThread[], start: number): Promise<number> {
  let next = 0;
  let total = 0;
  await Promise.all(
    threads.map(async (thread) => {
      while (next < ELEMENTS) {
        next += 1;
        total += await thread.spin(start + next);
      }
    }),
  );
  return total;
}
