import { createHash } from 'node:crypto';
import { SelvageError } from '../../errors';
import type { DataStore, Page, PageOptions, PutStreamOptions, StoredEntry, StoredValue } from '../../ports';
import {
  checkedStream,
  isContentHash,
  isIntact,
  requireContentHash,
  requireIntact,
} from '../../ports/parts/content-hash';
import { batchesOf } from '../../ports/parts/batches';
import { firstBytes } from '../../ports/parts/first-bytes';
import { isTableHash } from '../../values/hash';
import { inParallel } from '../../values/in-parallel';
import { pageAfterHash, pageLimit, pageOfValues } from '../../ports/parts/pages';
import { inOnePiece } from '../../ports/parts/pieces';
import { bufferOf, textOf } from './client-like';
import { ValkeyAdapter } from './adapter';
import { openValkey, type ValkeyOptions } from './open';
import { DELETE, EXIST, HEADER_BYTES, KEEP, LIST, PUT, READ } from './value-scripts';

/** While a server receives a value, it does nothing else; and it keeps all data in memory. */
const LARGEST_VALUE_BYTES = 16 * 1024 * 1024;
/** For larger values than this, and manifests of tables, the server is asked first whether it has them. */
const SENT_UNASKED_BYTES = 16 * 1024;
/** This size limits the duration of one script, since all other commands of the server wait for it. */
const IN_A_SCRIPT = { items: 64, bytes: 1024 * 1024 };
const BATCHES_UNDER_WAY = 4;
const HASHES_IN_A_SCRIPT = 500;
const VALUES_IN_A_READ = 32;

/**
 * Values in a Valkey (or Redis) server, each under its own key. Values over 16 MiB are refused, and media types are not
 * stored. The server's persistence (`appendonly`, `appendfsync`) decides how well an acknowledged put survives.
 */
export class ValkeyDataStore extends ValkeyAdapter implements DataStore {
  readonly #index = this.connection.key('values');
  readonly #base = this.connection.key('value', '');

