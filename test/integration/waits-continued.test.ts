import { z } from 'zod';
import { knot, sleep, tapestry, type Knot } from '../../src';
import { closeAll, openSelvage } from '../support/open-selvage';
import { TIGHT_HISTORY_BUDGET } from '../support/run-limits';

afterEach(closeAll);

/** As many as fill the history of an execution, which takes some 120 events, at least once. */
const NAPS = 15;

const step = knot('step', ({ after }: { after: number }) => after + 1);

/** The plain knots before the waits shift where in the life of one the history is full: six events each, of the eleven of a wait. */
const tapestries = [0, 1, 2].map((steps) =>
  tapestry(`naps-after-${steps}`, (t) => {
    let last: Knot<number> = t.parameter('from', z.number());
    for (let n = 0; n < steps; n++) last = step({ after: last }, { id: `step-${n}` });
    for (let n = 0; n < NAPS; n++) last = sleep({ ms: 5, input: last }, { id: `nap-${n}` });
    return { last };
  }),
);

test('a run whose history is full just when a wait ends continues as new, and does not stand still', async () => {
  const selvage = await openSelvage({ tapestries, runLimits: TIGHT_HISTORY_BUDGET });
  const runs = await Promise.all(tapestries.map((naps) => selvage.start(naps, { from: 0 })));
  expect(await Promise.all(runs.map((run) => run.values()))).toEqual([{ last: 0 }, { last: 1 }, { last: 2 }]);
  for (const run of runs) {
    const { temporal_run_id } = (await run.status()).run;
    expect((await selvage.client.workflow.getHandle(run.runId).describe()).runId).not.toBe(temporal_run_id);
  }
});
