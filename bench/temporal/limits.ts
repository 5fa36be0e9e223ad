import { limited, type Benchmark } from '../benchmark';
import { median, timed } from '../statistics';
import { Stage } from './stage';
import type { Workload } from './workload';
import { FIFTY_A_SECOND, FIVE_AT_ONCE, ONE_AT_ONCE, TWO_LONG_AT_ONCE } from './workloads';

interface Contest {
  readonly workload: Workload;
  /** Milliseconds that the limit asks for at the least. */
  readonly leastMs: number;
  /** So many times as long it may take. */
  readonly factor: number;
}

/** `leastMs`: for bodies that take no time, what the server takes for one knot after the other. */
const CONTESTS: readonly Contest[] = [
  { workload: ONE_AT_ONCE, leastMs: 1_000, factor: 5 },
  { workload: FIVE_AT_ONCE, leastMs: 800, factor: 4 },
  { workload: TWO_LONG_AT_ONCE, leastMs: 7_000, factor: 1.2 },
  { workload: FIFTY_A_SECOND, leastMs: 4_000, factor: 1.2 },
];

/** Knots that wait for a limit, over two workers: how much of the time that the limit leaves is used. */
export const limits: readonly Benchmark[] = CONTESTS.map(({ workload, leastMs, factor }) => ({
  name: `limits: ${workload.name}`,
  async run({ repetitions }) {
    const stage = await Stage.open();
    const workers = [await stage.startWorker('ours', workload), await stage.startWorker('ours', workload)];
    const tapestry = workload.tapestry();
    try {
      await stage.runOurs(tapestry);
      const times: number[] = [];
      for (let run = 0; run < repetitions; run++) times.push(await timed(() => stage.runOurs(tapestry)));
      return [limited(`limits: ${workload.name}`, median(times) / leastMs, factor, 'x the least', { times })];
    } finally {
      for (const worker of workers) await worker.stop();
      await stage.close();
    }
  },
}));
