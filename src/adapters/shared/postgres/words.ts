import { sql } from 'kysely';
import type { SqlDialect } from '../sql/database';
import { INPUT } from '../sql/schema';

/** The server's clock, in milliseconds since the epoch. */
export const NOW = 'floor(extract(epoch from clock_timestamp()) * 1000)::float8';

export const POSTGRES_WORDS: SqlDialect = {
  isOneOf: (column, values) => sql`${sql.ref(column)} = any(${values}::text[])`,
  now: () => sql.raw(NOW),
  lockRows: sql`for update`,
  indexedRoles: new Set([INPUT]),
  join: sql`join`,
};
