import type { SqlDatabase } from './database';

/** The base of all adapters on an SQL database. */
export abstract class SqlAdapter<D extends SqlDatabase> {
  abstract readonly technology: string;

  /** Closing the adapter closes the database. Adapters on one database can share a transaction. */
  constructor(readonly database: D) {}

  identity(): Promise<string> {
    return this.database.identity();
  }

  close(): Promise<void> {
    return this.database.close();
  }
}
