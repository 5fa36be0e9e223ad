import type { Selectable } from 'kysely';
import type { CommitResult, LineageRecord, RecordedOutcome } from '../../../protocols';
import { columnValue, LINEAGE_COLUMNS, recordOf } from '../../shared/sql/lineage-records';
import type { LineageTable } from '../../shared/sql/schema';
import type { SqliteConnection } from '../../shared/sqlite/connection';
import { RowInserter, type InsertedRows } from '../../shared/sqlite/insert-rows';

type Key = Pick<LineageRecord, 'temporal_run_id' | 'knot_id'>;

/** As of the elements of a map, which are by far the most records that are committed together. */
const ALIKE = [
  'run_id',
  'temporal_run_id',
  'knot_class',
  'definition_version',
  'code_hash',
  'knot_config_hash',
  'constant_input_hashes',
  'parent_knot_ids',
  'outcome',
  'skip_reason',
  'error_record_id',
  'cached_from_run',
  'dispatcher',
  'task_queue',
  'worker',
  'attempt',
  'extra',
] as const satisfies (typeof LINEAGE_COLUMNS)[number][];

const lineage = new RowInserter('selvage_lineage', LINEAGE_COLUMNS, { alike: ALIKE });

/** Inserts what is not there; must run inside a transaction. */
export function commitRecords(
  connection: SqliteConnection,
  records: readonly LineageRecord[],
): CommitResult[] {
  const results: CommitResult[] = [];
  for (const rows of lineage.insert(connection, records.map(columnValues))) {
    const some = records.slice(rows.start, rows.start + rows.count);
    const inserted = areInserted(connection, some, rows);
    for (const [index, record] of some.entries()) {
      results.push(
        inserted[index]
          ? { inserted: true, record }
          : { inserted: false, record: recordOf(storedRow(connection, record)) },
      );
    }
  }
  return results;
}

/** By index, whether the record was inserted. SQLite numbers those that were on from the highest row id, in the order given. */
function areInserted(
  connection: SqliteConnection,
  records: readonly LineageRecord[],
  { inserted, lastId }: InsertedRows,
): boolean[] {
  if (inserted === records.length) return records.map(() => true);
  const firstId = lastId - inserted + 1;
  const taken = new Set<number>();
  return records.map((record) => {
    const { id } = storedRow(connection, record);
    // Of two records with one key in one batch, the first has won.
    const isOurs = inserted > 0 && id >= firstId && !taken.has(id);
    if (isOurs) taken.add(id);
    return isOurs;
  });
}

function columnValues(record: LineageRecord): unknown[] {
  return LINEAGE_COLUMNS.map((column) => columnValue(record, column));
}

/** The condition is that of the index, so that SQLite goes by it. */
const NEWEST_CACHED = `
  select l.* from json_each(?) as wanted join selvage_lineage as l on l.id = (
    select id from selvage_lineage
    where cache_key = wanted.value and outcome = 'ok' and cached_from_run is null
    order by finished_at desc, id desc limit 1
  )`;

/** By cache key: the newest that made its value. */
export function cachedRecords(
  connection: SqliteConnection,
  keys: readonly string[],
): Map<string, LineageRecord> {
  const rows = connection.all<Selectable<LineageTable>>(NEWEST_CACHED, [JSON.stringify(keys)]);
  return new Map(rows.map((row) => [row.cache_key!, recordOf(row)]));
}

/** All in one text: to make objects of rows takes longer than to find them. */
const OUTCOMES = `
  select json_group_array(json_array(knot_id, outcome, output_hash, output_size, json(extra))) as outcomes
  from selvage_lineage where temporal_run_id = ? and knot_id in (select value from json_each(?))`;

type OutcomeRow = [
  knotId: string,
  outcome: RecordedOutcome['outcome'],
  hash: string | null,
  size: number | null,
  extra: RecordedOutcome['extra'],
];

export function recordedOutcomes(
  connection: SqliteConnection,
  temporalRunId: string,
  knotIds: readonly string[],
): RecordedOutcome[] {
  const [row] = connection.all<{ outcomes: string }>(OUTCOMES, [temporalRunId, JSON.stringify(knotIds)]);
  const outcomes = JSON.parse(row!.outcomes) as OutcomeRow[];
  return outcomes.map(([knot_id, outcome, output_hash, output_size, extra]) => ({
    knot_id,
    outcome,
    output_hash,
    output_size,
    extra,
  }));
}

function storedRow(connection: SqliteConnection, key: Key): Selectable<LineageTable> {
  const [row] = connection.all<Selectable<LineageTable>>(
    'select * from "selvage_lineage" where "temporal_run_id" = ? and "knot_id" = ?',
    [key.temporal_run_id, key.knot_id],
  );
  return row!;
}
