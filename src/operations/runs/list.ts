import { z } from 'zod';
import { OUTCOME_KINDS, type OutcomeKind } from '../../authoring/outcome';
import { listRuns, type RunsPage, type RunsQuery } from '../../connection/list-runs';
import { namedIn } from '../../connection/resumes';
import type { RunHistory, RunQuery, RunRecord } from '../../ports';
import { runMatches } from '../../ports/parts/run-matches';
import { cursor, instant, limit, name, page, runFilters } from '../fields';
import { question } from '../operation';
import type { ProjectData } from '../surroundings';
import { parametersOfRuns } from './given-parameters';
import { runSummary, summaryOf } from './summary';

/** Number of pages of the history that are read for one page of results, if the history cannot filter. */
const MOST_PAGES = 10;
/** Number of records read at a time to find runs by definition; a run may have many. */
const RECORDS = 1_000;

export const list = question({
  name: 'runs.list',
  summary: 'list runs, newest first',
  description:
    'Lists runs, newest first; before them those that no worker has begun. If the server answers, with what it knows of them.',
  group: 'see',
  isTool: true,
  asksServer: true,
  readsCapsules: true,
  ask: z.strictObject({
    ...runFilters,
    notResumed: z.boolean().default(false).describe('only those that no other run went on from'),
    partition: name.optional().describe('only of this partition'),
    definition: name
      .optional()
      .describe(
        'only runs in which a knot of this definition finished from `since` until `until`, as they are on record; latest first',
      ),
    outcome: z.enum(OUTCOME_KINDS).optional().describe('of these, those in which it had this outcome'),
    parameters: z
      .boolean()
      .default(false)
      .describe('with small parameters, for callers that see values in full'),
    limit: limit(1_000, 50),
    cursor,
  }),
  answer: page(runSummary).extend({
    /**
     * Not all running records could be compared with the server in time: of runs that began before this, some that
     * Temporal has ended may be missing.
     */
    comparedSince: instant.optional(),
  }),
  examples: [{}, { tapestry: 'nightly', status: 'failed', limit: 5 }, { since: '2h', notResumed: true }],
  /** @throws SelvageError `InvalidQuery`, `BackendUnavailable` */
  async run(of, { partition, definition, outcome, notResumed, parameters, limit: most, ...query }) {
    const pageOf = (asked: RunQuery): Promise<RunsPage> =>
      definition === undefined
        ? pageOfRuns(of, { ...asked, ...(notResumed && { resumed: false }) })
        : runsWith(of.backends.runHistory, { definition, outcome }, asked);
    const isWanted = (run: RunRecord): boolean =>
      (partition === undefined || run.partition === partition) && !(notResumed && namedIn(run).length > 0);
    const found = new Map<string, RunRecord>();
    let next = query.cursor;
    let comparedSince: number | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const read = await pageOf({ ...query, limit: most, cursor: next });
      for (const run of read.items) if (isWanted(run)) found.set(run.temporal_run_id, run);
      next = read.cursor;
      comparedSince ??= read.comparedSince;
      if ((partition ?? definition) === undefined || next === undefined || found.size >= most) break;
    }
    const runs = [...found.values()];
    const given = parameters ? await parametersOfRuns(of, runs) : [];
    return {
      items: runs.map((run, index) => ({
        ...summaryOf(run),
        ...(given[index] && { parameters: given[index] }),
      })),
      cursor: next,
      comparedSince,
    };
  },
});

/** Lists runs as the server knows them, else as the records do. */
export async function pageOfRuns({ backends, reach }: ProjectData, query: RunsQuery): Promise<RunsPage> {
  const { resumed: _, ...recorded } = query;
  return (
    (await reach.ask(({ across }) => listRuns(across, query))) ??
    (await backends.runHistory.listRuns(recorded))
  );
}

/** Runs with the definition in the next records. A page may lack runs; a run may reappear on a later page. */
async function runsWith(
  history: RunHistory,
  knot: { readonly definition: string; readonly outcome?: OutcomeKind },
  { since, until, cursor, limit: _, ...filters }: RunQuery,
): Promise<RunsPage> {
  const page = await history.findLineage({ ...knot, since, until, cursor, limit: RECORDS });
  const ids = [...new Set(page.items.map(({ temporal_run_id }) => temporal_run_id))];
  const found = history.runsOf
    ? await history.runsOf(ids)
    : await Promise.all(ids.map((id) => history.getRunByTemporalId(id)));
  const runs = new Map(found.map((run) => [run?.temporal_run_id, run]));
  const items = ids.flatMap((id) => runs.get(id) ?? []).filter((run) => runMatches(run, filters));
  return { items, cursor: page.cursor };
}