  /** @throws SelvageError `NotStorable` for a value of more than 16 MiB; then no value is put */
  async put(values: readonly StoredValue[]): Promise<void> {
    for (const { hash, bytes } of values) {
      requireContentHash(hash);
      if (bytes.byteLength > LARGEST_VALUE_BYTES) throw this.#tooLarge(`of ${bytes.byteLength} bytes`, hash);
    }
    const asked = values.filter(
      ({ hash, bytes }) => isTableHash(hash) || bytes.byteLength > SENT_UNASKED_BYTES,
    );
    const kept = await this.keep(asked.map(({ hash }) => hash));
    const missing = values.filter(({ hash }) => !kept.has(hash));
    const batches = batchesOf(missing, IN_A_SCRIPT, ({ bytes }) => bytes.byteLength);
    await inParallel(batches, BATCHES_UNDER_WAY, (batch) => this.#putBatch(batch));
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return (await this.getMany([hash])).get(hash);
  }

  async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    await this.#read(hashes, (hash, bytes) => {
      requireIntact(hash, bytes, this.#place);
      // The bytes are copied, so that a small value does not keep the whole network buffer in memory.
      found.set(hash, Uint8Array.prototype.slice.call(bytes));
    });
    return found;
  }

  async has(hash: string): Promise<boolean> {
    return (await this.hasMany([hash])).has(hash);
  }

  hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return this.#those(hashes, (group) => this.connection.run(EXIST, this.#keysOf(group), []));
  }

  /** @throws SelvageError `NotStorable` for a stream of more than 16 MiB */
  async putStream(
    source: AsyncIterable<Uint8Array>,
    { nameAtEnd }: PutStreamOptions = {},
  ): Promise<{ hash: string; size: number }> {
    const { bytes, rest } = await firstBytes(source, LARGEST_VALUE_BYTES);
    if (rest !== undefined) {
      // Without a first read, the generator has not begun, and its end would not run its cleanup.
      const reader = rest[Symbol.asyncIterator]();
      await reader.next();
      await reader.return?.();
      throw this.#tooLarge(`of more than ${LARGEST_VALUE_BYTES} bytes`);
    }
    const hash = nameAtEnd?.() ?? `bytes-sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await this.put([{ hash, bytes }]);
    return { hash, size: bytes.byteLength };
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    let stream: AsyncIterable<Uint8Array> | undefined;
    await this.#read([hash], (_, bytes) => {
      stream = checkedStream(hash, inOnePiece(bytes), this.#place);
    });
    return stream;
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    const kept = await this.#those(hashes, (group) => this.#run(KEEP, group, this.connection.settings.ttl));
    const whole = new Set<string>();
    await this.#read([...kept], (hash, bytes) => {
      if (isIntact(hash, bytes)) whole.add(hash);
    });
    return whole;
  }

  async list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    const limit = pageLimit(options);
    let after = pageAfterHash(options);
    const found: StoredEntry[] = [];
    for (let complete = false; !complete && found.length <= limit;) {
      const reply = await this.connection.run(
        LIST,
        [this.#index, this.#base],
        [after, limit + 1 - found.length],
      );
      const [isComplete, last, ...fields] = reply as [number, Buffer, ...Buffer[]];
      for (let index = 0; index + 2 < fields.length; index += 3) {
        const [hash, size, lastPutAt] = fields.slice(index, index + 3).map(textOf);
        found.push({ hash: hash!, size: Number(size), lastPutAt: Number(lastPutAt) });
      }
      complete = isComplete === 1;
      after = textOf(last);
    }
    return pageOfValues(found, limit);
  }

  async delete(hash: string): Promise<void> {
    await this.deleteUnlessPutSince([hash], Infinity);
  }

  async deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]> {
    const before = since === Infinity ? 'inf' : since;
    return [...(await this.#those(hashes, (group) => this.#run(DELETE, group, before)))];
  }

  get #place(): string {
    return `the Valkey server ${this.connection.place}`;
  }

  async #putBatch(batch: readonly StoredValue[]): Promise<void> {
    const pairs = batch.flatMap(({ hash, bytes }) => [hash, bufferOf(bytes)]);
    const keys = [this.#index, ...this.#keysOf(batch.map(({ hash }) => hash))];
    await this.connection.run(PUT, keys, [this.connection.settings.ttl, ...pairs]);
  }

  #run(script: typeof KEEP, hashes: readonly string[], argument: string | number): Promise<unknown> {
    return this.connection.run(script, [this.#index, ...this.#keysOf(hashes)], [argument, ...hashes]);
  }

  #keysOf(hashes: readonly string[]): string[] {
    return hashes.map((hash) => this.#base + hash);
  }

  async #read(hashes: readonly string[], take: (hash: string, bytes: Uint8Array) => void): Promise<void> {
    await inParallel(groupsOf(hashes, VALUES_IN_A_READ), BATCHES_UNDER_WAY, async (group) => {
      for (let rest = group; rest.length > 0;) {
        const answer = (await this.connection.run(READ, this.#keysOf(rest), [])) as unknown[];
        for (const [position, found] of answer.entries())
          if (Buffer.isBuffer(found)) take(rest[position]!, found.subarray(HEADER_BYTES));
        rest = rest.slice(answer.length);
      }
    });
  }

  /** The hashes for which the script `ask` answers 1. */
  async #those(
    hashes: readonly string[],
    ask: (group: readonly string[]) => Promise<unknown>,
  ): Promise<Set<string>> {
    const found = new Set<string>();
    await inParallel(groupsOf(hashes, HASHES_IN_A_SCRIPT), BATCHES_UNDER_WAY, async (group) => {
      const answers = (await ask(group)) as number[];
      for (const [position, hash] of group.entries()) if (answers[position] === 1) found.add(hash);
    });
    return found;
  }

  #tooLarge(size: string, hash?: string): SelvageError {
    return new SelvageError(
      'NotStorable',
      `A value ${size} is more than Selvage puts into a Valkey server: at most ${LARGEST_VALUE_BYTES} bytes. Let large values go to S3 or to a ` +
        `disk, by SELVAGE_DATA_LARGE or a BySizeDataStore over ${this.#place}.`,
      { details: { server: this.connection.place, ...(hash !== undefined && { hash }) } },
    );
  }
}

/** Groups hashes, without duplicates and invalid hashes. */
function groupsOf(hashes: readonly string[], size: number): string[][] {
  const known = [...new Set(hashes)].filter(isContentHash);
  const groups: string[][] = [];
  for (let start = 0; start < known.length; start += size) groups.push(known.slice(start, start + size));
  return groups;
}

/** Throws `InvalidUrl`, `MissingPackage`, `BackendUnavailable`. */
export async function createValkeyDataStore(options: ValkeyOptions): Promise<ValkeyDataStore> {
  return new ValkeyDataStore(await openValkey(options));
}
