import { randomUUID } from 'node:crypto';
import type {
  DataStore,
  Page,
  PageOptions,
  PutStreamOptions,
  StoredEntry,
  StoredValue,
} from '../../../protocols';
import { checkedStream, requireContentHash, requireIntact } from '../../shared/content-hash';
import { pageByHash } from '../../shared/pages';
import { nodeSha256 } from '../../shared/node-sha256';
import { inOnePiece } from '../../shared/pieces';

const PLACE = "this process's memory";

/**
 * Values in this process's memory, for tests and in-process runs: gone when the process ends. Bytes are kept as they are
 * given, not copied: whoever puts a value must not change it afterwards (a change is found out on reading, as damage).
 */
export class InMemoryDataStore implements DataStore {
  readonly technology = 'memory';
  readonly #identity = randomUUID();
  readonly #values = new Map<string, { readonly bytes: Uint8Array; lastPutAt: number }>();
  readonly #now: () => number;

  /** @param now the clock, of tests that set it */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    for (const value of values) this.putOne(value);
  }

  /** Nothing here waits, so that a host which commits a hundred thousand knots need not either. */
  putOne(value: StoredValue): void {
    requireContentHash(value.hash);
    // Where it is there already, the same bytes take the place of the same bytes.
    this.#values.set(value.hash, { bytes: value.bytes, lastPutAt: this.#now() });
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    const bytes = this.#values.get(hash)?.bytes;
    if (bytes !== undefined) requireIntact(hash, bytes, PLACE);
    return bytes;
  }

  async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for (const hash of hashes) {
      const bytes = await this.get(hash);
      if (bytes !== undefined) found.set(hash, bytes);
    }
    return found;
  }

  async has(hash: string): Promise<boolean> {
    return this.#values.has(hash);
  }

  async hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return new Set(hashes.filter((hash) => this.#values.has(hash)));
  }

  async putStream(
    source: AsyncIterable<Uint8Array>,
    { nameAtEnd }: PutStreamOptions = {},
  ): Promise<{ hash: string; size: number }> {
    const pieces: Uint8Array[] = [];
    for await (const piece of source) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    const hash = nameAtEnd?.() ?? `bytes-sha256:${nodeSha256(bytes)}`;
    await this.put([{ hash, bytes }]);
    return { hash, size: bytes.byteLength };
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = this.#values.get(hash)?.bytes;
    return bytes === undefined ? undefined : checkedStream(hash, inOnePiece(bytes), PLACE);
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    const present = await this.hasMany(hashes);
    for (const hash of present) this.#values.get(hash)!.lastPutAt = this.#now();
    return present;
  }

  async list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    return pageByHash(
      [...this.#values].map(([hash, { bytes, lastPutAt }]) => ({ hash, size: bytes.byteLength, lastPutAt })),
      options,
    );
  }

  async delete(hash: string): Promise<void> {
    this.#values.delete(hash);
  }

  async deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]> {
    return hashes.filter((hash) => {
      const value = this.#values.get(hash);
      return value !== undefined && value.lastPutAt < since && this.#values.delete(hash);
    });
  }

  async identity(): Promise<string> {
    return this.#identity;
  }

  async close(): Promise<void> {}
}
