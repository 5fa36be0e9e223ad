import { Migrator, sql, type Kysely } from 'kysely';
import { MIGRATION_TABLE, migrationState, type MigrationState } from '../sql/migration-state';
import type { SqliteDatabaseLike } from './database-like';
import { MIGRATIONS } from './migrations';
import { rollBack } from './roll-back';

/**
 * Brings the tables to the present version, before anybody else uses `db`, which is over `connection`. Safe when several processes do it at
 * once: all is done in one transaction that has the write lock, and the later ones find it done.
 */
export async function migrate(db: Kysely<any>, connection: SqliteDatabaseLike, file: string): Promise<void> {
  const look = async (): Promise<MigrationState> =>
    migrationState(await doneMigrations(db), Object.keys(MIGRATIONS), `the database ${file}`);
  if ((await look()).pending.length === 0) return;
  // Kysely's Migrator makes its own tables before it begins a transaction, and takes none that is begun by Kysely.
  connection.exec('begin immediate');
  try {
    // A newer version may have been here since we looked.
    await look();
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
      migrationTableName: MIGRATION_TABLE,
      migrationLockTableName: `${MIGRATION_TABLE}_lock`,
    });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error as Error;
    connection.exec('commit');
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** Names of the migrations that a database has had, oldest first. */
export async function doneMigrations(db: Kysely<any>): Promise<string[]> {
  const tables = await sql<{
    name: string;
  }>`select name from sqlite_master where type = 'table' and name = ${MIGRATION_TABLE}`.execute(db);
  if (tables.rows.length === 0) return [];
  const { rows } = await sql<{
    name: string;
  }>`select name from ${sql.table(MIGRATION_TABLE)} order by name`.execute(db);
  return rows.map((row) => row.name);
}
