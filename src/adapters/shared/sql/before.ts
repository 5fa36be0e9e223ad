import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Position } from '../pages';

/** True of the rows that come after `position` in a listing with the newest first. */
export function before(
  timeColumn: string,
  sequenceColumn: string,
  { time, sequence }: Position,
): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${sql.ref(timeColumn)}, ${sql.ref(sequenceColumn)}) < (${time}, ${sequence})`;
}
