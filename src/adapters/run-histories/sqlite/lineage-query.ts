import { sql, type RawBuilder, type Selectable, type SqlBool } from 'kysely';
import type { LineageQuery, LineageRecord, Page } from '../../../protocols';
import { pageLimit, pageOf, pageStart } from '../../shared/pages';
import { before } from '../../shared/sqlite/before';
import type { SqliteExecutor } from '../../shared/sqlite/database';
import { INPUT, OUTPUT, type LineageTable } from '../../shared/sqlite/schema';
import { recordOf } from './lineage-rows';

/**
 * The index that leads to the records. All but `key` are in the order of the listing, so that a page costs the same however many records
 * there are. SQLite has no statistics to choose by, so it is chosen here: the narrower first.
 */
type Way = 'key' | 'run' | 'knot' | 'hash' | 'failure' | 'class' | 'time';

function wayTo(query: LineageQuery): Way {
  if (query.temporalRunId !== undefined && query.knotId !== undefined) return 'key';
  if (query.knotId !== undefined) return 'knot';
  if (query.temporalRunId !== undefined || query.runId !== undefined) return 'run';
  if (query.inputHash !== undefined || query.outputHash !== undefined) return 'hash';
  if (query.outcome !== undefined && query.outcome !== 'ok') return 'failure';
  return query.knotClass === undefined ? 'time' : 'class';
}

export async function findLineage(db: SqliteExecutor, query: LineageQuery): Promise<Page<LineageRecord>> {
  const limit = pageLimit(query);
  const start = pageStart(query);
  const way = wayTo(query);
  const [time, sequence] = way === 'hash' ? ['v.finished_at', 'v.lineage'] : ['l.finished_at', 'l.id'];
  const conditions = [
    ...equalities(query, way),
    ...hashConditions(query, way),
    ...timeConditions(query, time),
  ];
  if (start !== undefined) conditions.push(before(time, sequence, start));

  const { rows } = await sql<Selectable<LineageTable>>`
    select l.* from ${way === 'hash' ? sql`selvage_lineage_values as v join selvage_lineage as l on l.id = v.lineage` : sql`selvage_lineage as l`}
    where ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)}
    order by ${sql.ref(time)} desc, ${sql.ref(sequence)} desc
    limit ${limit + 1}`.execute(db);
  return pageOf(rows, limit, (row) => ({ time: row.finished_at, sequence: row.id }), recordOf);
}

type Condition = RawBuilder<SqlBool>;

/** A column that the way does not go by has a plus sign before it, which keeps SQLite from looking for an index of it. */
function equalities(query: LineageQuery, way: Way): Condition[] {
  const conditions: Condition[] = [];
  const equal = (column: string, value: string | undefined, ...ways: Way[]): void => {
    if (value === undefined) return;
    const plus = ways.includes(way) ? sql`` : sql`+`;
    conditions.push(sql<SqlBool>`${plus}${sql.ref(`l.${column}`)} = ${value}`);
  };
  equal('knot_id', query.knotId, 'key', 'knot');
  equal('knot_class', query.knotClass, 'class');
  equal('temporal_run_id', query.temporalRunId, 'key');
  equal('run_id', query.runId, 'run');
  equal('outcome', query.outcome, 'failure');
  // Says in the words of the index itself that it has all that is asked for.
  if (way === 'failure') conditions.push(sql<SqlBool>`l.outcome <> 'ok'`);
  if (way === 'run' && query.runId === undefined) {
    // The index is by run id, which all records of one Temporal run share.
    conditions.push(
      sql<SqlBool>`l.run_id = (select run_id from selvage_lineage where temporal_run_id = ${query.temporalRunId} limit 1)`,
    );
  }
  return conditions;
}

function hashConditions({ inputHash, outputHash }: LineageQuery, way: Way): Condition[] {
  const conditions: Condition[] = [];
  if (way === 'hash') {
    const [role, hash] = inputHash === undefined ? [OUTPUT, outputHash] : [INPUT, inputHash];
    conditions.push(sql<SqlBool>`v.hash = ${hash} and v.role = ${role}`);
  } else if (inputHash !== undefined) {
    conditions.push(sql<SqlBool>`exists (select 1 from selvage_lineage_values as i
      where i.hash = ${inputHash} and i.role = ${INPUT} and i.finished_at = l.finished_at and i.lineage = l.id)`);
  }
  if (outputHash !== undefined && !(way === 'hash' && inputHash === undefined)) {
    conditions.push(sql<SqlBool>`l.output_hash = ${outputHash}`);
  }
  return conditions;
}

function timeConditions({ since, until }: LineageQuery, time: string): Condition[] {
  const conditions: Condition[] = [];
  if (since !== undefined) conditions.push(sql<SqlBool>`${sql.ref(time)} >= ${since}`);
  if (until !== undefined) conditions.push(sql<SqlBool>`${sql.ref(time)} < ${until}`);
  return conditions;
}
