import {
  MIGRATION_TABLE,
  migrationSql,
  migrationState,
  type MigratedLocation,
  type Migrations,
  type MigrationState,
} from '../sql/migrations';
import type { SqliteDatabaseLike } from './database-like';
import { MIGRATIONS } from './migrations';
import { rollBack } from './roll-back';

/**
 * Migrates the tables in one transaction that holds the write lock, so that several processes may call it at once.
 * Nobody else may use the connection yet. Tests pass their own migrations. Throws `UnreleasedData`, `SchemaTooNew`.
 */
export function migrate(connection: SqliteDatabaseLike, file: string, migrations = MIGRATIONS): void {
  if (readMigrationState(connection, file, migrations).pending.length === 0) return;
  connection.exec('begin immediate');
  try {
    // Another process may have migrated since the first look.
    const { pending } = readMigrationState(connection, file, migrations);
    for (const name of pending) connection.exec(migrationSql(migrations, name));
    connection.exec('commit');
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** Throws `UnreleasedData`, `SchemaTooNew`. */
export function readMigrationState(
  connection: SqliteDatabaseLike,
  file: string,
  migrations = MIGRATIONS,
): MigrationState {
  return stateAfter(doneMigrations(connection), file, migrations);
}

export function stateAfter(
  done: readonly string[],
  file: string,
  migrations: Migrations = MIGRATIONS,
): MigrationState {
  const where: MigratedLocation = {
    place: `the database ${file}`,
    startAnew: 'Delete the file (with its -wal and -shm) or move it away, or give the address of another.',
  };
  return migrationState(done, migrations, where);
}

function doneMigrations(connection: SqliteDatabaseLike): string[] {
  const tables = connection
    .prepare(`select name from sqlite_master where type = 'table' and name = '${MIGRATION_TABLE}'`)
    .all();
  if (tables.length === 0) return [];
  const rows = connection.prepare(`select name from ${MIGRATION_TABLE} order by name`).all();
  return rows.map((row) => (row as { name: string }).name);
}
