import type { SqliteDatabaseLike } from './database-like';

export function rollBack(connection: Pick<SqliteDatabaseLike, 'exec'>): void {
  try {
    connection.exec('rollback');
  } catch (error) {
    // On a full disk and the like SQLite has rolled back by itself; that must not hide the error which led here.
    if (!/no transaction is active/.test(String(error))) throw error;
  }
}
