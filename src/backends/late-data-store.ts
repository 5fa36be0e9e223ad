import type { DataStore, StoredValue } from '../ports';

/** Pause after a failed opening: a server that does not answer costs 10 s each time. */
const OPEN_AGAIN_AFTER_MS = 2_000;

interface LateDataStoreOptions {
  readonly technology: string;
  readonly open: () => Promise<DataStore>;
  /** Milliseconds after a failed opening during which all calls fail likewise. Default 2,000. */
  readonly openAgainAfterMs?: number;
}

type Forwarded = Exclude<keyof DataStore, 'technology' | 'put' | 'purge' | 'getRange' | 'identity' | 'close'>;

/** A store that opens at its first use. While its server is unreachable, only calls that need its values fail. */
export class LateDataStore implements DataStore {
  readonly technology: string;
  readonly #openStore: () => Promise<DataStore>;
  readonly #openAgainAfterMs: number;
  #store: DataStore | undefined;
  #opening: Promise<DataStore> | undefined;
  #failure: { readonly error: unknown; readonly at: number } | undefined;
  #isClosed = false;

  constructor({ technology, open, openAgainAfterMs = OPEN_AGAIN_AFTER_MS }: LateDataStoreOptions) {
    this.technology = technology;
    this.#openStore = open;
    this.#openAgainAfterMs = openAgainAfterMs;
  }

  get isOpen(): boolean {
    return this.#store !== undefined;
  }

  /** The error of the last failed opening; undefined if the store is open or has not been needed yet. */
  get failure(): unknown {
    return this.#store ? undefined : this.#failure?.error;
  }

  /** Concurrent calls share one opening, and its rejection. */
  async open(): Promise<DataStore> {
    if (this.#store) return this.#store;
    const failure = this.#failure;
    if (failure && performance.now() - failure.at < this.#openAgainAfterMs) throw failure.error;
    return await (this.#opening ??= this.#begin().finally(() => (this.#opening = undefined)));
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    if (values.length > 0) await (await this.open()).put(values);
  }

  readonly get = this.#whenOpen('get');
  readonly getMany = this.#whenOpen('getMany');
  readonly has = this.#whenOpen('has');
  readonly hasMany = this.#whenOpen('hasMany');
  readonly putStream = this.#whenOpen('putStream');
  readonly getStream = this.#whenOpen('getStream');
  readonly keep = this.#whenOpen('keep');
  readonly list = this.#whenOpen('list');
  readonly delete = this.#whenOpen('delete');
  readonly deleteUnlessPutSince = this.#whenOpen('deleteUnlessPutSince');

  async getRange(hash: string, start: number, end: number): Promise<Uint8Array | undefined> {
    return await (await this.open()).getRange?.(hash, start, end);
  }

  async purge(): Promise<void> {
    await (await this.open()).purge?.();
  }

  /** Every run asks for the identity at its beginning, so it does not wait again after a failed opening (10 s). */
  async identity(): Promise<string> {
    if (!this.#store && this.#failure) {
      const { error } = this.#failure;
      this.open().catch(() => undefined);
      throw error;
    }
    return await (await this.open()).identity();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => undefined);
    await this.#store?.close();
  }

  #whenOpen<Name extends Forwarded>(name: Name): DataStore[Name] {
    const call = async (...given: readonly unknown[]): Promise<unknown> => {
      const store = await this.open();
      return await Reflect.apply(store[name], store, given);
    };
    return call as DataStore[Name];
  }

  async #begin(): Promise<DataStore> {
    try {
      const store = await this.#openStore();
      if (this.#isClosed) await store.close();
      else this.#store = store;
      return store;
    } catch (error) {
      this.#failure = { error, at: performance.now() };
      throw error;
    }
  }
}
