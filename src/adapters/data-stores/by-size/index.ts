import { createHash } from 'node:crypto';
import type {
  DataStore,
  Page,
  PageOptions,
  PutStreamOptions,
  StoredEntry,
  StoredValue,
} from '../../../protocols';
import { firstBytes } from '../../shared/first-bytes';
import { notACursor, pageLimit } from '../../shared/pages';
import { inOnePiece } from '../../shared/pieces';

/** Larger values go to the other store, if nothing else is said. */
export const LARGE_VALUE_BYTES = 64 * 1024;

/** What the cursors of the two listings begin with. */
const SMALL = 'small:';
const LARGE = 'large:';

export interface BySizeDataStoreOptions {
  /** For values up to the limit; best in the database of the run history, whose transaction they share then. */
  readonly small: DataStore;
  /** For larger ones. */
  readonly large: DataStore;
  /** The size in bytes of the largest value that the small store gets. Default 65,536. It may be changed at any time. */
  readonly limit?: number;
}

/**
 * Small values in one store and large ones in another. A value is looked for in both, first among the small ones: processes with different
 * limits find what the others put.
 */
export class BySizeDataStore implements DataStore {
  readonly technology = 'by-size';
  readonly small: DataStore;
  readonly large: DataStore;
  readonly #limit: number;

  /** Closing the store closes both. */
  constructor({ small, large, limit = LARGE_VALUE_BYTES }: BySizeDataStoreOptions) {
    this.small = small;
    this.large = large;
    this.#limit = limit;
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    await this.small.put(await this.putLarge(values));
  }

  /** Puts the large ones, and answers the others. */
  async putLarge(values: readonly StoredValue[]): Promise<readonly StoredValue[]> {
    const isLarge = ({ bytes }: StoredValue): boolean => bytes.byteLength > this.#limit;
    const large = values.filter(isLarge);
    if (large.length === 0) return values;
    await this.large.put(large);
    return values.filter((value) => !isLarge(value));
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

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return (await this.small.getStream(hash)) ?? (await this.large.getStream(hash));
  }

  keep(hashes: readonly string[]): Promise<Set<string>> {
    return this.#inBoth(hashes, (store, some) => store.keep(some));
  }

  /** First the small ones; one that is in both, because the limit was changed, is among those. */
  async list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    const limit = pageLimit(options);
    const { cursor = SMALL } = options;
    if (cursor.startsWith(LARGE)) return this.#listLarge(limit, cursor.slice(LARGE.length));
    if (!cursor.startsWith(SMALL)) throw notACursor(cursor);
    const small = await this.small.list(pageOptions(limit, cursor.slice(SMALL.length)));
    if (small.cursor !== undefined) return { items: small.items, cursor: `${SMALL}${small.cursor}` };
    if (small.items.length === limit) return { items: small.items, cursor: LARGE };
    const large = await this.#listLarge(limit - small.items.length, '');
    return { ...large, items: [...small.items, ...large.items] };
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
    const deleted = new Set([
      ...(await this.small.deleteUnlessPutSince(hashes, since)),
      ...(await this.large.deleteUnlessPutSince(hashes, since)),
    ]);
    // One that was in both may have been put since in one of them.
    const left = await this.hasMany([...deleted]);
    return [...deleted].filter((hash) => !left.has(hash));
  }

  async purge(): Promise<void> {
    await this.small.purge?.();
    await this.large.purge?.();
  }

  /** Equal for all who have the same two stores. */
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
