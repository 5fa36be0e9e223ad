import * as path from 'node:path';
import { InMemoryDataStore } from '../adapters/data-stores/in-memory';
import { createLocalDiskDataStore } from '../adapters/data-stores/local-disk';
import { SqliteDataStore } from '../adapters/data-stores/sqlite';
import { InMemoryLeaseTable } from '../adapters/lease-tables/in-memory';
import { SqliteLeaseTable } from '../adapters/lease-tables/sqlite';
import { InMemoryRunHistory } from '../adapters/run-histories/in-memory';
import { SqliteRunHistory } from '../adapters/run-histories/sqlite';
import { openSqliteDatabase, type SqliteDatabase } from '../adapters/shared/sqlite';
import { InMemoryTapestryStore } from '../adapters/tapestry-stores/in-memory';
import { SqliteTapestryStore } from '../adapters/tapestry-stores/sqlite';
import type { Backends, DataStore, LeaseTable, RunHistory, TapestryStore } from '../protocols';
import { encryptionFromEnvironment, type Encryption } from '../sealing/encryption';
import { requireReadable, sealBackends } from '../sealing/seal-backends';
import { combineBackends } from './combine';
import { DEFAULT_URL, parseBackendUrl, type BackendUrl } from './url';

/** Each backend is a URL or one that you have made. */
export interface OpenBackendsOptions {
  /** For those of the three that are not named apart. Default: the environment, then `sqlite:.selvage/selvage.db`. */
  readonly url?: string;
  /** `sqlite:PATH` or `memory:`. Default: `url`, then `SELVAGE_STORE` of the environment. */
  readonly store?: string | TapestryStore;
  /** `sqlite:PATH` or `memory:`. Default: `url`, then `SELVAGE_HISTORY` of the environment. */
  readonly history?: string | RunHistory;
  /** `sqlite:PATH`, `file:FOLDER` or `memory:`. Default: `url`, then `SELVAGE_DATA` of the environment. */
  readonly data?: string | DataStore;
  /**
   * `sqlite:PATH` or `memory:`. Default: the database of the run history, if it is one of Selvage's own; else `.selvage/selvage.db`. Leases bind
   * those who share the table, so that all workers need the same one; `memory:` binds one process.
   */
  readonly leases?: string | LeaseTable;
  /**
   * Seals values before they are stored; `false`: they are stored as they are. Default: with the keys of the environment (`SELVAGE_KEYS`,
   * `SELVAGE_KEY_FILE`), if it has any.
   */
  readonly encryption?: Encryption | false;
  /** What relative paths are relative to, and where `.selvage` is made. Default: the working directory. */
  readonly projectDir?: string;
  /** Makes commits to SQLite survive a power cut, for a disk flush each. Default false: they survive any kill of processes. */
  readonly durable?: boolean;
  /** Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens the backends. URLs that name one SQLite file share one connection, and then a value and its record are committed in one
 * transaction. `close()` also closes the backends that were given ready-made.
 *
 * Errors: `InvalidUrl`, `FolderUnusable`, `DatabaseDamaged`, `DiskFull`, `SchemaTooNew`, `BackendUnavailable`, `KeyMissing`, `InvalidKey`.
 */
export async function openBackends(options: OpenBackendsOptions = {}): Promise<Backends> {
  const { environment, projectDir } = options;
  const encryption =
    options.encryption ??
    encryptionFromEnvironment({
      ...(environment && { environment }),
      ...(projectDir !== undefined && { projectDir }),
    });
  const plain = await openPlain(options);
  const backends = encryption ? sealBackends(plain, encryption) : plain;
  try {
    await requireReadable(backends);
  } catch (error) {
    await backends.close();
    throw error;
  }
  return backends;
}

async function openPlain(options: OpenBackendsOptions): Promise<Backends> {
  const { environment = process.env, projectDir = process.cwd(), durable = false } = options;
  const store = chosen('tapestry store', options.store ?? options.url, environment['SELVAGE_STORE']);
  const history = chosen('run history', options.history ?? options.url, environment['SELVAGE_HISTORY']);
  const data = chosen('data store', options.data ?? options.url, environment['SELVAGE_DATA']);
  const databases = new SqliteDatabases(projectDir, durable);
  try {
    const runHistory = 'scheme' in history ? await openRunHistory(history, databases) : history;
    return combineBackends({
      tapestryStore: 'scheme' in store ? await openTapestryStore(store, databases) : store,
      runHistory,
      dataStore: 'scheme' in data ? await openDataStore(data, databases, projectDir) : data,
      leaseTable: await openLeaseTable(options.leases, runHistory, databases),
    });
  } catch (error) {
    await databases.close();
    throw error;
  }
}

type Port = 'tapestry store' | 'run history' | 'data store' | 'lease table';

function chosen<T extends object>(
  port: Port,
  given: string | T | undefined,
  fromEnvironment: string | undefined,
): T | BackendUrl {
  if (typeof given === 'object') return given;
  // An empty variable counts as unset, as it does for most programs.
  return parseBackendUrl(port, given ?? (fromEnvironment || DEFAULT_URL));
}

async function openTapestryStore(url: BackendUrl, databases: SqliteDatabases): Promise<TapestryStore> {
  return url.scheme === 'memory'
    ? new InMemoryTapestryStore()
    : new SqliteTapestryStore(await databases.open(url.path));
}

async function openRunHistory(url: BackendUrl, databases: SqliteDatabases): Promise<RunHistory> {
  return url.scheme === 'memory'
    ? new InMemoryRunHistory()
    : new SqliteRunHistory(await databases.open(url.path));
}

/** The leases are where the run history is, unless they are said to be elsewhere. */
async function openLeaseTable(
  given: string | LeaseTable | undefined,
  runHistory: RunHistory,
  databases: SqliteDatabases,
): Promise<LeaseTable> {
  if (given === undefined) {
    if (runHistory instanceof SqliteRunHistory) return new SqliteLeaseTable(runHistory.database);
    if (runHistory instanceof InMemoryRunHistory) return new InMemoryLeaseTable();
  }
  const leases = chosen('lease table', given, undefined);
  if (!('scheme' in leases)) return leases;
  return leases.scheme === 'memory'
    ? new InMemoryLeaseTable()
    : new SqliteLeaseTable(await databases.open(leases.path));
}

async function openDataStore(
  url: BackendUrl,
  databases: SqliteDatabases,
  projectDir: string,
): Promise<DataStore> {
  if (url.scheme === 'memory') return new InMemoryDataStore();
  if (url.scheme === 'sqlite') return new SqliteDataStore(await databases.open(url.path));
  return createLocalDiskDataStore({ folder: path.resolve(projectDir, url.path) });
}

/** One connection a file. */
class SqliteDatabases {
  readonly #projectDir: string;
  readonly #durable: boolean;
  readonly #open = new Map<string, SqliteDatabase>();

  constructor(projectDir: string, durable: boolean) {
    this.#projectDir = projectDir;
    this.#durable = durable;
  }

  async open(file: string): Promise<SqliteDatabase> {
    const resolved = path.resolve(this.#projectDir, file);
    let database = this.#open.get(resolved);
    if (database === undefined) {
      database = await openSqliteDatabase({ path: resolved, durable: this.#durable });
      this.#open.set(resolved, database);
    }
    return database;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((database) => database.close()));
  }
}
