import type { RunRecord } from '../../../protocols';
import type { DuckDbConnectionLike } from './client';
import { RUN_COLUMNS, columnNames, fieldValues, runOf } from './columns';

const COLUMNS = Object.keys(RUN_COLUMNS);

/** Inside a transaction: the record that stands. */
export async function insertRun(connection: DuckDbConnectionLike, record: RunRecord): Promise<RunRecord> {
  const earlier = await runByTemporalId(connection, record.temporal_run_id);
  if (earlier !== undefined) return earlier;
  await connection.runAndReadAll(
    `insert into selvage_runs (id, ${columnNames(RUN_COLUMNS)})
     select coalesce((select max(id) from selvage_runs), 0) + 1, ${COLUMNS.map(() => '?').join(', ')}`,
    fieldValues(RUN_COLUMNS, record),
  );
  return record;
}

/** Inside a transaction: false if there is no such run. */
export async function updateRun(
  connection: DuckDbConnectionLike,
  temporalRunId: string,
  change: (run: RunRecord) => RunRecord,
): Promise<boolean> {
  const run = await runByTemporalId(connection, temporalRunId);
  if (run === undefined) return false;
  const { plan_hash, terminals, status, finished_at, environment } = change(run);
  await connection.runAndReadAll(
    'update selvage_runs set plan_hash = ?, terminals = ?, status = ?, finished_at = ?, environment = ? where temporal_run_id = ?',
    [plan_hash, JSON.stringify(terminals), status, finished_at, JSON.stringify(environment), temporalRunId],
  );
  return true;
}

async function runByTemporalId(
  connection: DuckDbConnectionLike,
  temporalRunId: string,
): Promise<RunRecord | undefined> {
  const rows = await connection.runAndReadAll(
    'select * from selvage_runs where temporal_run_id = ? limit 1',
    [temporalRunId],
  );
  const [row] = rows.getRowObjectsJS();
  return row && runOf(row);
}
