import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Position } from '../../ports/parts/pages';

/** True for rows that come after `position` in a newest-first listing. */
export function before(
  timeColumn: string,
  sequenceColumn: string,
  { time, sequence }: Position,
): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${sql.ref(timeColumn)}, ${sql.ref(sequenceColumn)}) < (${time}, ${sequence})`;
}
