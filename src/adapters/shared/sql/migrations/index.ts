import type { Kysely, Migration } from 'kysely';
import type { SqlDialect } from '../database';

/** A migration that both databases have, under one name. */
export type CommonMigration = (db: Kysely<any>, dialect: SqlDialect) => Promise<void>;

/** Those that came after Postgres began with the tables as 0006 had left them. A migration that was released never changes. */
const COMMON: Readonly<Record<string, CommonMigration>> = {};

export function commonMigrations(dialect: SqlDialect): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(COMMON).map(([name, up]) => [name, { up: (db: Kysely<any>) => up(db, dialect) }]),
  );
}
