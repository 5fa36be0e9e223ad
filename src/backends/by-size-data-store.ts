import { createHash } from 'node:crypto';
import type {
  DataStore,
  Page,
  PageOptions,
  PutStreamOptions,
  StoredEntry,
  StoredStream,
  StoredValue,
} from '../ports';
import { isAway } from '../errors';
import type { ComposedDataStore } from '../ports/parts/composed-stores';
import { firstBytes } from '../ports/parts/first-bytes';
import { notACursor, pageLimit } from '../ports/parts/pages';
import { inOnePiece } from '../ports/parts/pieces';
import { isTableHash } from '../values/hash';

const LARGE_VALUE_BYTES = 64 * 1024;

const SMALL = 'small:';
const LARGE = 'large:';

interface BySizeDataStoreOptions {
  /** The store for values up to the limit, best in the database of the run history, to share its transactions. */
  readonly small: DataStore;
  readonly large: DataStore;
  /** Size in bytes of the largest value for the small store. Default 65,536. The limit may be changed at any time. */
  readonly limit?: number;
}

/** Reads try the small store first, so processes with different limits find each other's values. */
export class BySizeDataStore implements ComposedDataStore {
  readonly technology = 'by-size';
  readonly small: DataStore;
  readonly large: DataStore;
  readonly #limit: number;

  constructor({ small, large, limit = LARGE_VALUE_BYTES }: BySizeDataStoreOptions) {
    this.small = small;
    this.large = large;
    this.#limit = limit;
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    await this.small.put(await this.putLarge(values));
  }

  async putLarge(values: readonly StoredValue[]): Promise<readonly StoredValue[]> {
    // All manifests of a table lie in one store, where the first one stays.
    const isLarge = ({ hash, bytes }: StoredValue): boolean =>
      !isTableHash(hash) && this.partFor(bytes.byteLength) === this.large;
    const large = values.filter(isLarge);
    if (large.length === 0) return values;
    await this.large.put(large);
    return values.filter((value) => !isLarge(value));
  }

  get parts(): readonly DataStore[] {
    return [this.small, this.large];
  }

  partFor(size: number): DataStore {
    return size > this.#limit ? this.large : this.small;
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return (await this.small.get(hash)) ?? (await this.large.get(hash));
  }

  async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = await this.small.getMany(hashes);
    const missing = hashes.filter((hash) => !found.has(hash));
    if (missing.length === 0) return found;
    return new Map([...found, ...(await this.large.getMany(missing))]);
  }

  async has(hash: string): Promise<boolean> {
    return (await this.small.has(hash)) || (await this.large.has(hash));
  }

  hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return this.#inBoth(hashes, (store, some) => store.hasMany(some));
  }

  async putStream(
    source: AsyncIterable<Uint8Array>,
    options: PutStreamOptions = {},
  ): Promise<{ hash: string; size: number }> {
    const { bytes, rest } = await firstBytes(source, this.#limit);
    if (rest !== undefined) return this.large.putStream(rest, options);
    return this.small.putStream(inOnePiece(bytes), options);
  }

  async getStream(hash: string): Promise<StoredStream | undefined> {
    return (await this.small.getStream(hash)) ?? (await this.large.getStream(hash));
  }

  async getRange(hash: string, start: number, end: number): Promise<Uint8Array | undefined> {
    const small = await this.small.getRange?.(hash, start, end);
    return small ?? (await this.large.getRange?.(hash, start, end));
  }

  keep(hashes: readonly string[]): Promise<Set<string>> {
    return this.#inBoth(hashes, (store, some) => store.keep(some));
  }

  /** Lists the small store first. A value of the large store is omitted if a changed limit left it in both. */
  async list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    const limit = pageLimit(options);
    const { cursor = SMALL } = options;
    if (cursor.startsWith(LARGE)) return this.#listLarge(limit, cursor.slice(LARGE.length));
    if (!cursor.startsWith(SMALL)) throw notACursor(cursor);
    const small = await this.small.list(pageOptions(limit, cursor.slice(SMALL.length)));
    if (small.cursor !== undefined) return { items: small.items, cursor: `${SMALL}${small.cursor}` };
    if (small.items.length === limit) return { items: small.items, cursor: LARGE };
    try {
      const large = await this.#listLarge(limit - small.items.length, '');
      return { ...large, items: [...small.items, ...large.items] };
    } catch (error) {
      // The small store is listed completely even while the other is unreachable.
      if (isAway(error) && small.items.length > 0) return { items: small.items, cursor: LARGE };
      throw error;
    }
  }

  async #listLarge(limit: number, after: string): Promise<Page<StoredEntry>> {
    const { items, cursor } = await this.large.list(pageOptions(limit, after));
    const twice = await this.small.hasMany(items.map(({ hash }) => hash));
    return {
      items: items.filter(({ hash }) => !twice.has(hash)),
      ...(cursor !== undefined && { cursor: `${LARGE}${cursor}` }),
    };
  }

  async delete(hash: string): Promise<void> {
    await this.small.delete(hash);
    await this.large.delete(hash);
  }

  async deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]> {
    const small = await this.small.deleteUnlessPutSince(hashes, since);
    let large: readonly string[];
    try {
      large = await this.large.deleteUnlessPutSince(hashes, since);
    } catch (error) {
      // Copies in the large store are then listed separately, and removed another time.
      if (isAway(error) && small.length > 0) return small;
      throw error;
    }
    const deleted = new Set([...small, ...large]);
    // A value that is in both stores may have been put again in one of them.
    const left = await this.hasMany([...deleted]);
    return [...deleted].filter((hash) => !left.has(hash));
  }

  async purge(): Promise<void> {
    await this.small.purge?.();
    await this.large.purge?.();
  }

  /** The identity is the same for everyone who uses the same two stores. */
  async identity(): Promise<string> {
    const both = `${await this.small.identity()}\n${await this.large.identity()}`;
    return createHash('sha256').update(both).digest('hex');
  }

  async close(): Promise<void> {
    await Promise.all([this.small.close(), this.large.close()]);
  }

  async #inBoth(
    hashes: readonly string[],
    ask: (store: DataStore, some: readonly string[]) => Promise<Set<string>>,
  ): Promise<Set<string>> {
    const found = await ask(this.small, hashes);
    const missing = hashes.filter((hash) => !found.has(hash));
    if (missing.length === 0) return found;
    return new Set([...found, ...(await ask(this.large, missing))]);
  }
}

function pageOptions(limit: number, after: string): PageOptions {
  return { limit, ...(after !== '' && { cursor: after }) };
}
