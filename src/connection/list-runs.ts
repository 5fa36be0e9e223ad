import type { WorkflowClient } from '@temporalio/client';
import { pageLimit } from '../ports/parts/pages';
import type { Backends, Page, RunQuery, RunRecord } from '../ports';
import type { AcrossHost } from './across/waiting-runs';
import { reconcileRun, reconcileRunning } from './reconcile';
import { namedIn, resumesOf } from './resumes';
import { unbegunRuns } from './unbegun-run';

/** Milliseconds for which a listing compares running records with the server. */
const COMPARE_MS = 5_000;
/** At most so many pages of the run history are read for one page of a filtered listing. */
const MOST_PAGES = 20;

export interface RunsQuery extends RunQuery {
  /** `false`: only runs that were not resumed. A page may then have fewer items than its limit, and more follow. */
  readonly resumed?: false;
}

export interface RunsPage extends Page<RunRecord> {
  /**
   * Milliseconds since the epoch. Running records of runs that began earlier were not compared with the server, for there are too many. So some
   * runs that were terminated in Temporal may be missing. Absent: all were compared, or the query did not need it.
   */
  readonly comparedSince?: number;
}

/** See `selvage.runs.list`. */
export async function listRuns(
  { backends, client: { workflow: client }, place }: AcrossHost,
  { resumed, ...query }: RunsQuery,
): Promise<RunsPage> {
  const limit = pageLimit(query);
  const { status } = query;
  const isFirst = query.cursor === undefined;
  // A run that was terminated is on record as running until somebody compares.
  const since =
    isFirst && status !== undefined && status !== 'running'
      ? await reconcileRunning(backends, client, { query, limitMs: COMPARE_MS })
      : undefined;
  const unbegun =
    isFirst && (status ?? 'running') === 'running'
      ? await unbegunRuns(client, backends, { ...query, limit }, place.source === 'embedded')
      : [];
  const items: RunRecord[] = [];
  let { cursor } = query;
  for (let pages = 0; ;) {
    const page = await backends.runHistory.listRuns({
      ...query,
      limit: limit - items.length,
      cursor,
    });
    const runs = await Promise.all(page.items.map((run) => reconcileRun(backends, client, run)));
    const asked = runs.filter((run) => status === undefined || run.status === status);
    const known = await Promise.all(asked.map((run) => withTrueResumes(backends, client, run)));
    items.push(...known.filter((run) => resumed === undefined || namedIn(run).length === 0));
    ({ cursor } = page);
    pages += 1;
    if (resumed === undefined || cursor === undefined || items.length === limit || pages === MOST_PAGES)
      break;
  }
  // A run that a worker has begun meanwhile is in both lists.
  const begun = new Set(items.map((run) => run.temporal_run_id));
  return {
    items: [...unbegun.filter((run) => !begun.has(run.temporal_run_id)), ...items],
    cursor,
    comparedSince: since,
  };
}

/** Leaves in `details.resumed_as` only the resumes that were started. */
async function withTrueResumes(
  backends: Backends,
  client: WorkflowClient,
  run: RunRecord,
): Promise<RunRecord> {
  if (namedIn(run).length === 0) return run;
  const resumes = await resumesOf(backends, client, run);
  return { ...run, details: { ...run.details, resumed_as: resumes.map(({ runId }) => runId) } };
}
