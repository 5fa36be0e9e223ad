import { sql, type Selectable, type SelectQueryBuilder } from 'kysely';
import type { LineageQuery, LineageRecord, Page } from '../../../protocols';
import { pageLimit, pageOf, pageStart } from '../../shared/pages';
import { before } from '../../shared/sqlite/before';
import type { SqliteExecutor } from '../../shared/sqlite/database';
import { INPUT, OUTPUT, type LineageTable, type LineageValuesTable } from '../../shared/sqlite/schema';
import { recordOf } from './lineage-rows';

type Tables = { l: LineageTable; v: LineageValuesTable };
type Select = SelectQueryBuilder<Tables, 'l', Selectable<LineageTable>>;

export async function findLineage(db: SqliteExecutor, query: LineageQuery): Promise<Page<LineageRecord>> {
  const limit = pageLimit(query);
  const rows = await ordered(db, query)
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, (row) => ({ time: row.finished_at, sequence: row.id }), recordOf);
}

/**
 * Each way leads through an index that is in the order of the listing, so that a page costs the same however many records
 * there are.
 */
function ordered(db: SqliteExecutor, query: LineageQuery): Select {
  const start = pageStart(query);
  const hash = query.inputHash ?? query.outputHash;
  if (hash === undefined) {
    let select = conditions(db.selectFrom('selvage_lineage as l').selectAll('l') as Select, query);
    if (start !== undefined) select = select.where(before('l.finished_at', 'l.id', start));
    return select.orderBy('l.finished_at', 'desc').orderBy('l.id', 'desc');
  }
  const role = query.inputHash === undefined ? OUTPUT : INPUT;
  let select = conditions(
    db
      .selectFrom('selvage_lineage_values as v')
      .innerJoin('selvage_lineage as l', 'l.id', 'v.lineage')
      .selectAll('l')
      .where('v.hash', '=', hash)
      .where('v.role', '=', role)
      .orderBy('v.finished_at', 'desc')
      .orderBy('v.lineage', 'desc') as unknown as Select,
    query,
  );
  if (role === INPUT && query.outputHash !== undefined)
    select = select.where('l.output_hash', '=', query.outputHash);
  return start === undefined ? select : select.where(before('v.finished_at', 'v.lineage', start));
}

function conditions(select: Select, query: LineageQuery): Select {
  let narrowed = select;
  if (query.runId !== undefined) narrowed = narrowed.where('l.run_id', '=', query.runId);
  if (query.temporalRunId !== undefined) narrowed = ofTemporalRun(narrowed, query.temporalRunId, query);
  if (query.knotId !== undefined) narrowed = narrowed.where('l.knot_id', '=', query.knotId);
  if (query.knotClass !== undefined) narrowed = narrowed.where('l.knot_class', '=', query.knotClass);
  if (query.outcome !== undefined) narrowed = narrowed.where('l.outcome', '=', query.outcome);
  if (query.since !== undefined) narrowed = narrowed.where('l.finished_at', '>=', query.since);
  if (query.until !== undefined) narrowed = narrowed.where('l.finished_at', '<', query.until);
  return narrowed;
}

/** The index by run id is in the order of the listing, the key by Temporal run id is not: so the run id is looked up first. */
function ofTemporalRun(select: Select, temporalRunId: string, query: LineageQuery): Select {
  if (query.knotId !== undefined) return select.where('l.temporal_run_id', '=', temporalRunId);
  return select.where(
    sql<boolean>`l.run_id = (select run_id from selvage_lineage where temporal_run_id = ${temporalRunId} limit 1)
      and +l.temporal_run_id = ${temporalRunId}`,
  );
}
