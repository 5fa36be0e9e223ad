import { existsSync } from 'node:fs';
import { requireUsable } from '../../node/writable';
import type { DuckDbConnectionLike } from './client';
import { historyInUse, selvageErrorOf } from './errors';
import { openInstance } from './load';
import { isOpenHere } from './open-files';
import { readMigrationState } from './schema';

/**
 * Inspects a DuckDB file without changing or creating anything. `absent`: the file will be created at first use; `old`:
 * the tables in the file will be created or migrated at first use.
 *
 * @throws SelvageError `FolderUnusable`, `DiskFull`, `RunHistoryInUse`, `DatabaseDamaged`, `UnreleasedData`,
 *   `SchemaTooNew`, `MissingPackage`
 */
export async function inspectDuckDbFile(file: string): Promise<'absent' | 'old' | 'current'> {
  requireUsable(file);
  if (isOpenHere(file)) throw historyInUse(file, 'by another part of this process');
  if (!existsSync(file)) return 'absent';
  try {
    const instance = await openInstance(file, {}, 'READ_ONLY');
    let connection: DuckDbConnectionLike | undefined;
    try {
      connection = await instance.connect();
      const { pending } = await readMigrationState(connection, file);
      return pending.length === 0 ? 'current' : 'old';
    } finally {
      connection?.closeSync();
      instance.closeSync();
    }
  } catch (error) {
    throw selvageErrorOf(error, file, 'open');
  }
}
