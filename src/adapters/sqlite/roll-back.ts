import type { SqliteDatabaseLike } from './database-like';

export function rollBack(connection: Pick<SqliteDatabaseLike, 'exec'>): void {
  try {
    connection.exec('rollback');
  } catch (error) {
    // On some errors, such as a full disk, SQLite has already rolled back. The first error must stay visible.
    if (!/no transaction is active/.test(String(error))) throw error;
  }
}
