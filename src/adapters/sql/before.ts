import { sql, type RawBuilder, type SelectQueryBuilder, type SqlBool } from 'kysely';
import type { Page, PageOptions } from '../../ports';
import { pageLimit, pageOf, pageStart, type Position } from '../../ports/parts/pages';
import type { SqlSchema } from './schema';

export function before(
  timeColumn: string,
  sequenceColumn: string,
  { time, sequence }: Position,
): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${sql.ref(timeColumn)}, ${sql.ref(sequenceColumn)}) < (${time}, ${sequence})`;
}

export async function newestPage<Table extends keyof SqlSchema, Row extends { readonly id: number }, T>(
  select: SelectQueryBuilder<SqlSchema, Table, Row>,
  time: keyof Row & string,
  query: PageOptions,
  read: (row: Row) => T,
): Promise<Page<T>> {
  const limit = pageLimit(query);
  const start = pageStart(query);
  const rows = await (start === undefined ? select : select.where(before(time, 'id', start)))
    .orderBy(sql.ref(time), 'desc')
    .orderBy(sql.ref('id'), 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows as Row[], limit, (row) => ({ time: row[time] as number, sequence: row.id }), read);
}
