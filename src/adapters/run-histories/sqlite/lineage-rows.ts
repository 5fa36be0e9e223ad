import type { Selectable } from 'kysely';
import type { CommitResult, LineageRecord } from '../../../protocols';
import type { SqliteExecutor } from '../../shared/sqlite/database';
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
export async function commitRecords(
  db: SqliteExecutor,
  records: readonly LineageRecord[],
): Promise<CommitResult[]> {
  const results: CommitResult[] = [];
  const values: unknown[][] = [];
  for (const rows of await lineage.insert(db, records.map(columnValues))) {
    const some = records.slice(rows.start, rows.start + rows.count);
    const ids = await insertedIds(db, some, rows);
    for (const [index, record] of some.entries()) {
      const id = ids[index];
      if (id === undefined) {
        results.push({ inserted: false, record: recordOf(await storedRow(db, record)) });
      } else {
        addValues(values, record, id);
        results.push({ inserted: true, record });
      }
    }
  }
  await lineageValues.insert(db, values);
  return results;
}

/** By index, the row ids of the records that were inserted. SQLite numbers them on from the highest one, in the order given. */
async function insertedIds(
  db: SqliteExecutor,
  records: readonly LineageRecord[],
  { inserted, lastId }: InsertedRows,
): Promise<(number | undefined)[]> {
  const firstId = lastId - inserted + 1;
  if (inserted === records.length) return records.map((_, index) => firstId + index);
  const ids: (number | undefined)[] = [];
  const taken = new Set<number>();
  for (const record of records) {
    const { id } = await storedRow(db, record);
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

async function storedRow(db: SqliteExecutor, key: Key): Promise<Selectable<LineageTable>> {
  return db
    .selectFrom('selvage_lineage')
    .selectAll()
    .where('temporal_run_id', '=', key.temporal_run_id)
    .where('knot_id', '=', key.knot_id)
    .executeTakeFirstOrThrow();
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
