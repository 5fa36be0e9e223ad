import type {
  DataStore,
  Page,
  PageOptions,
  PutStreamOptions,
  StoredEntry,
  StoredValue,
} from '../../../protocols';
import { checkedStream, isContentHash, requireContentHash, requireIntact } from '../../shared/content-hash';
import { inParallel } from '../../shared/in-parallel';
import { pageAfterHash, pageLimit, pageOfValues } from '../../shared/pages';
import {
  bufferOf,
  openValkey,
  textOf,
  type ValkeyClientLike,
  type ValkeyConnection,
  type ValkeyOptions,
} from '../../shared/valkey';
import { batchesOf } from './batches';
import { readChunks, upload, type ValueKeys } from './chunks';
import { CHUNK_BYTES, readRecord, type Manifest } from './record';
import { DELETE, EXIST, KEEP, LIST, PUT } from './scripts';
import { inOnePiece } from '../../shared/pieces';

export type { ValkeyClientLike, ValkeyOptions };

/** Larger ones are looked for before their bytes are sent. */
const SENT_UNASKED_BYTES = 16 * 1024;
const BATCHES_UNDER_WAY = 4;
const HASHES_IN_A_SCRIPT = 500;
const VALUES_IN_A_READ = 32;

/**
 * Values in a Valkey (or Redis) server: each under a key of its own, those of more than 1 MiB and streams in chunks of that size. Media
 * types are not kept. A put that was answered survives as much as the server's own persistence gives (`appendonly`, `appendfsync`).
 */
export class ValkeyDataStore implements DataStore {
  readonly technology = 'valkey';
  readonly #connection: ValkeyConnection;
  readonly #keys: ValueKeys;

  /** Closing the store closes the connection with it. */
  constructor(connection: ValkeyConnection) {
    this.#connection = connection;
    const base = connection.key('value', '');
    this.#keys = {
      index: connection.key('values'),
      chunk: connection.key('chunk', ''),
      value: (hash) => base + hash,
    };
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    for (const { hash } of values) requireContentHash(hash);
    const asked = values.filter(({ bytes }) => bytes.byteLength > SENT_UNASKED_BYTES);
    const kept = await this.keep(asked.map(({ hash }) => hash));
    const missing = kept.size === 0 ? values : values.filter(({ hash }) => !kept.has(hash));
    const small = missing.filter(({ bytes }) => bytes.byteLength <= CHUNK_BYTES);
    await inParallel(batchesOf(small), BATCHES_UNDER_WAY, (batch) => this.#putBatch(batch));
    for (const { hash, bytes } of missing)
      if (bytes.byteLength > CHUNK_BYTES)
        await upload(this.#connection, this.#keys, inOnePiece(bytes), () => hash);
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return (await this.getMany([hash])).get(hash);
  }

  async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    await inParallel(groupsOf(hashes, VALUES_IN_A_READ), BATCHES_UNDER_WAY, async (group) => {
      const stored = (await this.#connection.command('mget', ...group.map(this.#keys.value))) as unknown[];
      for (const [position, hash] of group.entries()) {
        const bytes = await this.#whole(hash, stored[position]);
        if (bytes === undefined) continue;
        requireIntact(hash, bytes, this.#place);
        found.set(hash, bytes);
      }
    });
    return found;
  }

  async has(hash: string): Promise<boolean> {
    return (await this.hasMany([hash])).has(hash);
  }

  hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return this.#those(hashes, (group) => this.#connection.run(EXIST, group.map(this.#keys.value), []));
  }

  putStream(
    source: AsyncIterable<Uint8Array>,
    { nameAtEnd }: PutStreamOptions = {},
  ): Promise<{ hash: string; size: number }> {
    const nameOf = (digest: string): string => nameAtEnd?.() ?? `bytes-sha256:${digest}`;
    return upload(this.#connection, this.#keys, source, nameOf);
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    if (!isContentHash(hash)) return undefined;
    const stored = await this.#connection.command('get', this.#keys.value(hash));
    if (!Buffer.isBuffer(stored)) return undefined;
    const record = readRecord(stored);
    const pieces = 'bytes' in record ? inOnePiece(record.bytes) : this.#chunks(record.manifest);
    return checkedStream(hash, pieces, this.#place);
  }

  keep(hashes: readonly string[]): Promise<Set<string>> {
    return this.#those(hashes, (group) => this.#run(KEEP, group, this.#connection.settings.ttl));
  }

  async list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    const limit = pageLimit(options);
    let after = pageAfterHash(options);
    const found: StoredEntry[] = [];
    for (let complete = false; !complete && found.length <= limit;) {
      const keys = [this.#keys.index, this.#keys.value('')];
      const reply = await this.#connection.run(LIST, keys, [after, limit + 1 - found.length]);
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

  identity(): Promise<string> {
    return this.#connection.identity();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  get #place(): string {
    return `the Valkey server ${this.#connection.place}`;
  }

  async #putBatch(batch: readonly StoredValue[]): Promise<void> {
    const keys = batch.map(({ hash }) => this.#keys.value(hash));
    const pairs = batch.flatMap(({ hash, bytes }) => [hash, bufferOf(bytes)]);
    await this.#connection.run(PUT, this.#beside(keys), [this.#connection.settings.ttl, ...pairs]);
  }

  #run(script: typeof KEEP, hashes: readonly string[], argument: string | number): Promise<unknown> {
    return this.#connection.run(script, this.#beside(hashes.map(this.#keys.value)), [argument, ...hashes]);
  }

  #beside(keys: readonly string[]): string[] {
    return [this.#keys.index, this.#keys.chunk, ...keys];
  }

  /** Those for which `ask` answers 1. */
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

  #chunks(manifest: Manifest): AsyncGenerator<Uint8Array> {
    return readChunks(this.#connection, this.#keys, manifest);
  }

  /** Where a chunk is missing, the value is looked at again: it may have been deleted, or put anew. */
  async #whole(hash: string, stored: unknown): Promise<Uint8Array | undefined> {
    for (let upload: string | undefined; Buffer.isBuffer(stored);) {
      const record = readRecord(stored);
      if ('bytes' in record) return record.bytes;
      const { manifest } = record;
      const pieces: Uint8Array[] = [];
      for await (const piece of this.#chunks(manifest)) pieces.push(piece);
      if (pieces.length === manifest.chunks || manifest.upload === upload) return Buffer.concat(pieces);
      upload = manifest.upload;
      stored = await this.#connection.command('get', this.#keys.value(hash));
    }
    return undefined;
  }
}

/** Each once, without what is no hash. */
function groupsOf(hashes: readonly string[], size: number): string[][] {
  const known = [...new Set(hashes)].filter(isContentHash);
  const groups: string[][] = [];
  for (let start = 0; start < known.length; start += size) groups.push(known.slice(start, start + size));
  return groups;
}

/** Errors: `InvalidUrl`, `MissingPackage`, `BackendUnavailable`. */
export async function createValkeyDataStore(options: ValkeyOptions): Promise<ValkeyDataStore> {
  return new ValkeyDataStore(await openValkey(options));
}
