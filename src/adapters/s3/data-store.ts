import type { DataStore, Page, PageOptions, PutStreamOptions, StoredEntry, StoredValue } from '../../ports';
import {
  checkedStream,
  isContentHash,
  isSealedName,
  mayDiffer,
  requireContentHash,
  requireIntact,
} from '../../ports/parts/content-hash';
import { firstBytes } from '../../ports/parts/first-bytes';
import { inParallel } from '../../values/in-parallel';
import { getOneByOne, hasOneByOne } from '../../ports/parts/one-by-one';
import { partsOfHash } from '../../values/hash';
import { nodeSha256 } from '../../node/node-sha256';
import { PARALLEL_REQUESTS, type ObjectBody, type ObjectFacts, type S3Bucket } from './bucket';
import { ensureThere, eraseValue, type WriteContext } from './deletion';
import { listValues } from './entries';
import type { ObjectKeys } from './keys';
import { sizeOf, streamOf } from './pointer';
import { readObject } from './read';
import { removeAbandoned, uploadValue } from './upload';
import { inOnePiece } from '../../ports/parts/pieces';
import { isWhole } from '../../ports/parts/whole';

/** A larger value is uploaded in parts, and so is a stream. */
const LARGEST_OBJECT_BYTES = 8 * 1024 * 1024;
const LOOK_FOR_ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

interface Opened {
  readonly bucket: S3Bucket;
  readonly disconnect: () => void;
  readonly keys: ObjectKeys;
  readonly identity: string;
  readonly now: () => number;
}

/**
 * Values as objects of an S3 bucket, or of a compatible server; an object's time is its value's last put. Use
 * `createS3DataStore`, which checks the bucket.
 */
export class S3DataStore implements DataStore {
  readonly technology = 's3';
  readonly #bucket: S3Bucket;
  readonly #keys: ObjectKeys;
  readonly #identity: string;
  readonly #disconnect: () => void;
  readonly #now: () => number;
  #lookedForAbandonedAt: number | undefined;

  /** @internal */
  constructor({ bucket, disconnect, keys, identity, now }: Opened) {
    this.#bucket = bucket;
    this.#keys = keys;
    this.#identity = identity;
    this.#disconnect = disconnect;
    this.#now = now;
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    for (const { hash } of values) requireContentHash(hash);
    const byHash = new Map(values.map((value) => [value.hash, value]));
    const written = new Set<string>();
    await ensureThere(this.#context, byHash.keys(), (hash) => {
      written.add(hash);
      return this.#write(byHash.get(hash)!);
    });
    const found = [...byHash.keys()].filter((hash) => !written.has(hash));
    const whole = await this.#wholeAmong(found);
    for (const hash of found) if (!whole.has(hash)) await this.#write(byHash.get(hash)!);
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    const object = await this.#object(hash);
    if (object === undefined) return undefined;
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#pieces(hash, object)) pieces.push(piece);
    const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    requireIntact(hash, bytes, this.#place);
    return bytes;
  }

  getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    return getOneByOne(this, hashes, PARALLEL_REQUESTS);
  }

  async has(hash: string): Promise<boolean> {
    return isContentHash(hash) && (await this.#bucket.head(this.#keys.value(hash))) !== undefined;
  }

  hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return hasOneByOne(this, hashes, PARALLEL_REQUESTS);
  }

  /** A stream may have up to 80 GB. The upload holds up to 100 MiB in memory: parts in transit, and the next part. */
  async putStream(
    source: AsyncIterable<Uint8Array>,
    { mediaType, nameAtEnd }: PutStreamOptions = {},
  ): Promise<{ hash: string; size: number }> {
    const { bytes, rest } = await firstBytes(source, LARGEST_OBJECT_BYTES);
    const nameOf = (digest: string): string => nameAtEnd?.() ?? `bytes-sha256:${digest}`;
    if (rest !== undefined) return this.#upload(rest, mediaType, nameOf);
    const hash = nameOf(nodeSha256(bytes));
    await this.put([{ hash, bytes, ...(mediaType !== undefined && { mediaType }) }]);
    return { hash, size: bytes.byteLength };
  }

  /** A connection that breaks is replaced by one that continues at the same byte. */
  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    if (!(await this.has(hash))) return undefined;
    return checkedStream(hash, this.#pieces(hash), this.#place);
  }

  async getRange(hash: string, start: number, end: number): Promise<Uint8Array | undefined> {
    const facts = isContentHash(hash) ? await this.#bucket.head(this.#keys.value(hash)) : undefined;
    if (facts === undefined) return undefined;
    const last = Math.min(end, sizeOf(facts));
    if (start >= last) return new Uint8Array();
    const stream = streamOf(facts);
    const key = stream === undefined ? this.#keys.value(hash) : this.#keys.stream(stream);
    const pieces: Uint8Array[] = [];
    for await (const piece of readObject(this.#bucket, key, undefined, { start, end: last }))
      pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    return this.#wholeAmong(await ensureThere(this.#context, hashes.filter(isContentHash)));
  }

  /** S3 guarantees the bytes of streams, so only their size is checked. */
  async #wholeAmong(hashes: Iterable<string>): Promise<Set<string>> {
    const whole = new Set<string>();
    await inParallel(hashes, PARALLEL_REQUESTS, async (hash) => {
      if (isSealedName(hash) || (await this.#isWhole(hash))) whole.add(hash);
    });
    return whole;
  }

  async #isWhole(hash: string): Promise<boolean> {
    const object = await this.#object(hash);
    if (object === undefined) return false;
    const stream = streamOf(object.facts);
    if (stream === undefined)
      return await isWhole(
        { getStream: async () => checkedStream(hash, this.#pieces(hash, object), this.#place) },
        hash,
      );
    object.bytes.destroy();
    return (await this.#bucket.head(this.#keys.stream(stream)))?.size === sizeOf(object.facts);
  }

  list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    return listValues(this.#bucket, this.#keys, options);
  }

  /** Deletes all versions of the value, and fails if that is not allowed. Replicas in other buckets remain. */
  async delete(hash: string): Promise<void> {
    if (isContentHash(hash)) await eraseValue(this.#bucket, this.#keys, hash);
  }

  async deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]> {
    const isOld = ({ modifiedAt }: ObjectFacts): boolean => modifiedAt < since;
    const deleted: string[] = [];
    await inParallel(hashes.filter(isContentHash), PARALLEL_REQUESTS, async (hash) => {
      if (await eraseValue(this.#bucket, this.#keys, hash, isOld)) deleted.push(hash);
    });
    return deleted;
  }

  async identity(): Promise<string> {
    return this.#identity;
  }

  async close(): Promise<void> {
    this.#disconnect();
  }

  get #context(): WriteContext {
    return { bucket: this.#bucket, keys: this.#keys, now: this.#now };
  }

  get #place(): string {
    const { bucket, server } = this.#bucket.place;
    return `the S3 bucket "${bucket}" (${server})`;
  }

  async #object(hash: string): Promise<ObjectBody | undefined> {
    return isContentHash(hash) ? this.#bucket.get(this.#keys.value(hash)) : undefined;
  }

  /** @param begun the body of the value's own object, if already requested */
  async *#pieces(hash: string, begun?: ObjectBody): AsyncGenerator<Uint8Array> {
    const key = this.#keys.value(hash);
    const object = begun ?? (await this.#bucket.get(key));
    const stream = object && streamOf(object.facts);
    if (stream !== undefined) object!.bytes.destroy();
    yield* stream === undefined
      ? readObject(this.#bucket, key, object)
      : readObject(this.#bucket, this.#keys.stream(stream));
  }

  async #write({ hash, bytes, mediaType }: StoredValue): Promise<true> {
    if (bytes.byteLength > LARGEST_OBJECT_BYTES) {
      await this.#upload(inOnePiece(bytes), mediaType, () => hash);
      return true;
    }
    const digest = mayDiffer(hash) ? nodeSha256(bytes) : partsOfHash(hash)!.digits;
    await this.#bucket.put(this.#keys.value(hash), bytes, { mediaType, digest });
    return true;
  }

  async #upload(
    pieces: AsyncIterable<Uint8Array>,
    mediaType: string | undefined,
    hashOf: (digest: string) => string,
  ): Promise<{ hash: string; size: number }> {
    const lookedAt = this.#lookedForAbandonedAt;
    if (lookedAt === undefined || performance.now() - lookedAt > LOOK_FOR_ABANDONED_AFTER_MS) {
      this.#lookedForAbandonedAt = performance.now();
      // A put must not fail because an old leftover was not removed; the next put tries again.
      await removeAbandoned(this.#context).catch(() => (this.#lookedForAbandonedAt = undefined));
    }
    const isDamaged = async (hash: string): Promise<boolean> =>
      !isSealedName(hash) && (await this.has(hash)) && !(await this.#isWhole(hash));
    return uploadValue(this.#context, pieces, mediaType, { hashOf, isDamaged });
  }
}
