import { limited, readable, type Benchmark } from '../benchmark';
import { median, timed } from '../statistics';
import { Stage } from './stage';
import type { Workload } from './workload';
import { CHAIN_1000, LOCAL_CHAIN_1000, REUSABLE_CHAIN_1000, REUSABLE_FAN_OUT_1000 } from './workloads';

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

const RERUN_MS = 250;
const RERUN_ACTIVITIES = 10;

/** A rerun of which every value is there already. */
export const reused: readonly Benchmark[] = [REUSABLE_CHAIN_1000, REUSABLE_FAN_OUT_1000].map((workload) => ({
  name: `fully cached rerun of a ${workload.name}`,
  async run({ repetitions }) {
    const stage = await Stage.open();
    const worker = await stage.startWorker('ours', workload);
    try {
      const tapestry = workload.tapestry();
      const runTime = await timed(async () => void (await stage.runOurs(tapestry, 1)));
      let runId = '';
      const rerun = async (): Promise<void> => void ({ runId } = await stage.runOurs(tapestry, 1));
      await rerun();
      const times: number[] = [];
      for (let repetition = 0; repetition < repetitions; repetition++) times.push(await timed(rerun));
      const activities = await stage.activitiesOf(runId);
      return [
        limited(
          `fully cached rerun of a ${workload.name}`,
          median(times),
          RERUN_MS,
          'ms',
          { runTime, times },
          `the run itself: ${readable(runTime)} ms`,
        ),
        limited(
          `fully cached rerun of a ${workload.name}: activities`,
          activities,
          RERUN_ACTIVITIES,
          'activities',
          {},
        ),
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
    const run = await stage.selvage.resume(finished, { allowDuplicate: true });
    await run.values();
  };
  await resume();
  const times: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) times.push(await timed(resume));
  return { runTime, times };
}
