import type { RequiredRecords } from '../../ports';
import type { SqlDialect, SqlExecutor } from './database';

/** @param prefix a text that must end with an ASCII character */
export async function countRecords(db: SqlExecutor, temporalRunId: string, prefix: string): Promise<number> {
  // The condition is a range, which an index alone can answer.
  const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const { count } = await db
    .selectFrom('selvage_lineage')
    .select((of) => of.fn.countAll<number | string>().as('count'))
    .where('temporal_run_id', '=', temporalRunId)
    .where('knot_id', '>=', prefix)
    .where('knot_id', '<', end)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function hasRequired(
  db: SqlExecutor,
  dialect: SqlDialect,
  temporalRunId: string,
  { knots, elements = [] }: RequiredRecords,
): Promise<boolean> {
  const wanted = [...new Set(knots)];
  const { count } = await db
    .selectFrom('selvage_lineage')
    .select((of) => of.fn.countAll<number | string>().as('count'))
    .where('temporal_run_id', '=', temporalRunId)
    .where(dialect.isOneOf('knot_id', wanted))
    .executeTakeFirstOrThrow();
  if (Number(count) < wanted.length) return false;
  for (const [prefix, least] of elements)
    if ((await countRecords(db, temporalRunId, prefix)) < least) return false;
  return true;
}
