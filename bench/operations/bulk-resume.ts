import { knot, tapestry } from 'selvage';
import { Selvage } from 'selvage/client';
import { inParallel } from '../../src/values/in-parallel';
import { freshFolder } from '../backends/places';
import { limited, readable, type Benchmark } from '../benchmark';
import { endServer } from '../seeing/page-process';
import { timed } from '../statistics';

const RUNS = 1_000;
const LIMIT_S = 60;
const STARTED_AT_ONCE = 40;

let isBroken = true;
const load = knot('load', () => 1);
const save = knot('save', { retry: { maximumAttempts: 1 } }, ({ x }: { x: number }) => {
  if (isBroken) throw new Error('The database is away.');
  return x;
});
const nightly = tapestry('nightly', () => ({ saved: save({ x: load({}, { id: 'load' }) }, { id: 'save' }) }));

/** Runs that failed together, resumed together; client and worker are one process. */
export const bulkResume: Benchmark = {
  name: 'operations: bulk resume',
  async run() {
    const { url: projectDir, drop } = await freshFolder((made) => made);
    const selvage = await Selvage.open({ tapestries: [nightly], projectDir });
    try {
      isBroken = true;
      const numbers = Array.from({ length: RUNS }, (_, number) => number);
      await inParallel(numbers, STARTED_AT_ONCE, async () => {
        const run = await selvage.start(nightly, {});
        await run.result({ outputs: 'none' });
      });
      isBroken = false;
      let report: Awaited<ReturnType<Selvage['bulk']['carryOut']>> | undefined;
      let planned = 0;
      const time = await timed(async () => {
        const since = performance.now();
        const plan = await selvage.bulk.plan({ kind: 'resume' }, { query: { status: 'failed' } });
        planned = performance.now() - since;
        report = await selvage.bulk.carryOut(plan);
      });
      if (report?.done !== RUNS)
        throw new Error(`Resumed ${report?.done}: ${JSON.stringify(report?.failed[0])}`);
      const rest = await timed(() => allOver(selvage));
      return [
        limited(
          `operations: bulk resume of ${RUNS.toLocaleString('en')} failed runs`,
          time / 1_000,
          LIMIT_S,
          's',
          { time, planned, rest },
          `${readable(planned / 1_000)} s to choose them; all are over ${readable(rest / 1_000)} s later`,
        ),
      ];
    } finally {
      await selvage.close();
      await endServer(projectDir);
      await drop();
    }
  },
};

async function allOver(selvage: Selvage): Promise<void> {
  while ((await selvage.runs.list({ status: 'running', limit: 1 })).items.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 100));
}
