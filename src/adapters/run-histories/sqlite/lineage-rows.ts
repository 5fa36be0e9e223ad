import type { Selectable } from 'kysely';
import type { CommitResult, LineageRecord } from '../../../protocols';
import type { SqliteExecutor } from '../../shared/sqlite/database';
import { RowInserter } from '../../shared/sqlite/insert-rows';
import { INPUT, OUTPUT, type LineageTable } from '../../shared/sqlite/schema';

const COLUMNS = [
  'run_id',
  'temporal_run_id',
  'knot_id',
  'knot_class',
  'definition_version',
  'code_hash',
  'knot_config_hash',
  'parent_input_hashes',
  'constant_input_hashes',
  'parent_knot_ids',
  'output_hash',
  'output_size',
  'outcome',
  'skip_reason',
  'error_record_id',
  'cached_from_run',
  'dispatcher',
  'task_queue',
  'worker',
  'attempt',
  'scheduled_at',
  'started_at',
  'finished_at',
  'extra',
] as const satisfies readonly (keyof LineageRecord)[];

type Key = Pick<LineageRecord, 'temporal_run_id' | 'knot_id'>;

const lineage = new RowInserter<Key & { id: number }>('selvage_lineage', COLUMNS, (query) =>
  query.onConflict((conflict) => conflict.doNothing()).returning(['id', 'temporal_run_id', 'knot_id']),
);

const lineageValues = new RowInserter(
  'selvage_lineage_values',
  ['hash', 'role', 'finished_at', 'lineage'],
  (query) => query,
);

/** Inserts what is not there; must run inside a transaction. */
export async function commitRecords(
  db: SqliteExecutor,
  records: readonly LineageRecord[],
): Promise<CommitResult[]> {
  const insertedIds = new Map<string, number>();
  for (const row of await lineage.insert(db, records.map(columnValues)))
    insertedIds.set(keyText(row), row.id);

  const values: unknown[][] = [];
  const results: CommitResult[] = [];
  for (const record of records) {
    const key = keyText(record);
    const id = insertedIds.get(key);
    if (id === undefined) {
      results.push({ inserted: false, record: await standingRecord(db, record) });
    } else {
      // A second record of the same key in this batch has lost against the first.
      insertedIds.delete(key);
      addValues(values, record, id);
      results.push({ inserted: true, record });
    }
  }
  await lineageValues.insert(db, values);
  return results;
}

function keyText({ temporal_run_id, knot_id }: Key): string {
  return `${temporal_run_id}\n${knot_id}`;
}

function columnValues(record: LineageRecord): unknown[] {
  return COLUMNS.map((column) => {
    const value = record[column];
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  });
}

function addValues(values: unknown[][], record: LineageRecord, id: number): void {
  if (record.output_hash !== null) values.push([record.output_hash, OUTPUT, record.finished_at, id]);
  const inputs = new Set([
    ...Object.values(record.parent_input_hashes),
    ...Object.values(record.constant_input_hashes),
  ]);
  for (const hash of inputs) {
    if (hash !== null) values.push([hash, INPUT, record.finished_at, id]);
  }
}

async function standingRecord(db: SqliteExecutor, key: Key): Promise<LineageRecord> {
  const row = await db
    .selectFrom('selvage_lineage')
    .selectAll()
    .where('temporal_run_id', '=', key.temporal_run_id)
    .where('knot_id', '=', key.knot_id)
    .executeTakeFirstOrThrow();
  return recordOf(row);
}

export function recordOf({ id: _, ...row }: Selectable<LineageTable>): LineageRecord {
  return {
    ...row,
    parent_input_hashes: JSON.parse(row.parent_input_hashes),
    constant_input_hashes: JSON.parse(row.constant_input_hashes),
    parent_knot_ids: JSON.parse(row.parent_knot_ids),
    extra: JSON.parse(row.extra),
  };
}
