import { existsSync } from 'node:fs';
import { migrationSql, type LocationState, type MigrationState } from '../sql/migrations';
import { requireUsable, requireWritable } from '../../node/writable';
import { readMigrationState, stateAfter } from './migrate';
import { MIGRATIONS } from './migrations';
import { loadLibsql } from './open';
import { BUSY_TIMEOUT_MS, patiently } from './patience';

/**
 * Inspects a database file without changing or creating anything.
 *
 * @throws SelvageError `FolderUnusable` (also: not writable), `DiskFull`, `DatabaseDamaged`, `UnreleasedData`,
 *   `SchemaTooNew`, `MissingPackage`, `BackendUnavailable`
 */
export async function inspectSqliteFile(file: string): Promise<LocationState> {
  requireUsable(file);
  const { pending } = await sqliteMigrationState(file);
  if (!existsSync(file)) return 'absent';
  return pending.length === 0 ? 'current' : 'old';
}

/** The names of migrations; none if the file does not exist. Throws the errors of {@link inspectSqliteFile}. */
export async function sqliteMigrationState(file: string): Promise<MigrationState> {
  requireWritable(file);
  const Database = loadLibsql();
  if (!existsSync(file)) return stateAfter([], file);
  return await patiently(file, 'open', async () => {
    const connection = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    try {
      return readMigrationState(connection, file);
    } finally {
      connection.close();
    }
  });
}

export function sqliteMigrationSql(name: string): string {
  return migrationSql(MIGRATIONS, name);
}
