import { mkdir } from 'node:fs/promises';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, type Transaction } from 'kysely';
import { SelvageError } from '../../../errors';
import { folderError } from '../folder-error';
import type { SqliteDatabaseLike } from './database-like';
import { CachingSqliteDialect } from './dialect';
import { isBusy, selvageErrorOf, type SqliteActivity } from './errors';
import { migrate } from './migrate';
import type { SqliteSchema } from './schema';

export type SqliteOptions = SqliteFileOptions | SqliteConnectionOptions;

export interface SqliteFileOptions {
  /** The database file; it and its folder are made if they are not there. Relative to the working directory. */
  readonly path: string;
  /**
   * `true`: a commit also survives a power cut (`synchronous=FULL`: one disk flush a commit). Default `false`: it survives the kill
   * of every process, and a power cut may cost the last commits but never the whole of the database.
   */
  readonly durable?: boolean;
}

/** A connection of yours. Its pragmas stay as you set them (WAL is advised), it must not be inside a transaction when Selvage is called, and you close it. */
export interface SqliteConnectionOptions {
  readonly database: SqliteDatabaseLike;
}

/** How long SQLite itself waits for a lock. It blocks the event loop while it does, so the long wait is done here, in {@link patiently}. */
const BUSY_TIMEOUT_MS = 10;
const LOCK_WAIT_LIMIT_MS = 10_000;
const LONGEST_PAUSE_MS = 25;

/** 16 MiB: hashes land on pages all over the file, and a page that is changed again before the checkpoint is written once. */
const CHECKPOINT_PAGES = 4_000;
const CACHE_KIB = 16 * 1024;

export type SqliteExecutor = Kysely<SqliteSchema>;

/** An open Selvage database with its tables at the present version, which the three SQLite adapters can share. */
export class SqliteDatabase {
  /** The file, or words for it, for messages. */
  readonly file: string;
  readonly #db: SqliteExecutor;
  readonly #ownsConnection: boolean;

  private constructor(db: SqliteExecutor, file: string, ownsConnection: boolean) {
    this.#db = db;
    this.file = file;
    this.#ownsConnection = ownsConnection;
  }

  /** Errors: `FolderUnusable`, `DatabaseDamaged`, `DiskFull`, `SchemaTooNew`, `BackendUnavailable`. */
  static async open(options: SqliteOptions): Promise<SqliteDatabase> {
    return 'database' in options ? openConnection(options.database) : openFile(options);
  }

  /** @internal */
  static async prepared(
    database: SqliteDatabaseLike,
    file: string,
    ownsConnection: boolean,
  ): Promise<SqliteDatabase> {
    const db = new Kysely<SqliteSchema>({ dialect: new CachingSqliteDialect(database) });
    await patiently(file, 'open', () => migrate(db, file));
    return new SqliteDatabase(db, file, ownsConnection);
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

/** Two adapters on one connection of the user's must take turns, so they get one database. */
const openConnections = new WeakMap<SqliteDatabaseLike, Promise<SqliteDatabase>>();

function openConnection(database: SqliteDatabaseLike): Promise<SqliteDatabase> {
  let opening = openConnections.get(database);
  if (opening === undefined) {
    opening = SqliteDatabase.prepared(database, 'of the given SQLite connection', false);
    openConnections.set(database, opening);
    opening.catch(() => openConnections.delete(database));
  }
  return opening;
}

async function openFile({ path: file, durable = false }: SqliteFileOptions): Promise<SqliteDatabase> {
  const folder = path.dirname(path.resolve(file));
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw folderError(error, folder);
  }
  const Database = await loadLibsql();
  const database = await patiently(file, 'open', async () => connect(Database, file, durable));
  try {
    return await SqliteDatabase.prepared(database, file, true);
  } catch (error) {
    database.close();
    throw error;
  }
}

function connect(Database: LibsqlConstructor, file: string, durable: boolean): SqliteDatabaseLike {
  const database = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.prepare('pragma journal_mode = wal').all();
    for (const setting of [
      `synchronous = ${durable ? 'full' : 'normal'}`,
      `wal_autocheckpoint = ${CHECKPOINT_PAGES}`,
      `cache_size = -${CACHE_KIB}`,
      'foreign_keys = off',
    ]) {
      database.exec(`pragma ${setting}`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

type LibsqlConstructor = new (file: string, options: { timeout: number }) => SqliteDatabaseLike;

async function loadLibsql(): Promise<LibsqlConstructor> {
  try {
    return (await import('libsql')).default as unknown as LibsqlConstructor;
  } catch (error) {
    throw new SelvageError(
      'MissingPackage',
      'SQLite needs the package libsql with its binary for this platform, and it could not be loaded. Install it (`npm install libsql`, without `--omit=optional`), or give a connection of better-sqlite3 or node:sqlite.',
      { details: { package: 'libsql' }, cause: error },
    );
  }
}

/** Tries again, with the event loop free in between, while another process has the lock; for ten seconds at most. */
async function patiently<T>(file: string, activity: SqliteActivity, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + LOCK_WAIT_LIMIT_MS;
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || Date.now() >= deadline) throw selvageErrorOf(error, file, activity);
      // Chance keeps processes that collided from colliding again.
      await sleep(pause * (0.5 + Math.random()));
    }
  }
}
