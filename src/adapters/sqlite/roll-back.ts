import type { SqliteDatabaseLike } from './database-like';

export function rollBack(connection: Pick<SqliteDatabaseLike, 'exec'>): void {
  try {
    connection.exec('rollback');
  } catch (error) {
    // On errors such as a full disk, SQLite has already rolled back. That must not hide the first error.
    if (!/no transaction is active/.test(String(error))) throw error;
  }
}
