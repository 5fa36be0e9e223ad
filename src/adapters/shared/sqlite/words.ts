import { sql } from 'kysely';
import type { SqlDialect } from '../sql/database';
import { ANY, CLASS, INPUT, KNOT, OUTCOME_BUT_OK, OUTPUT, RUN } from '../sql/schema';

export const SQLITE_WORDS: SqlDialect = {
  isOneOf: (column, values) =>
    sql`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`,
  now: () => sql`${Date.now()}`,
  lockRows: sql``,
  indexedRoles: new Set([OUTPUT, INPUT, RUN, KNOT, CLASS, OUTCOME_BUT_OK, ANY]),
  // "cross" keeps SQLite from turning the two around.
  join: sql`cross join`,
};
