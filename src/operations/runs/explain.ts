import { z } from 'zod';
import { waitingKnot, workflowTaskState } from '../../connection/explain/waiting';
import { name } from '../fields';
import { question } from '../operation';

export const explain = question({
  name: 'runs.explain',
  summary: 'why an unfinished run has not ended',
  description:
    'Says why the unfinished knots of a run wait, and why the run as a whole makes no progress. Asks the server and a worker, which may take seconds.',
  group: 'see',
  isTool: true,
  at: ['runId'],
  ask: z.strictObject({ runId: name.describe('id of the run') }),
  answer: z.object({
    /** Why unfinished knots wait, by knot id; absent if the run is over or the reasons cannot be determined. */
    waiting: z.record(z.string(), waitingKnot).optional(),
    workflowTask: workflowTaskState.optional(),
  }),
  examples: [{ runId: 'nightly-1' }],
  /** @throws SelvageError `UnknownRun`, `BackendUnavailable` */
  async run({ reach }, { runId }) {
    // Workers get 5 s to answer, then the server answers alone.
    const state = await reach.ask((selvage) => selvage.getRun(runId).status(), 12_000);
    const { knots, workflowTask } = state?.waiting ?? {};
    return {
      ...(knots && { waiting: Object.fromEntries(knots.map((knot) => [knot.knotId, knot])) }),
      ...(workflowTask && { workflowTask }),
    };
  },
});
