import { existsSync } from 'node:fs';
import { bytesOfBlob, loadLibsql, type SqliteBlob } from '../adapters/shared/sqlite';
import type { RunningRun } from './running-runs';
import { mendRuns as mend, type MendedRuns, type OpenExecution } from '../server';

const NAMESPACE = 'default';

/** The executions that have not ended by Temporal's database, while no server uses it. */
export interface OpenExecutions {
  readonly executions: readonly OpenExecution[];
  /** Undefined where the row of the namespace is lost. */
  readonly namespaceId: string | undefined;
}

export async function openExecutions(file: string): Promise<OpenExecutions> {
  if (!existsSync(file)) return { executions: [], namespaceId: undefined };
  const Database = await loadLibsql();
  const database = new Database(file, { timeout: 1_000 });
  try {
    const [namespace] = database.prepare('select id from namespaces where name = ?').all([NAMESPACE]) as {
      id: SqliteBlob;
    }[];
    if (!namespace) return { executions: [], namespaceId: undefined };
    // States 1 and 2: made, and running.
    const rows = database
      .prepare(
        'select workflow_id, run_id from current_executions where state in (1, 2) and namespace_id = ?',
      )
      .all([Buffer.from(bytesOfBlob(namespace.id))]) as { workflow_id: string; run_id: SqliteBlob }[];
    return {
      namespaceId: uuidOf(namespace.id),
      executions: rows.map(({ workflow_id, run_id }) => ({
        workflowId: workflow_id,
        temporalRunId: uuidOf(run_id),
      })),
    };
  } catch {
    // Not Temporal's tables: the server will say so.
    return { executions: [], namespaceId: undefined };
  } finally {
    database.close();
  }
}

/** Looks at what is open by Temporal's database and at what is running by the run history. */
export async function mendRuns(
  server: { readonly address: string; readonly namespace: string },
  { executions, namespaceId }: OpenExecutions,
  running: readonly RunningRun[],
  rebuild: boolean,
): Promise<MendedRuns> {
  const known = new Set(executions.map(({ workflowId }) => workflowId));
  const others = running
    .filter(({ runId }) => !known.has(runId))
    .map(({ runId }) => ({ workflowId: runId, temporalRunId: undefined }));
  return mend(server, [...executions, ...others], { rebuild, namespaceId: namespaceId ?? '' });
}

function uuidOf(blob: SqliteBlob): string {
  const hex = Buffer.from(bytesOfBlob(blob)).toString('hex');
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => hex.slice(from, to))
    .join('-');
}
