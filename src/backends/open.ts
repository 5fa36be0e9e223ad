import { BySizeDataStore } from '../adapters/data-stores/by-size';
import { projectFolder } from '../project-folder';
import type { Backends, DataStore, LeaseTable, RunHistory, TapestryStore } from '../protocols';
import { encryptionFromEnvironment, type Encryption } from '../sealing/encryption';
import { requireReadable, sealBackends } from '../sealing/seal-backends';
import { combineBackends } from './combine';
import { DEFAULT_URL } from './locate';
import { placeOf, type OpenPlace, type Port } from './technologies';

/** Each backend is a URL or one that you have made. */
export interface OpenBackendsOptions {
  /** For those of the three that are not named apart. Default: the environment, then `sqlite:.selvage/selvage.db`. */
  readonly url?: string;
  /** A URL such as `sqlite:PATH` or `memory:`. Default: `url`, then `SELVAGE_STORE` of the environment. */
  readonly store?: string | TapestryStore;
  /** A URL such as `sqlite:PATH` or `memory:`. Default: `url`, then `SELVAGE_HISTORY` of the environment. */
  readonly history?: string | RunHistory;
  /** A URL such as `sqlite:PATH`, `file:FOLDER` or `memory:`. Default: `url`, then `SELVAGE_DATA` of the environment. */
  readonly data?: string | DataStore;
  /**
   * Another data store, for values over `largeValueBytes` and streams, such as `s3://BUCKET/PREFIX`; `data` has the others then. Values are looked
   * for in both, so that it can be added to a store in use. Default: `SELVAGE_DATA_LARGE` of the environment, unless `data` or `url` is given; then none.
   */
  readonly largeData?: string | DataStore;
  /** The size of the largest value that `data` gets where there is `largeData`, in bytes. Default 65,536. */
  readonly largeValueBytes?: number;
  /**
   * A URL such as `sqlite:PATH` or `memory:`. Default: where the run history is, if there can be leases; else `.selvage/selvage.db`. Leases bind
   * those who share the table, so that all workers need the same one; `memory:` binds one process.
   */
  readonly leases?: string | LeaseTable;
  /**
   * Seals values before they are stored; `false`: they are stored as they are. Default: with the keys of the environment (`SELVAGE_KEYS`,
   * `SELVAGE_KEY_FILE`), if it has any.
   */
  readonly encryption?: Encryption | false;
  /** What relative paths are relative to, and where `.selvage` is. Default: the nearest folder that has one, from the working directory up; else that. */
  readonly projectDir?: string;
  /** Makes commits to SQLite survive a power cut, for a disk flush each. Default false: they survive any kill of processes. */
  readonly durable?: boolean;
  /** Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens the backends. URLs that name one place share one connection to it, and then a value and its record are committed in one
 * transaction, if it is a database. `close()` also closes the backends that were given ready-made.
 *
 * Errors: `InvalidUrl`, `FolderUnusable`, `DatabaseDamaged`, `DiskFull`, `UnreleasedData`, `SchemaTooNew`, `SchemaTooOld`,
 * `BackendUnavailable`, `MissingPackage`, `KeyMissing`, `InvalidKey`.
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
  const { environment = process.env, durable = false } = options;
  const store = chosen(options.store ?? options.url, environment['SELVAGE_STORE']);
  const history = chosen(options.history ?? options.url, environment['SELVAGE_HISTORY']);
  const data = chosen(options.data ?? options.url, environment['SELVAGE_DATA']);
  const isDataGiven = (options.data ?? options.url) !== undefined;
  const largeData =
    options.largeData ?? (isDataGiven ? undefined : environment['SELVAGE_DATA_LARGE'] || undefined);
  const places = new OpenPlaces(projectFolder(options.projectDir), durable);
  try {
    const runHistory = typeof history === 'string' ? await places.runHistory(history) : history;
    const dataStore = typeof data === 'string' ? await places.dataStore(data) : data;
    const large = typeof largeData === 'string' ? await places.dataStore(largeData) : largeData;
    return combineBackends({
      tapestryStore: typeof store === 'string' ? await places.tapestryStore(store) : store,
      runHistory,
      dataStore: large
        ? new BySizeDataStore({ small: dataStore, large, limit: options.largeValueBytes })
        : dataStore,
      leaseTable: await openLeaseTable(options.leases, history, places),
    });
  } catch (error) {
    await places.close();
    throw error;
  }
}

/** An empty variable counts as unset, as it does for most programs. */
function chosen<T extends object>(
  given: string | T | undefined,
  fromEnvironment: string | undefined,
): T | string {
  return given ?? (fromEnvironment || DEFAULT_URL);
}

/** The leases are where the run history is, unless they are said to be elsewhere, or cannot be there. */
async function openLeaseTable(
  given: string | LeaseTable | undefined,
  history: string | RunHistory,
  places: OpenPlaces,
): Promise<LeaseTable> {
  if (typeof given === 'object') return given;
  if (given !== undefined) return await places.leaseTable(given);
  if (typeof history === 'string')
    return (await places.leaseTableBeside(history)) ?? (await places.leaseTable(DEFAULT_URL));
  return history.leasesBeside?.() ?? (await places.leaseTable(DEFAULT_URL));
}

/** Each place is opened once. */
class OpenPlaces {
  readonly #projectDir: string;
  readonly #durable: boolean;
  readonly #open = new Map<string, OpenPlace>();

  constructor(projectDir: string, durable: boolean) {
    this.#projectDir = projectDir;
    this.#durable = durable;
  }

  async tapestryStore(url: string): Promise<TapestryStore> {
    return (await this.#at('tapestry store', url)).tapestryStore!();
  }

  async runHistory(url: string): Promise<RunHistory> {
    return (await this.#at('run history', url)).runHistory!();
  }

  async dataStore(url: string): Promise<DataStore> {
    return (await this.#at('data store', url)).dataStore!();
  }

  async leaseTable(url: string): Promise<LeaseTable> {
    return (await this.#at('lease table', url)).leaseTable!();
  }

  /** A lease table in the place of a run history, if its technology has one. */
  async leaseTableBeside(historyUrl: string): Promise<LeaseTable | undefined> {
    return (await this.#at('run history', historyUrl)).leaseTable?.();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((place) => place.close()));
  }

  async #at(port: Port, url: string): Promise<OpenPlace> {
    const { technology, place } = placeOf(port, url, this.#projectDir);
    let open = this.#open.get(place.key);
    if (open === undefined) {
      open = await technology.open(place, { durable: this.#durable });
      this.#open.set(place.key, open);
    }
    return open;
  }
}
