import { existsSync } from 'node:fs';
import { Kysely, SqliteDialect } from 'kysely';
import { migrationState, type MigrationState } from '../sql/migration-state';
import { statementsOf } from '../sql/migration-statements';
import { requireWritable } from '../writable';
import { CachingSqliteDialect } from './dialect';
import { doneMigrations } from './migrate';
import { MIGRATIONS } from './migrations';
import { loadLibsql } from './open';
import { BUSY_TIMEOUT_MS, patiently } from './patience';

/** How a database file stands. `absent`: it will be made at the first use; `old`: its tables will be brought up to date then. */
export type SqliteFileState = 'absent' | 'old' | 'current';

/**
 * Looks at a database file without changing or making anything.
 *
 * @throws SelvageError `FolderUnusable` (it cannot be written), `DatabaseDamaged`, `SchemaTooNew`, `MissingPackage`, `BackendUnavailable`
 */
export async function inspectSqliteFile(file: string): Promise<SqliteFileState> {
  const { pending } = await sqliteMigrationState(file);
  if (!existsSync(file)) return 'absent';
  return pending.length === 0 ? 'current' : 'old';
}

/** Which migrations a database file has had; of one that is not there, none. Errors as of {@link inspectSqliteFile}. */
export async function sqliteMigrationState(file: string): Promise<MigrationState> {
  requireWritable(file);
  const known = Object.keys(MIGRATIONS);
  const place = `the database ${file}`;
  const Database = await loadLibsql();
  if (!existsSync(file)) return migrationState([], known, place);
  return await patiently(file, 'open', async () => {
    const connection = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    const db = new Kysely<any>({ dialect: new CachingSqliteDialect(connection) });
    try {
      return migrationState(await doneMigrations(db), known, place);
    } finally {
      await db.destroy();
    }
  });
}

/** The statements of one migration of SQLite. */
export function sqliteMigrationStatements(name: string): Promise<string[]> {
  // Only its words are used: there is no database.
  return statementsOf(MIGRATIONS[name]!, new SqliteDialect({ database: undefined as never }));
}
