import { existsSync } from 'node:fs';
import { Kysely } from 'kysely';
import { requireWritable } from '../writable';
import { CachingSqliteDialect } from './dialect';
import { doneMigrations, refuseNewer } from './migrate';
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
  requireWritable(file);
  const Database = await loadLibsql();
  if (!existsSync(file)) return 'absent';
  return await patiently(file, 'open', async () => {
    const connection = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    const db = new Kysely<any>({ dialect: new CachingSqliteDialect(connection) });
    try {
      const done = await doneMigrations(db);
      refuseNewer(done, file);
      return done.length === Object.keys(MIGRATIONS).length ? 'current' : 'old';
    } finally {
      await db.destroy();
    }
  });
}
