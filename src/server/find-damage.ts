import { existsSync } from 'node:fs';
import type LibsqlDatabase from 'libsql';
import { loadOptional } from '../node/optional-package';

const LOCK_LIMIT_MS = 1_000;

/** A database in use is checked, too. Returns undefined if the database is sound, or cannot be read. */
export function findDamage(file: string): string | undefined {
  // Opening an absent database would create an empty file, in which the server misses its tables.
  if (!existsSync(file)) return undefined;
  const Libsql = loadOptional<typeof LibsqlDatabase>('libsql', { by: 'The check of a database' });
  try {
    const connection = new Libsql(file, { timeout: LOCK_LIMIT_MS });
    try {
      const [row] = connection.prepare('pragma quick_check(1)').all();
      const answer = String(Object.values(row as object)[0]);
      return answer === 'ok' ? undefined : answer.replaceAll('\n', ' ');
    } finally {
      connection.close();
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB' ? message : undefined;
  }
}
