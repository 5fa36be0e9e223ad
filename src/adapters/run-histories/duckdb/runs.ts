import type { RunRecord } from '../../../protocols';
import type { DuckDbConnectionLike } from './client';
import { RUN_COLUMNS, bitsOf, columnNames, fieldValues, runOf } from './columns';

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

/** Inside a transaction, with all its records: how many these were; undefined where there is no such run, or it is running. */
export async function deleteRun(
  connection: DuckDbConnectionLike,
  temporalRunId: string,
): Promise<number | undefined> {
  const run = await runByTemporalId(connection, temporalRunId);
  if (run === undefined || run.status === 'running') return undefined;
  const ofRun = `from selvage_lineage where run_bits = ${bitsOf(temporalRunId)} and temporal_run_id = ?`;
  const counted = await connection.runAndReadAll(`select count(*) as records ${ofRun}`, [temporalRunId]);
  await connection.runAndReadAll(`delete from selvage_lineage_inputs where lineage in (select id ${ofRun})`, [
    temporalRunId,
  ]);
  await connection.runAndReadAll(`delete ${ofRun}`, [temporalRunId]);
  await connection.runAndReadAll('delete from selvage_runs where temporal_run_id = ?', [temporalRunId]);
  return Number(counted.getRowObjectsJS()[0]!['records']);
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
