import type { WorkflowClient } from '@temporalio/client';
import { pageLimit } from '../ports/parts/pages';
import type { Backends, Page, RunQuery, RunRecord } from '../ports';
import type { AcrossHost } from './across/waiting-runs';
import { lookAtRun } from './look-at-run';
import { namedIn, resumesOf } from './resumes';
import { unsettledRuns } from './settle-runs';
import { unbegunRuns } from './unbegun-run';

/** Time for comparing running records with the server. */
const COMPARE_MS = 5_000;
/** Pages of the run history that one page of a filtered listing may read. */
const MOST_PAGES = 20;

export interface RunsQuery extends RunQuery {
  /** `false`: only runs that were not resumed, so that pages may have fewer items than their limit. */
  readonly resumed?: false;
}

export interface RunsPage extends Page<RunRecord> {
  /**
   * When the newest run that was not compared began, in milliseconds since the epoch. Too many records are running:
   * those of earlier runs were not compared with the server, so runs that were terminated in Temporal may be missing.
   * The time is absent if all runs were compared, or the query did not need it.
   */
  readonly comparedSince?: number;
}

export async function listRuns(
  { backends, client: { workflow: client }, place }: AcrossHost,
  { resumed, ...query }: RunsQuery,
): Promise<RunsPage> {
  const limit = pageLimit(query);
  const { status } = query;
  const isFirst = query.cursor === undefined;
  const seen = async (record: RunRecord): Promise<RunRecord[]> => {
    const { run } = await lookAtRun(backends, client, record);
    if (status !== undefined && run.status !== status) return [];
    const known = await withTrueResumes(backends, client, run);
    return resumed === undefined || namedIn(known).length === 0 ? [known] : [];
  };
  const seenAll = async (records: readonly RunRecord[]): Promise<RunRecord[]> =>
    (await Promise.all(records.map(seen))).flat();
  const unsettled =
    isFirst && status !== undefined && status !== 'running'
      ? await unsettledRuns(backends, client, { query, limitMs: COMPARE_MS })
      : undefined;
  const ended = await seenAll(unsettled?.runs ?? []);
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
    items.push(...(await seenAll(page.items)));
    ({ cursor } = page);
    pages += 1;
    if (resumed === undefined || cursor === undefined || items.length === limit || pages === MOST_PAGES)
      break;
  }
  // A run that a worker has begun or settled between the two calls is in both lists.
  const listed = new Set(items.map((run) => run.temporal_run_id));
  const only = (runs: readonly RunRecord[]): RunRecord[] =>
    runs.filter((run) => !listed.has(run.temporal_run_id));
  return {
    items: [
      ...only(unbegun),
      ...[...only(ended), ...items].sort((one, other) => other.started_at - one.started_at),
    ],
    cursor,
    comparedSince: unsettled?.comparedSince,
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
