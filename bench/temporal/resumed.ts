import { readable, type Benchmark } from '../benchmark';
import { median, timed } from '../statistics';
import { Stage } from './stage';
import type { Workload } from './workload';
import { CHAIN_1000, LOCAL_CHAIN_1000 } from './workloads';

/** A rerun that has nothing left to do: every outcome is taken over from a run that is over. */
export const resumed: readonly Benchmark[] = [CHAIN_1000, LOCAL_CHAIN_1000].map((workload) => ({
  name: `resume of a finished ${workload.name}`,
  async run({ repetitions }) {
    const stage = await Stage.open();
    const worker = await stage.startWorker('ours', workload);
    try {
      const { runTime, times } = await measure(stage, workload, repetitions);
      const cost = readable(median(times));
      return [
        {
          measure: `resume of a finished ${workload.name}`,
          measured: `${cost} ms in all, ${readable(median(times) / workload.knots)} a knot (the run itself: ${readable(runTime)} ms)`,
          numbers: { runTime, times },
        },
      ];
    } finally {
      await worker.stop();
      await stage.close();
    }
  },
}));

async function measure(
  stage: Stage,
  workload: Workload,
  repetitions: number,
): Promise<{ runTime: number; times: number[] }> {
  let finished = '';
  const runTime = await timed(async () => ({ runId: finished } = await stage.runOurs(workload.tapestry())));
  const resume = async (): Promise<void> => {
    const run = await stage.selvage.resume(finished);
    await run.values();
  };
  await resume();
  const times: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) times.push(await timed(resume));
  return { runTime, times };
}
