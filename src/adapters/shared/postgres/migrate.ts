import { sql, type Kysely } from 'kysely';
import { MIGRATION_TABLE, migrationState, type MigrationState } from '../sql/migration-state';
import type { PostgresConnection } from './connections';
import { kyselyOver } from './database';
import { lockNumber } from './lock-number';
import { MIGRATIONS } from './migrations';

/** For all statements of a migration: an index over millions of records takes its time. */
const MIGRATION_LIMIT_MS = 30 * 60 * 1000;
/** Somebody else migrates. */
const LOCK_LIMIT_MS = 5 * 60 * 1000;

/** @throws SelvageError `SchemaTooNew` */
export async function readMigrationState(
  connection: PostgresConnection,
  place: string,
): Promise<MigrationState> {
  // By a query of the catalog: `to_regclass` may answer by what this connection knew before it waited for the lock.
  const { rows } = await connection.query(
    'select exists (select 1 from pg_catalog.pg_class where relname = $1 and pg_catalog.pg_table_is_visible(oid)) as there',
    [MIGRATION_TABLE],
  );
  const done = rows[0].there ? await doneMigrations(connection) : [];
  return migrationState(done, Object.keys(MIGRATIONS), place);
}

async function doneMigrations(connection: PostgresConnection): Promise<string[]> {
  const { rows } = await connection.query(`select name from ${MIGRATION_TABLE} order by name`);
  return rows.map(({ name }) => name as string);
}

/**
 * Brings the tables to the present version. Safe when several processes do it at once: all is done in one transaction that has a lock, and the
 * later ones find it done.
 *
 * @param schema to be made if it is not there
 * @returns names of the migrations that were done here
 * @throws SelvageError `SchemaTooNew`
 */
export async function migrate(
  connection: PostgresConnection,
  place: string,
  schema: string | undefined,
): Promise<string[]> {
  const patient = {
    query: (text: string, values?: readonly unknown[]) => connection.query(text, values, MIGRATION_LIMIT_MS),
    release: () => undefined,
  } as unknown as PostgresConnection;
  await connection.query(
    `begin; set local statement_timeout = ${MIGRATION_LIMIT_MS}; set local lock_timeout = ${LOCK_LIMIT_MS}`,
  );
  try {
    await patient.query(`select pg_advisory_xact_lock(${lockNumber('migrate')})`);
    if (schema !== undefined) await makeSchema(connection, schema);
    const { pending } = await readMigrationState(connection, place);
    if (pending.length > 0) {
      await connection.query(
        `create table if not exists ${MIGRATION_TABLE} (name text primary key, timestamp text not null)`,
      );
      await migrateAll(
        kyselyOver(async () => patient),
        pending,
      );
    }
    await connection.query('commit');
    return [...pending];
  } catch (error) {
    await connection.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function makeSchema(connection: PostgresConnection, schema: string): Promise<void> {
  const { rows } = await connection.query('select 1 from pg_namespace where nspname = $1', [schema]);
  // Asked first: `if not exists`, too, needs the right to make one.
  if (rows.length === 0) await connection.query(`create schema if not exists "${schema}"`);
}

async function migrateAll(db: Kysely<any>, pending: readonly string[]): Promise<void> {
  for (const name of pending) {
    await MIGRATIONS[name]!.up(db);
    await db
      .insertInto(MIGRATION_TABLE)
      .values({
        name,
        timestamp: sql`to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
      })
      .execute();
  }
}
