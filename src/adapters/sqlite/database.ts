import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { sql, type Compilable } from 'kysely';
import { SelvageError } from '../../errors';
import type { SqlDatabase, SqlExecutor, SqlDialect } from '../sql/database';
import type { SqliteConnection } from './connection';
import type { CachingSqliteDialect } from './dialect';
import { SqliteLog } from './log';
import { onceATurn } from './once-a-turn';
import { patiently } from './patience';
import { ANY, CLASS, INPUT, KNOT, OUTCOME_BUT_OK, OUTPUT, RUN } from '../sql/schema';

/** Uses of SQLite are synchronous; after this time, timers and sockets get their turn. */
const LONGEST_STRETCH_MS = 20;

/** An open Selvage database with current tables, shared by the SQLite adapters. */
export class SqliteDatabase implements SqlDatabase {
  readonly dialect = SQLITE_WORDS;
  /** The file, or a description of it, for messages. */
  readonly file: string;
  readonly #db: SqlExecutor;
  readonly #connections: CachingSqliteDialect;
  /** The log is undefined for a user's connection, whose pragmas stay as they were set. */
  readonly #log: SqliteLog | undefined;
  /** A check that the file's name still leads to the same file, if Selvage opened the file. */
  readonly #requireFile: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  readonly #isFirstOfTurn = onceATurn();
  /** The time of the first use in this turn of the event loop. */
  #turnBegan = 0;

  /** @internal Use `openSqliteDatabase`. */
  constructor(db: SqlExecutor, connections: CachingSqliteDialect, file: string, ownsConnection: boolean) {
    this.#db = db;
    this.#connections = connections;
    this.file = file;
    this.#requireFile = ownsConnection ? sameFile(file) : undefined;
    this.#log = ownsConnection ? new SqliteLog(file, (work) => connections.atOnce(work)) : undefined;
  }

  get place(): string {
    return `the database ${this.file}`;
  }

  /** Runs queries outside of a transaction. */
  read<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T> {
    return this.#use(() => work(this.#db));
  }

  /** Runs queries of work that awaits nothing between its statements. */
  readAtOnce<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    return this.#use(() => this.#connections.atOnce(work));
  }

  /** Runs `work`, which must only make queries, in one transaction; repeats it if the lock could not be taken. */
  async write<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T> {
    const result = await this.#use(() => this.#db.transaction().execute(work));
    this.#log?.noteWrite();
    return result;
  }

  async writeOne(statement: (db: SqlExecutor) => Compilable): Promise<number> {
    const { sql: text, parameters } = statement(this.#db).compile();
    return Number((await this.writeAtOnce((connection) => connection.run(text, parameters))).changes);
  }

  /** Like {@link write}, for work that awaits nothing between its statements. */
  async writeAtOnce<T>(work: (connection: SqliteConnection) => T): Promise<T> {
    const result = await this.#use(() => this.#connections.transactionAtOnce(work));
    this.#log?.noteWrite();
    return result;
  }

  async #use<T>(work: () => Promise<T>): Promise<T> {
    this.#requireFile?.();
    if (this.#isLongTurn()) await new Promise((resolve) => setImmediate(resolve));
    return await patiently(this.file, 'use', work);
  }

  #isLongTurn(): boolean {
    const now = performance.now();
    if (this.#isFirstOfTurn()) this.#turnBegan = now;
    return now - this.#turnBegan > LONGEST_STRETCH_MS;
  }

  /**
   * Rewrites the file without free pages and without remains in the other pages, and empties its log.
   *
   * @throws SelvageError `BackendUnavailable` while another process reads from the log; `DiskFull`, as a second copy
   *   needs space
   */
  async purge(): Promise<void> {
    await patiently(this.file, 'use', () => sql`vacuum`.execute(this.#db));
    await patiently(this.file, 'use', async () => {
      const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(this.#db);
      if (rows[0]?.busy === 1) throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
    });
  }

  async identity(): Promise<string> {
    const find = (): Promise<{ identity: string } | undefined> =>
      this.read((db) => db.selectFrom('selvage_identity').select('identity').executeTakeFirst());
    const found = await find();
    if (found) return found.identity;
    // The identity is added, because a repair may not have saved it.
    await this.write(async (db) => {
      const { rows } = await sql`select 1 from selvage_identity`.execute(db);
      if (rows.length === 0)
        await db.insertInto('selvage_identity').values({ identity: randomUUID() }).execute();
    });
    return (await find())!.identity;
  }

  /** Closes the connection if Selvage opened it. Calling it twice has the effect of one call. */
  close(): Promise<void> {
    this.#closing ??= this.#log ? this.#closeConnection(this.#log) : Promise.resolve();
    return this.#closing;
  }

  async #closeConnection(log: SqliteLog): Promise<void> {
    log.close();
    // SQLite empties the log itself only when the last statement is finalised, which libsql leaves to the garbage
    // collector. If the checkpoint fails, the log stays beside the file, and the next opening reads it.
    await sql`pragma wal_checkpoint(truncate)`.execute(this.#db).catch(() => undefined);
    await this.#db.destroy();
  }
}

const SQLITE_WORDS: SqlDialect = {
  isOneOf: (column, values) =>
    sql`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`,
  isOnePairOf: ([first, second], pairs) =>
    sql`(${sql.ref(first)}, ${sql.ref(second)}) in
      (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(${JSON.stringify(pairs)}))`,
  jsonList: (column) => sql`json_group_array(${sql.ref(column)})`,
  now: () => sql`${Date.now()}`,
  async nextChange(db) {
    const { rows } = await sql<{
      seq: number;
    }>`update sqlite_sequence set seq = seq + 1 where name = 'selvage_lineage' returning seq`.execute(db);
    return rows[0]!.seq;
  },
  lockRows: sql``,
  indexedRoles: new Set([OUTPUT, INPUT, RUN, KNOT, CLASS, OUTCOME_BUT_OK, ANY]),
  // "cross" keeps SQLite from reordering the join.
  join: sql`cross join`,
};

/**
 * Returns a check, once a turn, that the file still has its name. SQLite would go on writing to a deleted or replaced
 * file, which disappears with the process. The check throws `BackendUnavailable`.
 */
function sameFile(file: string): () => void {
  const opened = numberOf(file);
  const mustLook = onceATurn();
  let now = opened;
  return () => {
    if (mustLook()) now = numberOf(file);
    if (now === opened) return;
    const what = now === undefined ? 'was deleted or moved' : 'was replaced by another one';
    throw new SelvageError(
      'BackendUnavailable',
      `The database ${file} ${what} while this process had it open, so nothing more is read from it or written to it. ` +
        (now === undefined
          ? 'Put it back, or end all processes of the project before you begin with a new one.'
          : 'End the processes that have it open, and start them again: they go on with the file that is there now.'),
      { details: { file } },
    );
  };
}

function numberOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}
