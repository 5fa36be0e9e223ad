import { z } from 'zod';
import { knotRecords } from '../../connection/read-run';
import type { RunRecord } from '../../ports';
import { stateOf, type LoadedPlan } from '../../runtime';
import { cursor, limit, list, name, page } from '../fields';
import { question } from '../operation';
import type { ProjectData } from '../surroundings';
import { pageOfRuns } from './list';
import { runSummary, summaryOf } from './summary';

/** Limit of cells in an answer: a wide tapestry gets fewer runs. */
const MOST_CELLS = 100_000;
const MOST_MARKS = 1_000;

export const grid = question({
  name: 'runs.grid',
  summary: 'runs of one tapestry by its knots, newest run first',
  group: 'see',
  at: ['tapestry'],
  ask: z.strictObject({ tapestry: name.describe('of this tapestry'), limit: limit(200, 30), cursor }),
  answer: page(
    runSummary.extend({
      /**
       * One character per knot: `o` ok, `h` reused, `e` err, `s` skipped, `r` running or waiting, `w` waiting for its
       * signal, ` ` none.
       */
      cells: z.string(),
      /** Marks of knots, by their place: of the first thousand that have any. */
      marks: list(
        z.object({
          knot: z.int(),
          /** The attempt that counted, if it is not the first. */
          attempt: z.int().optional(),
          /** The failures of a map with failed elements. */
          elements: z.object({ count: z.int(), failed: z.int() }).optional(),
          /** The signal that the knot waits for. */
          signal: z.string().optional(),
        }),
      ),
    }),
  ).extend({
    knots: list(z.string()),
  }),
  examples: [{ tapestry: 'nightly' }],
  /** @throws SelvageError `InvalidPlan`, `InvalidQuery`, `BackendUnavailable` */
  async run(of, { tapestry, limit: wanted, cursor: after }) {
    const [newest] = (await of.backends.runHistory.listRuns({ tapestry, limit: 1 })).items;
    if (!newest) return { knots: [], items: [] };
    const plan = await of.plans.of(newest);
    const knots = plan.plan.knots.map(({ id }) => id);
    const fitting = Math.max(1, Math.floor(MOST_CELLS / Math.max(1, knots.length)));
    const found = await pageOfRuns(of, { tapestry, limit: Math.min(wanted, fitting), cursor: after });
    const items: (ReturnType<typeof summaryOf> & Cells)[] = [];
    for (const run of found.items)
      items.push({ ...summaryOf(run), ...(await cellsOf(of, run, plan, knots)) });
    return { knots, items, cursor: found.cursor };
  },
});

interface Cells {
  cells: string;
  marks: { knot: number; attempt?: number; elements?: { count: number; failed: number }; signal?: string }[];
}

async function cellsOf(
  { backends }: ProjectData,
  run: RunRecord,
  plan: LoadedPlan,
  knots: readonly string[],
): Promise<Cells> {
  const records = await knotRecords(backends, plan, run);
  const wired = new Map(plan.plan.knots.map((knot) => [knot.id, knot]));
  /** Whether a knot without a record may be running: each of its parents is Ok. */
  const hasBegun = (id: string): boolean =>
    run.status === 'running' &&
    Object.values(wired.get(id)?.inputs ?? {}).every(
      (input) => !('parent' in input) || records.get(plan.parentId(input.parent))?.outcome === 'ok',
    );
  const marks: Cells['marks'] = [];
  const cells = knots.map((id, knot) => {
    const record = records.get(id);
    if (!record) {
      const signal = wired.get(id)?.policy.wait?.signal;
      if (!hasBegun(id)) return ' ';
      if (signal === undefined) return 'r';
      marks.push({ knot, signal });
      return 'w';
    }
    const { attempt, elements } = stateOf(record, undefined);
    const isReused = record.cached_from_run !== null;
    const hasFailed = elements !== undefined && elements.failed > 0;
    if (record.outcome !== 'skipped' && !isReused && (attempt > 1 || hasFailed))
      marks.push({
        knot,
        ...(attempt > 1 && { attempt }),
        ...(hasFailed && { elements: { count: elements.count, failed: elements.failed } }),
      });
    if (record.outcome === 'ok') return isReused ? 'h' : 'o';
    return record.outcome === 'err' ? 'e' : 's';
  });
  return { cells: cells.join(''), marks: marks.slice(0, MOST_MARKS) };
}
