import type { WorkflowClient } from '@temporalio/client';
import { pageLimit } from '../ports/parts/pages';
import type { Backends, Page, RunQuery, RunRecord } from '../ports';
import { prune, type PruneOptions, type PruneReport } from '../records/retention';
import { readWaitingRuns, type AcrossHost } from '../connection/across/waiting-runs';
import type { WaitingRuns, WaitingRunsQuery } from '../connection/across/waiting-run';
import { openRuns } from '../connection/open-runs';
import { reconcileRun, reconcileRunning } from '../connection/reconcile';
import { namedIn, resumesOf } from '../connection/resumes';
import { unbegunRuns } from '../connection/unbegun-run';

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

/** The runs on record: `selvage.runs`. */
export class Runs {
  /** @internal */
  constructor(private readonly host: AcrossHost) {}

  /**
   * Lists runs, newest first, a page at a time. Running records of the page are compared with the server. The first page of a listing by another
   * status compares all running records, for at most 5 s (see `comparedSince`).
   *
   * The first page begins with runs that no worker has begun, which only the server knows: at most as many as the page's limit, among the newest
   * thousand workflows that run there. Their `details.begun` is false. On an embedded server, runs whose run history was deleted or replaced are
   * among them, with `details.recorded_elsewhere`.
   *
   * @throws SelvageError `InvalidQuery`, `ServerUnreachable`, `BackendUnavailable`
   */
  async list(query: RunsQuery = {}): Promise<RunsPage> {
    return await listRuns(this.host, query);
  }

  /**
   * Which unfinished runs wait, since when and for what, those that have waited longest first. Needs no worker. What their records tell is not asked
   * again: so ten thousand runs that wait for signals, times or workers take some seconds. About any other, the server is asked, as many as
   * there is time for.
   *
   * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
   */
  async waiting(query: WaitingRunsQuery = {}): Promise<WaitingRuns> {
    return await readWaitingRuns(this.host, query);
  }

  /**
   * Removes runs that ended longer ago than `olderThan`, with their lineage, and then the values that no record names any more. A run and those
   * that its knots have started go together; runs that an unfinished run needs stay. Any number of calls may run at once, beside workers. A call
   * that was interrupted leaves the rest to the next.
   *
   * @throws SelvageError `InvalidConfig`, `ServerUnreachable`, `BackendUnavailable`
   */
  async prune(options: PruneOptions): Promise<PruneReport> {
    return await prune(this.host.backends, options, await openRuns(this.host));
  }
}

async function listRuns(
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
