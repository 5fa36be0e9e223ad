import { sql, type RawBuilder, type Selectable, type SqlBool } from 'kysely';
import { LINEAGE, type LineageQuery, type LineageRecord, type Page } from '../../ports';
import { pageLimit, pageOf, pageStart } from '../../ports/parts/pages';
import { before } from './before';
import type { SqlDialect, SqlExecutor } from './database';
import {
  ANY,
  CLASS,
  INPUT,
  KNOT,
  OUTCOME_BUT_OK,
  OUTPUT,
  RUN,
  type LineageRole,
  type LineageTable,
} from './schema';

/**
 * The index entries that lead to the records, in listing order, so that a page's costs do not grow with the history.
 * SQLite has no statistics, so the choice is made here, narrower conditions first. A role that a database does not
 * index there leads to an index of the records.
 */
type Way = readonly [role: LineageRole, key: string | RawBuilder<string>];

/** Returns undefined for a single record, which is found by its own key. */
function wayTo(query: LineageQuery): Way | undefined {
  const { runId, temporalRunId, knotId, definition, inputHash, outputHash, outcome } = query;
  if (temporalRunId !== undefined && knotId !== undefined) return undefined;
  if (knotId !== undefined) return [KNOT, knotId];
  if (runId !== undefined) return [RUN, runId];
  if (temporalRunId !== undefined) {
    // All records of a Temporal run have one run id.
    return [
      RUN,
      sql<string>`(select run_id from selvage_lineage where temporal_run_id = ${temporalRunId} limit 1)`,
    ];
  }
  // Outputs come first, because a value is made once and used often.
  if (outputHash !== undefined) return [OUTPUT, outputHash];
  if (inputHash !== undefined) return [INPUT, inputHash];
  if (outcome !== undefined && outcome !== 'ok') return [OUTCOME_BUT_OK, outcome];
  return definition === undefined ? [ANY, ''] : [CLASS, definition];
}

/** Whether a listing needs an index that is up to date. */
export function needsIndex(query: LineageQuery): boolean {
  return wayTo(query) !== undefined || query.inputHash !== undefined;
}

export async function findLineage(
  db: SqlExecutor,
  { join, indexedRoles }: SqlDialect,
  query: LineageQuery,
): Promise<Page<LineageRecord>> {
  const limit = pageLimit(query);
  const start = pageStart(query);
  const chosen = wayTo(query);
  const way = chosen && indexedRoles.has(chosen[0]) ? chosen : undefined;
  const [time, sequence] = way ? ['w.finished_at', 'w.lineage'] : ['l.finished_at', 'l.id'];
  const conditions = [
    ...(way ? [sql<SqlBool>`w.role = ${way[0]} and w.key = ${way[1]}`] : []),
    ...(chosen && !way ? sameRun(chosen) : []),
    ...equalities(query),
    ...elementConditions(query),
    ...inputConditions(query, way),
    ...timeConditions(query, time),
  ];
  if (start !== undefined) conditions.push(before(time, sequence, start));

  const { rows } = await sql<Selectable<LineageTable>>`
    select l.* from ${way ? sql`selvage_lineage_index as w ${join} selvage_lineage as l on l.id = w.lineage` : sql`selvage_lineage as l`}
    where ${conditions.length > 0 ? sql.join(conditions, sql` and `) : sql`true`}
    order by ${sql.ref(time)} desc, ${sql.ref(sequence)} desc
    limit ${limit + 1}`.execute(db);
  return pageOf(rows, limit, (row) => ({ time: row.finished_at, sequence: row.id }), LINEAGE.fromRow);
}

type Condition = RawBuilder<SqlBool>;

/** A Temporal run is found by its run id, whose records are indexed in listing order. */
function sameRun([role, key]: Way): Condition[] {
  return role === RUN && typeof key !== 'string' ? [sql<SqlBool>`l.run_id = ${key}`] : [];
}

function equalities(query: LineageQuery): Condition[] {
  const columns = {
    temporal_run_id: query.temporalRunId,
    knot_id: query.knotId,
    run_id: query.runId,
    definition: query.definition,
    outcome: query.outcome,
    output_hash: query.outputHash,
  };
  return Object.entries(columns).flatMap(([column, value]) =>
    value === undefined ? [] : [sql<SqlBool>`${sql.ref(`l.${column}`)} = ${value}`],
  );
}

/** The ids of a map's elements are a range: from `users[` to `users\\`. */
function elementConditions({ map }: LineageQuery): Condition[] {
  return map === undefined ? [] : [sql<SqlBool>`l.knot_id >= ${`${map}[`} and l.knot_id < ${`${map}\\`}`];
}

function inputConditions({ inputHash }: LineageQuery, way: Way | undefined): Condition[] {
  if (inputHash === undefined || way?.[0] === INPUT) return [];
  // With an offset, Postgres looks up each record of the page instead of joining all of them first.
  return [
    sql<SqlBool>`exists (select 1 from selvage_lineage_index as i
      where i.key = ${inputHash} and i.role = ${INPUT} and i.finished_at = l.finished_at and i.lineage = l.id
      limit 1 offset 0)`,
  ];
}

function timeConditions({ since, until }: LineageQuery, time: string): Condition[] {
  const conditions: Condition[] = [];
  if (since !== undefined) conditions.push(sql<SqlBool>`${sql.ref(time)} >= ${since}`);
  if (until !== undefined) conditions.push(sql<SqlBool>`${sql.ref(time)} < ${until}`);
  return conditions;
}

/** A character that sorts after every character of a hash. */
const END = '~';

/** The first hashes with a prefix. Each hash has a lookup, so a value that a million records name costs no more. */
export async function findHashes(
  db: SqlExecutor,
  dialect: SqlDialect,
  prefix: string,
  limit: number,
): Promise<string[]> {
  const hashes: string[] = [];
  let hash = await firstBetween(db, dialect, prefix, `${prefix}${END}`);
  while (hash !== undefined && hashes.push(hash) < limit)
    hash = await firstBetween(db, dialect, `${hash}${END}`, `${prefix}${END}`);
  return hashes;
}

async function firstBetween(
  db: SqlExecutor,
  { indexedRoles }: SqlDialect,
  from: string,
  to: string,
): Promise<string | undefined> {
  const { rows } = await sql<{ hash: string }>`
    select key as hash from selvage_lineage_index
    where key >= ${from} and key < ${to} and role in (${OUTPUT}, ${INPUT}) order by key limit 1`.execute(db);
  if (!indexedRoles.has(OUTPUT)) {
    const outputs = await sql<{ hash: string }>`
      select output_hash as hash from selvage_lineage
      where output_hash >= ${from} and output_hash < ${to} order by output_hash limit 1`.execute(db);
    rows.push(...outputs.rows);
  }
  return rows.map(({ hash }) => hash).sort()[0];
}
