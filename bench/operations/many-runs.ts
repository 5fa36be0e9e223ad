import { createPostgresDatabase } from '../../test/support/fresh-places';
import { inParallel } from '../../src/values/in-parallel';
import { endServices, postgresService, prepareServices, temporalService } from '../../test/support/services';
import { readable, type Benchmark } from '../benchmark';
import { compare, median } from '../statistics';
import { Stage } from '../temporal/stage';
import { STEPS_20 } from '../temporal/workloads';

const RUNS = 300;
const AT_ONCE = 60;
const WORKERS = 2;
const MEASURE = `operations: ${RUNS} runs, ${AT_ONCE} at once, of ${STEPS_20.name}, on a Temporal server on PostgreSQL with ${WORKERS} workers`;

/** What a service of the size of this machine gets through, beside the same work on the plain SDK. */
export const manyRuns: Benchmark = {
  name: 'operations: many runs',
  async run({ repetitions }) {
    prepareServices();
    const address = await temporalService();
    const backends = await createPostgresDatabase(await postgresService(), 'selvage_bench_runs');
    const stage = await Stage.open({ address, backends });
    try {
      const workers = [];
      for (let worker = 0; worker < WORKERS; worker++)
        for (const side of ['ours', 'raw'] as const) workers.push(await stage.startWorker(side, STEPS_20));
      const tapestry = STEPS_20.tapestry();
      const all = (run: () => Promise<unknown>) => () =>
        inParallel(Array.from({ length: RUNS }), AT_ONCE, async () => void (await run()));
      const { ours, raw } = await compare(
        repetitions,
        all(() => stage.runOurs(tapestry)),
        all(() => stage.runRaw(STEPS_20)),
      );
      for (const worker of workers) await worker.stop();
      const aSecond = (samples: readonly number[]): string => readable((RUNS * 1_000) / median(samples));
      return [
        {
          measure: MEASURE,
          measured: `${aSecond(ours)} runs a second (raw ${aSecond(raw)})`,
          numbers: { ours, raw },
        },
      ];
    } finally {
      await stage.close();
      await endServices();
    }
  },
};
