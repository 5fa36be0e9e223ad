import { sql } from 'kysely';
import type { SqlDialect } from '../sql/database';
import { ANY, CLASS, INPUT, KNOT, OUTCOME_BUT_OK, OUTPUT, RUN } from '../sql/schema';

export const SQLITE_WORDS: SqlDialect = {
  isOneOf: (column, values) =>
    sql`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`,
  isOnePairOf: ([first, second], pairs) =>
    sql`(${sql.ref(first)}, ${sql.ref(second)}) in
      (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(${JSON.stringify(pairs)}))`,
  jsonList: (column) => sql`json_group_array(${sql.ref(column)})`,
  now: () => sql`${Date.now()}`,
  async nextChange(db) {
    const { rows } = await sql<{
      seq: number;
    }>`update sqlite_sequence set seq = seq + 1 where name = 'selvage_lineage' returning seq`.execute(db);
    return rows[0]!.seq;
  },
  lockRows: sql``,
  indexedRoles: new Set([OUTPUT, INPUT, RUN, KNOT, CLASS, OUTCOME_BUT_OK, ANY]),
  // "cross" keeps SQLite from reordering the join.
  join: sql`cross join`,
};
