import type { Backends, RunRecord } from '../../ports';

/** The last run of a run's tapestry that succeeded and began before it. */
export async function lastGoodRun(
  { runHistory }: Pick<Backends, 'runHistory'>,
  { tapestry, started_at: until }: RunRecord,
): Promise<string | undefined> {
  const found = await runHistory.listRuns({ tapestry, status: 'succeeded', until, limit: 1 });
  return found.items[0]?.run_id;
}
