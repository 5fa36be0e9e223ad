import type { SqlDatabase } from './database';

/** What all adapters on an SQL database have. */
export abstract class SqlAdapter<D extends SqlDatabase> {
  abstract readonly technology: string;

  /**
   * Closing the adapter closes the database with it.
   *
   * @param database adapters on one database can share a transaction
   */
  constructor(readonly database: D) {}

  identity(): Promise<string> {
    return this.database.identity();
  }

  close(): Promise<void> {
    return this.database.close();
  }
}
