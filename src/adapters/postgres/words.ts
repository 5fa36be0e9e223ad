import { sql } from 'kysely';
import type { SqlDialect } from '../sql/database';
import type { ColumnKind } from '../../ports/columns';
import { INPUT } from '../sql/schema';

export const SQL_TYPES: Readonly<Record<ColumnKind, string>> = {
  text: 'text',
  json: 'text',
  int32: 'integer',
  integer: 'bigint',
  number: 'double precision',
};

/** Milliseconds since the epoch. */
export const NOW = 'floor(extract(epoch from clock_timestamp()) * 1000)::float8';

/** The number of this transaction, which orders changes. */
export const CHANGE = 'pg_current_xact_id()::text::bigint + (select xids_before from selvage_identity)';

export const POSTGRES_WORDS: SqlDialect = {
  isOneOf: (column, values) => sql`${sql.ref(column)} = any(${values}::text[])`,
  isOnePairOf: ([first, second], pairs) =>
    sql`(${sql.ref(first)}, ${sql.ref(second)}) in
      (select * from unnest(${pairs.map(([one]) => one)}::text[], ${pairs.map(([, other]) => other)}::text[]))`,
  jsonList: (column) => sql`json_agg(${sql.ref(column)})::text`,
  now: () => sql.raw(NOW),
  nextChange: async () => sql.raw(CHANGE),
  lockRows: sql`for update`,
  indexedRoles: new Set([INPUT]),
  join: sql`join`,
};
