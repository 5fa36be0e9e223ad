import type { RunHistory, RunQuery, RunRecord } from '../../ports';
import { everyItem } from '../../ports/parts/every-item';

export function runningRuns(runHistory: RunHistory): AsyncGenerator<RunRecord> {
  return allRuns(runHistory, { status: 'running' });
}

export async function* allRuns(
  runHistory: RunHistory,
  query: Omit<RunQuery, 'limit' | 'cursor'>,
): AsyncGenerator<RunRecord> {
  yield* everyItem((page) => runHistory.listRuns({ ...query, ...page }));
}

/** An unfinished run, and when it began. */
export interface OpenRun {
  readonly runId: string;
  /** When the run began, in milliseconds since the epoch. */
  readonly since: number;
}

export async function oldestRunning(runHistory: RunHistory): Promise<OpenRun | undefined> {
  let oldest: OpenRun | undefined;
  for await (const { run_id: runId, started_at: since } of runningRuns(runHistory)) {
    if (!oldest || since <= oldest.since) oldest = { runId, since };
  }
  return oldest;
}
