import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { SqlDatabase, SqlExecutor } from '../sql/database';
import type { SqliteConnection } from './connection';
import type { CachingSqliteDialect } from './dialect';
import { patiently } from './patience';
import { SQLITE_WORDS } from './words';

/** An open Selvage database with its tables at the present version, which the three SQLite adapters can share. */
export class SqliteDatabase implements SqlDatabase {
  readonly dialect = SQLITE_WORDS;
  /** The file, or words for it, for messages. */
  readonly file: string;
  readonly #db: SqlExecutor;
  readonly #connections: CachingSqliteDialect;
  readonly #ownsConnection: boolean;
  #closing: Promise<void> | undefined;

  /** @internal Use `openSqliteDatabase`. */
  constructor(db: SqlExecutor, connections: CachingSqliteDialect, file: string, ownsConnection: boolean) {
    this.#db = db;
    this.#connections = connections;
    this.file = file;
    this.#ownsConnection = ownsConnection;
  }

  get place(): string {
    return `the database ${this.file}`;
  }

  /** Runs queries outside of a transaction. */
  read<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T> {
    return patiently(this.file, 'use', () => work(this.#db));
  }

  /** As {@link read}, of work that does not wait for anything between its statements. */
  readAtOnce<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    return patiently(this.file, 'use', () => this.#connections.atOnce(work));
  }

  /** Runs `work` in one transaction, and again from the start if the lock could not be had. `work` must do nothing but queries. */
  write<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T> {
    return patiently(this.file, 'use', () => this.#db.transaction().execute(work));
  }

  /** As {@link write}, of work that does not wait for anything between its statements. */
  writeAtOnce<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    return patiently(this.file, 'use', () => this.#connections.transactionAtOnce(work));
  }

  /**
   * Writes the file anew, without the pages that are free and without the remains in those that are not, and empties its log.
   *
   * @throws SelvageError `BackendUnavailable` while another process reads from the log; `DiskFull`: it needs room for a second copy
   */
  async purge(): Promise<void> {
    await patiently(this.file, 'use', () => sql`vacuum`.execute(this.#db));
    await patiently(this.file, 'use', async () => {
      const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(this.#db);
      if (rows[0]?.busy === 1) throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
    });
  }

  /** What tells this database from every other. */
  async identity(): Promise<string> {
    const find = (): Promise<{ identity: string } | undefined> =>
      this.read((db) => db.selectFrom('selvage_identity').select('identity').executeTakeFirst());
    const found = await find();
    if (found) return found.identity;
    // What repair could not save of a damaged file is made anew.
    await this.write(async (db) => {
      const { rows } = await sql`select 1 from selvage_identity`.execute(db);
      if (rows.length === 0)
        await db.insertInto('selvage_identity').values({ identity: randomUUID() }).execute();
    });
    return (await find())!.identity;
  }

  /** Closes the connection if Selvage opened it. A second call does nothing. */
  close(): Promise<void> {
    this.#closing ??= this.#ownsConnection ? this.#closeConnection() : Promise.resolve();
    return this.#closing;
  }

  async #closeConnection(): Promise<void> {
    // SQLite does this by itself, but only when the last statement is finalized, and libsql leaves that to the garbage collector.
    // Where it cannot be done now, the log beside the file stays and the next one to open it reads on from there.
    await sql`pragma wal_checkpoint(truncate)`.execute(this.#db).catch(() => undefined);
    await this.#db.destroy();
  }
}
