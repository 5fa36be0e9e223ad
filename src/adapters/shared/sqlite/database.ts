import type { Kysely, Transaction } from 'kysely';
import { patiently } from './patience';
import type { SqliteSchema } from './schema';

export type SqliteExecutor = Kysely<SqliteSchema>;

/** An open Selvage database with its tables at the present version, which the three SQLite adapters can share. */
export class SqliteDatabase {
  /** The file, or words for it, for messages. */
  readonly file: string;
  readonly #db: SqliteExecutor;
  readonly #ownsConnection: boolean;

  /** @internal Use `openSqliteDatabase`. */
  constructor(db: SqliteExecutor, file: string, ownsConnection: boolean) {
    this.#db = db;
    this.file = file;
    this.#ownsConnection = ownsConnection;
  }

  /** Runs queries outside of a transaction. */
  read<T>(work: (db: SqliteExecutor) => Promise<T>): Promise<T> {
    return patiently(this.file, 'use', () => work(this.#db));
  }

  /** Runs `work` in one transaction, and again from the start if the lock could not be had. `work` must do nothing but queries. */
  write<T>(work: (db: Transaction<SqliteSchema>) => Promise<T>): Promise<T> {
    return patiently(this.file, 'use', () => this.#db.transaction().execute(work));
  }

  /** Closes the connection if Selvage opened it. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#ownsConnection) await this.#db.destroy();
  }
}
