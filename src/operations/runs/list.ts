import { z } from 'zod';
import { OUTCOME_KINDS, type OutcomeKind } from '../../authoring/outcome';
import { listRuns } from '../../connection/list-runs';
import type { Page, RunHistory, RunQuery, RunRecord } from '../../ports';
import { runMatches } from '../../ports/parts/run-matches';
import { cursor, limit, name, page, runFilters } from '../fields';
import { question } from '../operation';
import type { ProjectData } from '../surroundings';
import { runSummary, summaryOf } from './summary';

/**
 * Pages of the history read for one page of results, where the history itself does not support the filter.
 */
const MOST_PAGES = 10;
/** Records read at a time to find runs by a definition; a run may have many of it. */
const RECORDS = 1_000;

export const list = question({
  name: 'runs.list',
  summary: 'list runs, newest first',
  description: 'If the server answers, with what it knows of them.',
  group: 'see',
  isTool: true,
  ask: z.strictObject({
    ...runFilters,
    partition: name.optional().describe('only of this partition'),
    definition: name
      .optional()
      .describe(
        'only runs in which a knot of this definition finished from `since` until `until`, as they are on record; latest first',
      ),
    outcome: z.enum(OUTCOME_KINDS).optional().describe('of these, those in which it had this outcome'),
    limit: limit(1_000, 100),
    cursor,
  }),
  answer: page(runSummary),
  examples: [{}, { status: 'failed', since: '24h' }],
  /** @throws SelvageError `InvalidQuery`, `BackendUnavailable` */
  async run(of, { partition, definition, outcome, limit: most, ...query }) {
    const pageOf = (asked: RunQuery): Promise<Page<RunRecord>> =>
      definition === undefined
        ? pageOfRuns(of, asked)
        : runsWith(of.backends.runHistory, { definition, outcome }, asked);
    const found = new Map<string, RunRecord>();
    let next = query.cursor;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const read = await pageOf({ ...query, limit: most, cursor: next });
      for (const run of read.items)
        if (partition === undefined || run.partition === partition) found.set(run.temporal_run_id, run);
      next = read.cursor;
      if ((partition ?? definition) === undefined || next === undefined || found.size >= most) break;
    }
    return { items: [...found.values()].map(summaryOf), cursor: next };
  },
});

/** Runs with what the server knows of them, else as they are on record. */
export async function pageOfRuns(
  { backends, reach }: ProjectData,
  query: RunQuery,
): Promise<Page<RunRecord>> {
  return (
    (await reach.ask(({ across }) => listRuns(across, query))) ?? (await backends.runHistory.listRuns(query))
  );
}

/** Runs of which some of the next records are of a definition. May be fewer than asked for, and one may come again on a later page. */
async function runsWith(
  history: RunHistory,
  knot: { readonly definition: string; readonly outcome?: OutcomeKind },
  { since, until, cursor, limit: _, ...filters }: RunQuery,
): Promise<Page<RunRecord>> {
  const page = await history.findLineage({ ...knot, since, until, cursor, limit: RECORDS });
  const ids = [...new Set(page.items.map(({ temporal_run_id }) => temporal_run_id))];
  const found = history.runsOf
    ? await history.runsOf(ids)
    : await Promise.all(ids.map((id) => history.getRunByTemporalId(id)));
  const runs = new Map(found.map((run) => [run?.temporal_run_id, run]));
  const items = ids.flatMap((id) => runs.get(id) ?? []).filter((run) => runMatches(run, filters));
  return { items, cursor: page.cursor };
}
