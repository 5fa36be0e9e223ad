import { BySizeDataStore } from './by-size-data-store';
import { LateDataStore } from './late-data-store';
import { isAway } from '../errors';
import { projectFolder } from '../node/project-folder';
import type { Backends, DataStore, LeaseTable, RunHistory, StartLedger, TapestryStore } from '../ports';
import { defined } from '../values';
import { encryptionFromEnvironment, type Encryption } from '../encryption/encryption';
import { requireKeysOf } from '../encryption/key-marks';
import { requireReadable, sealBackends } from '../encryption/seal-backends';
import { lateStoresOf } from './away-stores';
import { combineBackends } from './combine';
import { DEFAULT_URL } from './locate';
import { placeOf, type OpenLocation, type Port } from './technologies';

/** Each backend is given as a URL or as an object. */
export interface OpenBackendsOptions {
  /** URL of store, history and data without own URLs; else the environment's, then `sqlite:.selvage/selvage.db`. */
  readonly url?: string;
  /** A URL such as `sqlite:PATH` or `memory:`. Default: `url`, then `SELVAGE_STORE` of the environment. */
  readonly store?: string | TapestryStore;
  /** A URL such as `sqlite:PATH` or `memory:`. Default: `url`, then `SELVAGE_HISTORY` of the environment. */
  readonly history?: string | RunHistory;
  /**
   * A URL such as `sqlite:PATH`, `file:FOLDER` or `memory:`. Default: `url`, then `SELVAGE_DATA` of the environment.
   */
  readonly data?: string | DataStore;
  /**
   * Store for streams and values over `largeValueBytes`, such as `s3://BUCKET/PREFIX`. Reads try both stores, so this
   * one can be added later. Default: `SELVAGE_DATA_LARGE` of the environment; none if `data` or `url` is given.
   */
  readonly largeData?: string | DataStore;
  /** The size in bytes of the largest value that goes to `data`, if there is `largeData`. Default 65,536. */
  readonly largeValueBytes?: number;
  /**
   * A URL such as `sqlite:PATH` or `memory:` (this process only). All workers need the same table of leases. The
   * default is in the run history's location if that can hold leases; else `.selvage/selvage.db`.
   */
  readonly leases?: string | LeaseTable;
  /**
   * Records which event started which run. A URL such as `sqlite:PATH` or `valkey://HOST`. All processes that start
   * runs by the same triggers need the same ledger. Default: `SELVAGE_LEDGER`, else the run history's location if that
   * can hold a ledger; else `.selvage/selvage.db`.
   */
  readonly ledger?: string | StartLedger;
  /**
   * Seals stored values. Default: if the environment has keys (`SELVAGE_KEYS`, `SELVAGE_KEY_FILE`); `false`: never.
   */
  readonly encryption?: Encryption | false;
  /**
   * Base of relative paths, and the folder with `.selvage`. The default is the nearest folder that has a `.selvage`,
   * from the working directory upwards; else the working directory.
   */
  readonly projectDir?: string;
  /** Makes SQLite commits survive a power cut, with a disk flush each, and not only killed processes. */
  readonly durable?: boolean;
  /**
   * Opens a data store on a server of its own at its first use, which then reports its problems. The option is useful
   * for programs that mostly read runs. By default, the store is opened at once, or later if its server is unreachable
   * ({@link awayStores}).
   */
  readonly openLate?: boolean;
  /** Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens the backends. URLs of one location share one connection; in a database, a value and its record then
 * share a transaction. `close()` also closes backends given as objects. If a server with values only is
 * unreachable, work without these values continues.
 *
 * Throws `InvalidUrl`, `FolderUnusable`, `DatabaseDamaged`, `DiskFull`, `UnreleasedData`, `SchemaTooNew`,
 * `SchemaTooOld`, `BackendUnavailable`, `MissingPackage`, `KeyMissing`, `InvalidKey`.
 */
export async function openBackends(options: OpenBackendsOptions = {}): Promise<Backends> {
  const { environment, projectDir } = options;
  const encryption = options.encryption ?? encryptionFromEnvironment(defined({ environment, projectDir }));
  const keys = encryption ? () => encryption.keyring.all() : async () => [];
  const plain = await openPlain(options, async (store) => requireKeysOf(store, await keys()));
  const backends = encryption ? sealBackends(plain, encryption) : plain;
  try {
    await requireReadable(backends);
    if (!options.openLate) await openAll(backends);
  } catch (error) {
    await backends.close();
    throw error;
  }
  return backends;
}

async function openPlain(
  options: OpenBackendsOptions,
  requireReadableStore: (store: DataStore) => Promise<void>,
): Promise<Backends> {
  const { environment = process.env, durable = false } = options;
  const store = chosen(options.store ?? options.url, environment['SELVAGE_STORE']);
  const history = chosen(options.history ?? options.url, environment['SELVAGE_HISTORY']);
  const data = chosen(options.data ?? options.url, environment['SELVAGE_DATA']);
  const isDataGiven = (options.data ?? options.url) !== undefined;
  const largeData =
    options.largeData ?? (isDataGiven ? undefined : environment['SELVAGE_DATA_LARGE'] || undefined);
  const places = new OpenLocations(projectFolder(options.projectDir), durable, requireReadableStore);
  try {
    const tapestryStore =
      typeof store === 'string' ? (await places.at('tapestry store', store)).tapestryStore!() : store;
    const place = typeof history === 'string' ? await places.at('run history', history) : undefined;
    const runHistory = typeof history === 'string' ? place!.runHistory!() : history;
    const leaseTable = await openBeside<LeaseTable>(
      options.leases,
      async (url) => (await places.at('lease table', url)).leaseTable!(),
      () => (place ? place.leaseTable?.() : runHistory.leasesBeside?.()),
    );
    const ledger = options.ledger ?? (environment['SELVAGE_LEDGER'] || undefined);
    const startLedger = await openBeside<StartLedger>(
      ledger,
      async (url) => (await places.at('start ledger', url)).startLedger!(),
      () => (place ? place.startLedger?.() : runHistory.startLedgerBeside?.()),
    );
    const dataStore = typeof data === 'string' ? await places.dataStore(data) : data;
    const large = typeof largeData === 'string' ? await places.dataStore(largeData) : largeData;
    return combineBackends({
      tapestryStore,
      runHistory,
      dataStore: large
        ? new BySizeDataStore({ small: dataStore, large, limit: options.largeValueBytes })
        : dataStore,
      leaseTable,
      startLedger,
    });
  } catch (error) {
    await places.close();
    throw error;
  }
}

/** As in most programs, an empty variable counts as unset. */
function chosen<T extends object>(
  given: string | T | undefined,
  fromEnvironment: string | undefined,
): T | string {
  return given ?? (fromEnvironment || DEFAULT_URL);
}

/** Opens a table in its configured place; else beside the run history (`beside`); else in the default place. */
async function openBeside<T extends object>(
  given: string | T | undefined,
  open: (url: string) => Promise<T>,
  beside: () => T | undefined,
): Promise<T> {
  if (typeof given === 'object') return given;
  return given === undefined ? (beside() ?? (await open(DEFAULT_URL))) : await open(given);
}

/** Opens late stores, except on unreachable servers. @throws SelvageError of another problem */
async function openAll({ dataStore }: Backends): Promise<void> {
  for (const store of lateStoresOf(dataStore)) {
    try {
      await store.open();
    } catch (error) {
      if (!isAway(error)) throw error;
    }
  }
}

class OpenLocations {
  readonly #open = new Map<string, Promise<OpenLocation>>();

  /** @param requireReadableStore checks a store that is opened late */
  constructor(
    private readonly projectDir: string,
    private readonly durable: boolean,
    private readonly requireReadableStore: (store: DataStore) => Promise<void>,
  ) {}

  /** A store on a server of its own is opened late. */
  async dataStore(url: string): Promise<DataStore> {
    const { technology, place } = placeOf('data store', url, this.projectDir);
    const open = async (): Promise<DataStore> => (await this.at('data store', url)).dataStore!();
    if (!technology.isServer || this.#open.has(place.key)) return await open();
    return new LateDataStore({
      technology: technology.name,
      open: async () => {
        const store = await open();
        try {
          await this.requireReadableStore(store);
          return store;
        } catch (error) {
          this.#open.delete(place.key);
          await store.close();
          throw error;
        }
      },
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(async (place) => (await place).close()));
  }

  async at(port: Port, url: string): Promise<OpenLocation> {
    const { technology, place } = placeOf(port, url, this.projectDir);
    let open = this.#open.get(place.key);
    if (open === undefined) {
      open = technology.open(place, { durable: this.durable });
      this.#open.set(place.key, open);
      open.catch(() => this.#open.delete(place.key));
    }
    return await open;
  }
}
