import { z } from 'zod';
import { OUTCOME_KINDS } from '../../authoring/outcome';
import { indexCursor, limit, name, page } from '../fields';
import { question } from '../operation';
import { graphState } from '../run-graph';
import { graphOf, requireRun } from '../runs/require-run';

export const list = question({
  name: 'knots.list',
  summary: 'list the knots of a run, in the order of the plan',
  description: 'With the outcome err: which of them failed, and why.',
  group: 'see',
  isTool: true,
  at: ['runId'],
  ask: z.strictObject({
    runId: name.describe('id of the run'),
    outcome: z.enum(OUTCOME_KINDS).optional().describe('only those with this outcome'),
    limit: limit(5_000, 50),
    cursor: indexCursor,
  }),
  answer: page(
    z.object({
      knotId: z.string(),
      kind: z.string(),
      definition: z.string().optional(),
      /** The signal that the knot waits for. */
      signal: z.string().optional(),
      /** State of the knot; absent until it has ended. */
      state: graphState.optional(),
    }),
  ).extend({ total: z.int() }),
  examples: [{ runId: 'nightly-1', outcome: 'err' }],
  /** @throws SelvageError `UnknownRun`, `InvalidPlan`, `BackendUnavailable` */
  async run(of, { runId, outcome, limit: most, cursor: after }) {
    const { knots } = await graphOf(of, await requireRun(of, runId));
    const chosen = knots.filter(({ state }) => outcome === undefined || state?.outcome === outcome);
    const first = Number(after ?? 0);
    const next = first + most;
    return {
      items: chosen.slice(first, next).map(({ id, kind, definition, signal, state }) => ({
        knotId: id,
        kind,
        definition,
        signal,
        state,
      })),
      total: chosen.length,
      ...(next < chosen.length && { cursor: String(next) }),
    };
  },
});
