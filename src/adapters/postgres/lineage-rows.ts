import {
  LINEAGE,
  inputHashes,
  mentionedValues,
  type CommitResult,
  type LineageRecord,
  type RecordKey,
  type StoredValue,
} from '../../ports';
import type { RowOf } from '../../ports/columns';
import { valueParameters, WITH_VALUES } from './values';
import type { PostgresDatabase } from './database';
import { CHANGE, NOW, SQL_TYPES } from './words';
import { FORGOTTEN_MS, type Counted } from './writers';
import { INPUT, MENTIONED } from '../sql/schema';

const COLUMNS = LINEAGE.names.map((name) => `"${name}"`).join(', ');
const TYPED_COLUMNS = LINEAGE.columns.map(({ name, kind }) => `"${name}" ${SQL_TYPES[kind]}`).join(', ');

const FIND_MENTIONED = `
    union all
    select distinct value, ${MENTIONED}, committed.finished_at, id
    from given join committed using (temporal_run_id, knot_id), unnest(mentioned) as value
    where mentioned is not null`;

/**
 * Inserts the missing records of one JSON parameter, with their index entries by input; returns the inserted keys. Some
 * steps are for few records and would cost every commit; a statement without such records omits these steps.
 */
function withRecords(first: number, findMentioned = ''): string {
  return `
  given as (
    select * from json_to_recordset($${first}::json) as r (${TYPED_COLUMNS}, mentioned text[])
  ),
  committed as (
    insert into selvage_lineage (${COLUMNS}, change)
    select ${COLUMNS}, ${CHANGE} from given
    on conflict do nothing
    returning id, temporal_run_id, knot_id, finished_at, parent_input_hashes, constant_input_hashes
  ),
  indexed as (
    insert into selvage_lineage_index (key, role, finished_at, lineage)
    select input.value, ${INPUT}, finished_at, id
    from committed, lateral (
      select value from json_each_text(parent_input_hashes::json) where value is not null
      union
      select value from json_each_text(constant_input_hashes::json) where value is not null
    ) as input${findMentioned}
  ),
  counted as (
    insert into selvage_writers (writer, process, commits, committed_at)
    values ($${first + 1}::text, $${first + 2}::text, 1, ${NOW})
    on conflict (writer) do update set commits = selvage_writers.commits + 1, committed_at = excluded.committed_at
    returning commits, committed_at
  )
  select temporal_run_id, knot_id, commits, committed_at from counted left join committed on true`;
}

/** The second statement is for records that mention values in `extra`. */
const COMMIT = {
  plain: `with ${withRecords(1)}`,
  mentioning: `with ${withRecords(1, FIND_MENTIONED)}`,
};
const COMMIT_WITH_VALUES = {
  plain: `with ${WITH_VALUES}, ${withRecords(4)}`,
  mentioning: `with ${WITH_VALUES}, ${withRecords(4, FIND_MENTIONED)}`,
};

/** Puts values and inserts missing records, in one statement and so in one transaction. */
export async function commitRecords(
  database: PostgresDatabase,
  records: readonly LineageRecord[],
  values: readonly StoredValue[],
  writer: readonly [id: string, process: string],
): Promise<{ result: CommitResult[]; counted: Counted }> {
  const first = new Map<string, LineageRecord>();
  for (const record of records) {
    const key = keyOf(record);
    if (!first.has(key)) first.set(key, record);
  }
  const { json, kind } = rowsOf([...first]);
  const { rows } =
    values.length === 0
      ? await database.run(COMMIT[kind], [json, ...writer])
      : await database.run(COMMIT_WITH_VALUES[kind], [...valueParameters(values), json, ...writer]);
  const [counted] = rows as [Counted];
  const inserted = new Set(rows.filter(({ knot_id }) => knot_id !== null).map(keyOf));
  const standing = await standingOf(
    database,
    [...first].flatMap(([key, record]) => (inserted.has(key) ? [] : [record])),
  );
  const result = records.map((record): CommitResult => {
    const key = keyOf(record);
    const isFirst = first.get(key) === record;
    return inserted.has(key)
      ? { inserted: isFirst, record: first.get(key)! }
      : { inserted: false, record: standing.get(key)! };
  });
  if (counted.commits === 1)
    await database.run('delete from selvage_writers where committed_at < $1', [
      counted.committed_at - FORGOTTEN_MS,
    ]);
  return { result, counted };
}

/** Records are sorted by key, as processes that commit them in different orders would wait for each other. */
function rowsOf(keyed: [key: string, record: LineageRecord][]): { json: string; kind: keyof typeof COMMIT } {
  keyed.sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = keyed.map(([, record]) => {
    const mentioned = mentionedValues(record);
    return mentioned.length === 0 ? record : { ...record, mentioned };
  });
  const kind = rows.some((row) => 'mentioned' in row) ? 'mentioning' : 'plain';
  // JSON columns are passed as objects: a text column then gets exactly the JSON of its field.
  const json = JSON.stringify(rows);
  return {
    json: UNREADABLE.test(json)
      ? JSON.stringify(rows.map((row) => ({ ...row, ...LINEAGE.toRow(row) })))
      : json,
    kind,
  };
}

