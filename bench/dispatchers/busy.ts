import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { atLeast, readable, type Benchmark } from '../benchmark';
import { compare, median } from '../statistics';
import { onStage } from '../temporal/stage';
import { CORES, ELEMENTS } from './in-threads';
import { spin } from './spin';
import { THREAD_SPIN } from './workloads';

const TARGET = 0.9;

/** A map of bodies that keep a core busy, against bare threads that take the same elements one after the other. */
export const busy: Benchmark = {
  name: 'dispatchers: busy bodies in threads',
  run: ({ repetitions }) =>
    onStage(async (stage) => {
      const worker = await stage.startWorker('ours', THREAD_SPIN);
      const bare = Array.from({ length: CORES }, () => new BareThread());
      const tapestry = THREAD_SPIN.tapestry();
      let start = 0;
      try {
        const { ours, raw } = await compare(
          repetitions,
          () => stage.runOurs(tapestry),
          () => allOf(bare, (start += 1_000)),
        );
        const remark = `${readable(median(ours))} against ${readable(median(raw))} ms`;
        const measure = `dispatchers: map of ${ELEMENTS} bodies of 20 ms in ${CORES} threads`;
        return [
          atLeast(measure, median(raw) / median(ours), TARGET, 'x bare threads', { ours, raw }, remark),
        ];
      } finally {
        await worker.stop();
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
