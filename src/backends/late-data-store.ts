import type { DataStore, Page, PageOptions, PutStreamOptions, StoredEntry, StoredValue } from '../ports';

/** For this long after a failed opening, nobody waits for another: a server that does not answer costs 10 s each time. */
const OPEN_AGAIN_AFTER_MS = 2_000;

export interface LateDataStoreOptions {
  readonly technology: string;
  /** Opens the store; called again after a failure. */
  readonly open: () => Promise<DataStore>;
  /** Milliseconds after a failed opening during which all calls fail likewise. Default 2,000. */
  readonly openAgainAfterMs?: number;
}

/**
 * A data store that is opened by the first call that needs it. Work that needs none of its values continues while its server is
 * unreachable, and each call that needs one reports why it cannot be opened.
 */
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

  /** Why the last opening failed; undefined if it is open or has not been needed yet. */
  get failure(): unknown {
    return this.#store ? undefined : this.#failure?.error;
  }

  /** The store itself. Concurrent calls share one opening, and its rejection. */
  async open(): Promise<DataStore> {
    if (this.#store) return this.#store;
    const failure = this.#failure;
    if (failure && performance.now() - failure.at < this.#openAgainAfterMs) throw failure.error;
    return await (this.#opening ??= this.#begin().finally(() => (this.#opening = undefined)));
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    if (values.length > 0) await (await this.open()).put(values);
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return await (await this.open()).get(hash);
  }

  async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    return await (await this.open()).getMany(hashes);
  }

  async has(hash: string): Promise<boolean> {
    return await (await this.open()).has(hash);
  }

  async hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return await (await this.open()).hasMany(hashes);
  }

  async putStream(
    source: AsyncIterable<Uint8Array>,
    options?: PutStreamOptions,
  ): Promise<{ hash: string; size: number }> {
    return await (await this.open()).putStream(source, options);
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return await (await this.open()).getStream(hash);
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    return await (await this.open()).keep(hashes);
  }

  async list(options?: PageOptions): Promise<Page<StoredEntry>> {
    return await (await this.open()).list(options);
  }

  async delete(hash: string): Promise<void> {
    await (await this.open()).delete(hash);
  }

  async deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]> {
    return await (await this.open()).deleteUnlessPutSince(hashes, since);
  }

  async purge(): Promise<void> {
    await (await this.open()).purge?.();
  }

  /** After a failed opening, does not wait for another, which may take 10 s: every run that begins asks for the identity. */
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
