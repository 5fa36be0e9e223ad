import type { RunHistory, RunQuery, RunRecord } from '../protocols';

const PAGE = 1_000;

/** The runs that are not over by the run history, newest first. */
export function runningRuns(runHistory: RunHistory): AsyncGenerator<RunRecord> {
  return allRuns(runHistory, { status: 'running' });
}

/** The runs that fit, newest first, a page at a time. */
export async function* allRuns(
  runHistory: RunHistory,
  query: Omit<RunQuery, 'limit' | 'cursor'>,
): AsyncGenerator<RunRecord> {
  let cursor: string | undefined;
  do {
    const page = await runHistory.listRuns({
      ...query,
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** A run that is not over, and since when. */
export interface OpenRun {
  readonly runId: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export async function oldestRunning(runHistory: RunHistory): Promise<OpenRun | undefined> {
  let oldest: OpenRun | undefined;
  for await (const { run_id: runId, started_at: since } of runningRuns(runHistory)) {
    if (!oldest || since <= oldest.since) oldest = { runId, since };
  }
  return oldest;
}
