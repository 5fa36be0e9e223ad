import { randomUUID } from 'node:crypto';
import type { DataStore, Page, PageOptions, PutStreamOptions, StoredEntry, StoredValue } from '../../ports';
import {
  checkedStream,
  isIntact,
  mayDiffer,
  requireContentHash,
  requireIntact,
} from '../../ports/parts/content-hash';
import { pageByHash } from '../../ports/parts/pages';
import { nodeSha256 } from '../../node/node-sha256';
import { gathered, inOnePiece } from '../../ports/parts/pieces';

const PLACE = "this process's memory";

/**
 * Values in this process's memory, for tests and in-process runs. Bytes are stored without copying: a change after the
 * put shows as damage when reading.
 */
export class InMemoryDataStore implements DataStore {
  readonly technology = 'memory';
  readonly #identity = randomUUID();
  readonly #values = new Map<string, { readonly bytes: Uint8Array; lastPutAt: number }>();

  /** @param now the clock, which tests replace */
  constructor(private readonly now: () => number = Date.now) {}

  async put(values: readonly StoredValue[]): Promise<void> {
    for (const value of values) this.putOne(value);
  }

  /** This method is synchronous, so that a host that commits a hundred thousand knots need not wait either. */
  putOne(value: StoredValue): void {
    requireContentHash(value.hash);
    const before = mayDiffer(value.hash) ? this.#values.get(value.hash)?.bytes : undefined;
    const bytes = before && isIntact(value.hash, before) ? before : value.bytes;
    this.#values.set(value.hash, { bytes, lastPutAt: this.now() });
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
    const bytes = await gathered(source);
    const hash = nameAtEnd?.() ?? `bytes-sha256:${nodeSha256(bytes)}`;
    await this.put([{ hash, bytes }]);
    return { hash, size: bytes.byteLength };
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = this.#values.get(hash)?.bytes;
    return bytes === undefined ? undefined : checkedStream(hash, inOnePiece(bytes), PLACE);
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    const whole = new Set<string>();
    for (const hash of hashes) {
      const value = this.#values.get(hash);
      if (value === undefined) continue;
      value.lastPutAt = this.now();
      if (isIntact(hash, value.bytes)) whole.add(hash);
    }
    return whole;
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
