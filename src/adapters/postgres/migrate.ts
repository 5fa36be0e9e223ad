import {
  MIGRATION_TABLE,
  migrationSql,
  migrationState,
  type MigratedLocation,
  type MigrationState,
} from '../sql/migrations';
import type { PostgresConnection } from './connections';
import { lockNumber } from './lock-number';
import { MIGRATIONS } from './migrations';

/** The limit for all statements of a migration: an index over millions of records takes long. */
const MIGRATION_LIMIT_MS = 30 * 60 * 1000;
const LOCK_LIMIT_MS = 5 * 60 * 1000;

export function migratedPlace(place: string): MigratedLocation {
  return {
    place,
    startAnew:
      'Drop its tables, whose names begin with selvage_ (or `drop schema NAME cascade`, if they have a schema of their own), ' +
      'or give the address of another database or schema.',
  };
}

/** Throws `UnreleasedData`, `SchemaTooNew`. */
export async function readMigrationState(
  connection: PostgresConnection,
  place: string,
  migrations = MIGRATIONS,
): Promise<MigrationState> {
  // The catalog is read, as `to_regclass` may use knowledge from before this connection waited for the lock.
  const { rows } = await connection.query(
    'select exists (select 1 from pg_catalog.pg_class where relname = $1 and pg_catalog.pg_table_is_visible(oid)) as there',
    [MIGRATION_TABLE],
  );
  const done = rows[0].there ? await doneMigrations(connection) : [];
  return migrationState(done, migrations, migratedPlace(place));
}

async function doneMigrations(connection: PostgresConnection): Promise<string[]> {
  const { rows } = await connection.query(`select name from ${MIGRATION_TABLE} order by name`);
  return rows.map(({ name }) => name as string);
}

/**
 * Migrates the tables in one transaction that holds a lock, so that several processes may call it at once. The schema
 * is created if missing. Tests pass their own migrations. Throws `UnreleasedData`, `SchemaTooNew`.
 *
 * @returns names of the migrations that this call made
 */
export async function migrate(
  connection: PostgresConnection,
  place: string,
  schema: string | undefined,
  migrations = MIGRATIONS,
): Promise<string[]> {
  const patiently = (text: string): Promise<unknown> => connection.query(text, [], MIGRATION_LIMIT_MS);
  await connection.query(
    `begin; set local statement_timeout = ${MIGRATION_LIMIT_MS}; set local lock_timeout = ${LOCK_LIMIT_MS}`,
  );
  try {
    await patiently(`select pg_advisory_xact_lock(${lockNumber('migrate')})`);
    if (schema !== undefined) await makeSchema(connection, schema);
    const { pending } = await readMigrationState(connection, place, migrations);
    for (const name of pending) await patiently(migrationSql(migrations, name));
    await connection.query('commit');
    return [...pending];
  } catch (error) {
    await connection.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function makeSchema(connection: PostgresConnection, schema: string): Promise<void> {
  const { rows } = await connection.query('select 1 from pg_namespace where nspname = $1', [schema]);
  // Even `create schema if not exists` requires the right to create a schema.
  if (rows.length === 0) await connection.query(`create schema if not exists "${schema}"`);
}
