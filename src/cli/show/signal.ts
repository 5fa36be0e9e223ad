import { signal } from '../../operations/runs/signal';
import { makeVerb } from '../table/verb-of-table';
import { standingOf, warnOfNoWorker } from '../work/pollers';

export const addSignal = makeVerb(
  signal,
  ({ runId, signal: called, takenBy }) =>
    takenBy === undefined
      ? `Run ${runId} keeps the signal ${called} for the next knot that waits for it.`
      : `Knot ${takenBy} of run ${runId} takes the signal ${called}.`,
  {
    async before(selvage, { runId }, options, output) {
      const standing = await standingOf(selvage.getRun(runId));
      if (standing) await warnOfNoWorker(selvage, { runId, ...standing }, options, output);
    },
  },
);