/** The JSON escapes that Postgres refuses: U+0000, and lone surrogates. */
const UNREADABLE = /\\u(?:0000|d)/;

const SOME = 'select * from selvage_lineage where temporal_run_id = $1 order by id limit $2';

/** Locks in order of ids, so that two processes that remove the same records cannot block each other. */
const DELETE = `
  with doomed as (
    select id from selvage_lineage where id = any($1::bigint[]) order by id for update
  ),
  unindexed as (
    delete from selvage_lineage_index as i
    using unnest($2::text[], $3::smallint[], $4::double precision[], $5::bigint[]) as place (key, role, finished_at, lineage)
    where i.key = place.key and i.role = place.role and i.finished_at = place.finished_at and i.lineage = place.lineage
  )
  delete from selvage_lineage as l using doomed where l.id = doomed.id`;

/** Removes some records of a run with their index entries; returns their number. */
export async function deleteRecords(
  database: PostgresDatabase,
  temporalRunId: string,
  limit: number,
): Promise<number> {
  const { rows } = await database.run(SOME, [temporalRunId, limit]);
  if (rows.length === 0) return 0;
  const places = rows.flatMap((row) => {
    const record = LINEAGE.fromRow(row as never);
    const keys = [
      ...[...new Set(inputHashes(record))]
        .filter((hash) => hash !== null)
        .map((key) => ({ key, role: INPUT })),
      ...[...new Set(mentionedValues(record))].map((key) => ({ key, role: MENTIONED })),
    ];
    return keys.map((key) => ({ ...key, time: record.finished_at, id: row.id as string }));
  });
  await database.run(DELETE, [
    rows.map(({ id }) => id as string),
    places.map(({ key }) => key),
    places.map(({ role }) => role),
    places.map(({ time }) => time),
    places.map(({ id }) => id),
  ]);
  return rows.length;
}

const REFERRED = `
  select wanted.hash from unnest($1::text[]) as wanted (hash)
  where exists (select 1 from selvage_lineage where output_hash = wanted.hash)
    or exists (select 1 from selvage_lineage_index where key = wanted.hash and role in (${INPUT}, ${MENTIONED}))`;

export async function referredValues(
  database: PostgresDatabase,
  hashes: readonly string[],
): Promise<Set<string>> {
  const { rows } = await database.run(REFERRED, [[...hashes]]);
  return new Set(rows.map((row) => row.hash as string));
}

type Key = Pick<LineageRecord, 'temporal_run_id' | 'knot_id'>;

function keyOf({ temporal_run_id, knot_id }: Key): string {
  return `${temporal_run_id.length}:${temporal_run_id}${knot_id}`;
}

async function standingOf(
  database: PostgresDatabase,
  keys: readonly Key[],
): Promise<Map<string, LineageRecord>> {
  if (keys.length === 0) return new Map();
  const { rows } = await database.run(
    `select l.* from unnest($1::text[], $2::text[]) as k (temporal_run_id, knot_id)
     join selvage_lineage as l on l.temporal_run_id = k.temporal_run_id and l.knot_id = k.knot_id`,
    [keys.map((key) => key.temporal_run_id), keys.map((key) => key.knot_id)],
  );
  return new Map(rows.map((row) => [keyOf(row), LINEAGE.fromRow(row)]));
}

/** The condition equals the condition of the index, so that Postgres uses it. */
const NEWEST_CACHED = `
  select l.* from unnest($1::text[]) as wanted (key), lateral (
    select * from selvage_lineage
    where cache_key = wanted.key and outcome = 'ok' and cached_from_run is null
    order by finished_at desc, id desc limit 1
  ) as l`;

/** With the limit, the planner looks each record up by the index. */
const BY_KEYS = `
select l.* from unnest($1::text[], $2::text[]) as wanted (temporal_run_id, knot_id)
cross join lateral (
  select * from selvage_lineage as s where s.temporal_run_id = wanted.temporal_run_id and s.knot_id = wanted.knot_id limit 1
) as l`;

export async function recordsByKeys(
  database: PostgresDatabase,
  keys: readonly RecordKey[],
): Promise<LineageRecord[]> {
  if (keys.length === 0) return [];
  const { rows } = await database.run(BY_KEYS, [keys.map(([run]) => run), keys.map(([, knot]) => knot)]);
  return (rows as RowOf<LineageRecord>[]).map(LINEAGE.fromRow);
}

export async function cachedRecords(
  database: PostgresDatabase,
  keys: readonly string[],
): Promise<Map<string, LineageRecord>> {
  const { rows } = await database.run(NEWEST_CACHED, [[...new Set(keys)]]);
  return new Map(rows.map((row) => [row.cache_key, LINEAGE.fromRow(row)]));
}
