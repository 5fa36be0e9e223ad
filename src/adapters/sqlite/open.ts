import * as path from 'node:path';
import { Kysely } from 'kysely';
import { loadOptional } from '../../node/optional-package';
import { makePrivateFile } from '../../node/private-files';
import { makeFolder, requireWritable } from '../../node/writable';
import type { SqlSchema } from '../sql/schema';
import { SqliteDatabase } from './database';
import type { SqliteDatabaseLike } from './database-like';
import { CachingSqliteDialect } from './dialect';
import { migrate } from './migrate';
import { BUSY_TIMEOUT_MS, patiently } from './patience';

export type SqliteOptions = SqliteFileOptions | SqliteConnectionOptions;

export interface SqliteFileOptions {
  /** The database file; it and its folder are created if missing. Relative to the working directory. */
  readonly path: string;
  /**
   * `true`: a commit survives a power cut (`synchronous=FULL`: one disk flush per commit). If `false` (default), a
   * commit survives the kill of every process; a power cut may cost the last commits, but never the database.
   */
  readonly durable?: boolean;
}

/**
 * A connection that you have opened and will close. The pragmas of the connection stay as they are (WAL is advised).
 * Your connection must not be in a transaction when Selvage is called.
 */
export interface SqliteConnectionOptions {
  readonly database: SqliteDatabaseLike;
}

/** 128 MiB, because hashes are scattered over the file, and a checkpoint writes a page once that changed often. */
const CHECKPOINT_PAGES = 32_000;
const CACHE_KIB = 16 * 1024;

/**
 * Throws `FolderUnusable`, `DatabaseDamaged`, `DiskFull`, `UnreleasedData`, `SchemaTooNew`, `BackendUnavailable`,
 * `MissingPackage`.
 */
export function openSqliteDatabase(options: SqliteOptions): Promise<SqliteDatabase> {
  return 'database' in options ? useConnection(options.database) : openFile(options);
}

/** Adapters on one user's connection must take turns, so they share one database. */
const connectionsInUse = new WeakMap<SqliteDatabaseLike, Promise<SqliteDatabase>>();

function useConnection(connection: SqliteDatabaseLike): Promise<SqliteDatabase> {
  let database = connectionsInUse.get(connection);
  if (database === undefined) {
    database = withTables(connection, 'of the given SQLite connection', false);
    connectionsInUse.set(connection, database);
    database.catch(() => connectionsInUse.delete(connection));
  }
  return database;
}

async function openFile({ path: file, durable = false }: SqliteFileOptions): Promise<SqliteDatabase> {
  makeFolder(path.dirname(path.resolve(file)));
  makePrivateFile(file);
  const Database = loadLibsql();
  const connection = await patiently(file, 'open', async () => connect(Database, file, durable));
  try {
    // SQLite opens a read-only file without an error, which would come only at the first commit.
    requireWritable(file);
    return await withTables(connection, file, true);
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function withTables(
  connection: SqliteDatabaseLike,
  file: string,
  owned: boolean,
): Promise<SqliteDatabase> {
  await patiently(file, 'open', async () => migrate(connection, file));
  const dialect = new CachingSqliteDialect(connection);
  const db = new Kysely<SqlSchema>({ dialect });
  return new SqliteDatabase(db, dialect, file, owned);
}

function connect(Database: LibsqlConstructor, file: string, durable: boolean): SqliteDatabaseLike {
  const connection = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    connection.prepare('pragma journal_mode = wal').all();
    for (const setting of [
      `synchronous = ${durable ? 'full' : 'normal'}`,
      `wal_autocheckpoint = ${CHECKPOINT_PAGES}`,
      `cache_size = -${CACHE_KIB}`,
      'foreign_keys = off',
    ]) {
      connection.exec(`pragma ${setting}`);
    }
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

type LibsqlConstructor = new (file: string, options: { timeout: number }) => SqliteDatabaseLike;

export function loadLibsql(): LibsqlConstructor {
  return loadOptional('libsql', {
    by: 'SQLite',
    instead: 'Or give a connection of better-sqlite3 or node:sqlite.',
  });
}
