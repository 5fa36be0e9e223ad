import type { Selectable } from 'kysely';
import {
  LINEAGE,
  type CommitResult,
  type LineageRecord,
  type RecordedOutcome,
  type RecordKey,
} from '../../ports';
import { INPUT, OUTPUT, type LineageTable } from '../sql/schema';
import { newestNumber } from './changes';
import type { SqliteConnection } from './connection';
import { RowInserter } from './insert-rows';
import type { CommittedRecords } from './last-commit';

type Key = Pick<LineageRecord, 'temporal_run_id' | 'knot_id'>;

/** Most records committed together are elements of a map, whose other columns are alike. */
const lineage = new RowInserter('selvage_lineage', LINEAGE.names, {
  alike: LINEAGE.columns.filter(({ differs }) => !differs).map(({ name }) => name),
});

/** Needs a transaction. */
export function commitRecords(
  connection: SqliteConnection,
  records: readonly LineageRecord[],
): CommittedRecords {
  const results: CommitResult[] = [];
  let newest: number | undefined;
  for (const rows of lineage.insert(connection, records.map(LINEAGE.values))) {
    const some = records.slice(rows.start, rows.start + rows.count);
    const inserted = areInserted(connection, some, rows.inserted);
    if (rows.inserted > 0) newest = rows.lastId;
    for (const [index, record] of some.entries()) {
      results.push(
        inserted[index]
          ? { inserted: true, record }
          : { inserted: false, record: LINEAGE.fromRow(storedRow(connection, record)) },
      );
    }
  }
  return { results, newest };
}

/** Whether each record was inserted. The statement used a number for each of its rows in any case. */
function areInserted(
  connection: SqliteConnection,
  records: readonly LineageRecord[],
  inserted: number,
): boolean[] {
  if (inserted === records.length) return records.map(() => true);
  const firstId = newestNumber(connection) - records.length + 1;
  const taken = new Set<number>();
  return records.map((record) => {
    const { id } = storedRow(connection, record);
    // Of two records with one key in a batch, the first wins.
    const isOurs = inserted > 0 && id >= firstId && !taken.has(id);
    if (isOurs) taken.add(id);
    return isOurs;
  });
}

/** The condition equals the condition of the index, so that SQLite uses it. */
const NEWEST_CACHED = `
  select l.* from json_each(?) as wanted join selvage_lineage as l on l.id = (
    select id from selvage_lineage
    where cache_key = wanted.value and outcome = 'ok' and cached_from_run is null
    order by finished_at desc, id desc limit 1
  )`;

export function cachedRecords(
  connection: SqliteConnection,
  keys: readonly string[],
): Map<string, LineageRecord> {
  const rows = connection.all<Selectable<LineageTable>>(NEWEST_CACHED, [JSON.stringify(keys)]);
  return new Map(rows.map((row) => [row.cache_key!, LINEAGE.fromRow(row)]));
}

/** An outcome is one text, because making objects of rows takes longer than finding them. */
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

/** A record is read as one text, which halves the time. Times stay apart, as SQLite's JSON rounds fractions. */
const AS_TEXT = LINEAGE.columns
  .filter(({ kind }) => kind !== 'number')
  .map(({ name, kind }) => `'${name}', ${kind === 'json' ? `json(s.${name})` : `s.${name}`}`)
  .join(', ');
const TIMES = LINEAGE.columns.filter(({ kind }) => kind === 'number').map(({ name }) => name);

/** "cross" keeps SQLite from reordering the join. */
const BY_KEYS = `
  select json_object(${AS_TEXT}) as record, ${TIMES.map((name) => `s.${name}`).join(', ')}
  from json_each(?) as wanted cross join selvage_lineage as s
    on s.temporal_run_id = wanted.value ->> 0 and s.knot_id = wanted.value ->> 1`;

export function recordsByKeys(connection: SqliteConnection, keys: readonly RecordKey[]): LineageRecord[] {
  if (keys.length === 0) return [];
  return connection.all<Record<string, unknown>>(BY_KEYS, [JSON.stringify(keys)]).map((row) => {
    const record = JSON.parse(row.record as string);
    for (const time of TIMES) record[time] = row[time];
    return record;
  });
}

/** The conditions of the indexes `…_by_mentioned_value` and `…_by_log` are equal, so that SQLite uses them. */
const MENTIONED =
  "coalesce(json_extract(extra, '$.extension'), json_extract(extra, '$.error.traceback_hash'))";
const LOG = "json_extract(extra, '$.log.hash')";

const REFERRED = `
  select wanted.value as hash from json_each(?) as wanted
  where exists (select 1 from selvage_lineage_index where key = wanted.value and role in (${OUTPUT}, ${INPUT}))
    or exists (select 1 from selvage_lineage where extra <> '{}' and ${MENTIONED} = wanted.value)
    or exists (select 1 from selvage_lineage where extra <> '{}' and ${LOG} = wanted.value)`;

/** The query needs a lineage index that is up to date. */
export function referredValues(connection: SqliteConnection, hashes: readonly string[]): Set<string> {
  const rows = connection.all<{ hash: string }>(REFERRED, [JSON.stringify(hashes)]);
  return new Set(rows.map(({ hash }) => hash));
}

function storedRow(connection: SqliteConnection, key: Key): Selectable<LineageTable> {
  const [row] = connection.all<Selectable<LineageTable>>(
    'select * from "selvage_lineage" where "temporal_run_id" = ? and "knot_id" = ?',
    [key.temporal_run_id, key.knot_id],
  );
  return row!;
}
