import { z } from 'zod';
import { knotRecords } from '../../connection/read-run';
import type { RecordedOutcome, RunRecord } from '../../ports';
import type { LoadedPlan } from '../../runtime';
import { cursor, limit, list, name, page } from '../fields';
import { question } from '../operation';
import type { ProjectData } from '../surroundings';
import { pageOfRuns } from './list';
import { runSummary, summaryOf } from './summary';

/** Limit for an answer: a wide tapestry gets fewer runs. */
const MOST_CELLS = 100_000;

export const grid = question({
  name: 'runs.grid',
  summary: 'runs of one tapestry by its knots, newest run first',
  group: 'see',
  at: ['tapestry'],
  ask: z.strictObject({ tapestry: name.describe('of this tapestry'), limit: limit(200, 30), cursor }),
  answer: page(
    runSummary.extend({
      /** One character per knot: `o` ok, `h` reused, `e` err, `s` skipped, `r` running or waiting, ` ` none. */
      cells: z.string(),
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
    const items: (ReturnType<typeof summaryOf> & { cells: string })[] = [];
    for (const run of found.items)
      items.push({ ...summaryOf(run), cells: await cellsOf(of, run, plan, knots) });
    return { knots, items, cursor: found.cursor };
  },
});

async function cellsOf(
  { backends }: ProjectData,
  run: RunRecord,
  plan: LoadedPlan,
  knots: readonly string[],
): Promise<string> {
  const records = new Map<string, RecordedOutcome & { readonly cached_from_run?: string | null }>(
    await knotRecords(backends, plan, run),
  );
  const wired = new Map(plan.plan.knots.map((knot) => [knot.id, knot]));
  /** Whether a knot without a record may be running: each of its parents is Ok. */
  const hasBegun = (id: string): boolean =>
    run.status === 'running' &&
    Object.values(wired.get(id)?.inputs ?? {}).every(
      (input) => !('parent' in input) || records.get(plan.parentId(input.parent))?.outcome === 'ok',
    );
  return knots
    .map((id) => {
      const record = records.get(id);
      if (!record) return hasBegun(id) ? 'r' : ' ';
      if (record.outcome === 'ok') return (record.cached_from_run ?? null) === null ? 'o' : 'h';
      return record.outcome === 'err' ? 'e' : 's';
    })
    .join('');
}
