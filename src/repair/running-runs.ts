import { existsSync } from 'node:fs';
import { createSqliteRunHistory, type SqliteRunHistory } from '../adapters/run-histories/sqlite';

/** A run that is in flight by the run history. */
export interface RunningRun {
  readonly runId: string;
  readonly temporalRunId: string;
}

const PAGE = 1_000;

/** The runs in flight on the server with this id, by the run histories in these files; the newest first. */
export async function runningRuns(
  files: readonly string[],
  cluster: string | undefined,
): Promise<RunningRun[]> {
  const runs: RunningRun[] = [];
  if (cluster === undefined) return runs;
  await forEachHistory(files, async (history) => {
    let cursor: string | undefined;
    do {
      const page = await history.listRuns({ status: 'running', limit: PAGE, ...(cursor && { cursor }) });
      for (const { run_id, temporal_run_id, environment } of page.items) {
        const { server } = environment as { server?: string };
        if (server?.startsWith(`${cluster}/`)) runs.push({ runId: run_id, temporalRunId: temporal_run_id });
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  });
  return runs;
}

/** Says of the runs that the server has lost that they are over, so that they can be taken up by others. */
export async function endRuns(
  files: readonly string[],
  running: readonly RunningRun[],
  lost: readonly { readonly runId: string; readonly reason: string }[],
): Promise<void> {
  const reasons = new Map(lost.map(({ runId, reason }) => [runId, reason]));
  const over = running.filter(({ runId }) => reasons.has(runId));
  if (over.length === 0) return;
  await forEachHistory(files, async (history) => {
    for (const { runId, temporalRunId } of over) {
      await history.endRun(temporalRunId, {
        status: 'terminated',
        finished_at: Date.now(),
        environment: {
          error: { type: 'RunTerminated', message: `The run was lost in a repair: ${reasons.get(runId)!}.` },
        },
      });
    }
  });
}

async function forEachHistory(
  files: readonly string[],
  work: (history: SqliteRunHistory) => Promise<void>,
): Promise<void> {
  for (const path of files.filter((file) => existsSync(file))) {
    const history = await createSqliteRunHistory({ path });
    try {
      await work(history);
    } finally {
      await history.close();
    }
  }
}
