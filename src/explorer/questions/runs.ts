import type { Page, RecordedOutcome, RunHistory, RunQuery, RunRecord } from '../../ports';
import { listRuns } from '../../connection/list-runs';
import { runMatches } from '../../ports/parts/run-matches';
import type { Questions, RunsAnswer, RunsAsk, RunSummary } from '../contract';
import type { ProjectData } from '../../operations/surroundings';
import { summaryOf } from '../../operations/runs/summary';
import { knotRecords } from '../../connection/read-run';
import type { LoadedPlan } from '../../runtime';

const DEFAULT_LIMIT = 100;
/**
 * Pages of the history read for one page of results, where the history itself does not support the filter.
 */
const MOST_PAGES = 10;
/** Records read at a time to find runs by a definition; a run may have many of it. */
const RECORDS = 1_000;

/** Runs, newest first, with what the server knows of them if it answers. */
export async function runs(data: ProjectData, ask: RunsAsk): Promise<RunsAnswer> {
  const { partition, definition, outcome, limit = DEFAULT_LIMIT, ...query } = ask;
  const pageOf = (asked: RunQuery): Promise<Page<RunRecord>> =>
    definition === undefined
      ? pageOfRuns(data, asked)
      : runsWith(data.backends.runHistory, { definition, outcome }, asked);
  const found = new Map<string, RunRecord>();
  let { cursor } = query;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await pageOf({ ...query, limit, ...(cursor !== undefined && { cursor }) });
    for (const run of page.items)
      if (partition === undefined || run.partition === partition) found.set(run.temporal_run_id, run);
    ({ cursor } = page);
    if ((partition ?? definition) === undefined || cursor === undefined || found.size >= limit) break;
  }
  return { items: [...found.values()].map(summaryOf), cursor };
}

async function pageOfRuns({ backends, reach }: ProjectData, query: RunQuery): Promise<Page<RunRecord>> {
  return (
    (await reach.ask(({ across }) => listRuns(across, query))) ?? (await backends.runHistory.listRuns(query))
  );
}

/** Runs of which some of the next records are of a definition. May be fewer than asked for, and one may come again on a later page. */
async function runsWith(
  history: RunHistory,
  knot: Required<Pick<RunsAsk, 'definition'>> & Pick<RunsAsk, 'outcome'>,
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

const GRID_RUNS = 30;
const MOST_GRID_RUNS = 200;
/** Most cells of one answer: a wide tapestry gets fewer runs. */
const MOST_CELLS = 100_000;

/** Runs × knots of one tapestry, newest run first. */
export async function grid(
  data: ProjectData,
  { tapestry, limit = GRID_RUNS, cursor }: Questions['grid']['ask'],
): Promise<Questions['grid']['answer']> {
  const wanted = Math.min(limit, MOST_GRID_RUNS);
  const [newest] = (await data.backends.runHistory.listRuns({ tapestry, limit: 1 })).items;
  if (!newest) return { knots: [], items: [] };
  const plan = await data.plans.of(newest);
  const knots = plan.plan.knots.map(({ id }) => id);
  const fitting = Math.max(1, Math.floor(MOST_CELLS / Math.max(1, knots.length)));
  const page = await pageOfRuns(data, {
    tapestry,
    limit: Math.min(wanted, fitting),
    cursor,
  });
  const rows: (RunSummary & { readonly cells: string })[] = [];
  for (const run of page.items)
    rows.push({ ...summaryOf(run), cells: await cellsOf(data, run, plan, knots) });
  return { knots, items: rows, cursor: page.cursor };
}

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
