import type { Selectable } from 'kysely';
import type { CommitResult, LineageRecord } from '../../../protocols';
import type { SqliteConnection } from '../../shared/sqlite/connection';
import { RowInserter, type InsertedRows } from '../../shared/sqlite/insert-rows';
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

const lineage = new RowInserter('selvage_lineage', COLUMNS);
const lineageValues = new RowInserter('selvage_lineage_values', ['hash', 'role', 'finished_at', 'lineage']);

/** Inserts what is not there; must run inside a transaction. */
export function commitRecords(
  connection: SqliteConnection,
  records: readonly LineageRecord[],
): CommitResult[] {
  const results: CommitResult[] = [];
  const values: unknown[][] = [];
  for (const rows of lineage.insert(connection, records.map(columnValues))) {
    const some = records.slice(rows.start, rows.start + rows.count);
    const ids = insertedIds(connection, some, rows);
    for (const [index, record] of some.entries()) {
      const id = ids[index];
      if (id === undefined) {
        results.push({ inserted: false, record: recordOf(storedRow(connection, record)) });
      } else {
        addValues(values, record, id);
        results.push({ inserted: true, record });
      }
    }
  }
  lineageValues.insert(connection, values);
  return results;
}

/** By index, the row ids of the records that were inserted. SQLite numbers them on from the highest one, in the order given. */
function insertedIds(
  connection: SqliteConnection,
  records: readonly LineageRecord[],
  { inserted, lastId }: InsertedRows,
): (number | undefined)[] {
  const firstId = lastId - inserted + 1;
  if (inserted === records.length) return records.map((_, index) => firstId + index);
  const ids: (number | undefined)[] = [];
  const taken = new Set<number>();
  for (const record of records) {
    const { id } = storedRow(connection, record);
    // Of two records with one key in one batch, the first has won.
    const isOurs = inserted > 0 && id >= firstId && !taken.has(id);
    if (isOurs) taken.add(id);
    ids.push(isOurs ? id : undefined);
  }
  return ids;
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

function storedRow(connection: SqliteConnection, key: Key): Selectable<LineageTable> {
  const [row] = connection.all<Selectable<LineageTable>>(
    'select * from "selvage_lineage" where "temporal_run_id" = ? and "knot_id" = ?',
    [key.temporal_run_id, key.knot_id],
  );
  return row!;
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
