import { LRUCache } from 'lru-cache';
import { gathered } from '../../ports/parts/pieces';
import { parseS3Address, shownS3Address } from './address';
import type { ObjectBody, S3Bucket } from './bucket';
import { connectBucket } from './connect';
import { unreadableFile } from './errors';
import { readObject } from './read';

/** A reader may ask for the same part several times. */
const REMEMBERED_BYTES = 256 * 1024 * 1024;

/**
 * One object of a bucket, by an address in the form of a data store. Nothing is loaded or asked before `open`.
 *
 * @throws SelvageError `UnreadableFile`, `InvalidUrl` for an address that is malformed
 */
export function s3Object(address: string): {
  /** The address without secrets. */
  readonly name: string;
  /** @throws SelvageError `UnreadableFile`; `BackendUnavailable` if a retry may help; `MissingPackage` */
  open(): Promise<S3ObjectFile>;
} {
  const options = parseS3Address(address);
  if (!options?.prefix || address.includes('#'))
    throw unreadableFile(
      's3://…',
      'its address must be s3://BUCKET/KEY?endpoint=…&region=…&pathStyle=true, with # and ? in the key as %23 and %3F.',
    );
  const name = shownS3Address(options);
  return {
    name,
    async open() {
      const { bucket, disconnect } = connectBucket(options, name);
      try {
        // `head` would not tell a missing bucket from a missing object.
        const begun = await bucket.get(options.prefix, 0, { end: 1 });
        if (!begun) throw unreadableFile(name, 'the bucket has no such object. Check its key.');
        return new S3ObjectFile(bucket, options.prefix, begun, disconnect);
      } catch (error) {
        disconnect();
        throw error;
      }
    },
  };
}

/** It is read whole, or in parts, and must be closed. An object that is changed meanwhile is refused. */
export class S3ObjectFile {
  readonly size: number;
  readonly #tag: { readonly tag?: string };
  readonly #parts = new LRUCache<string, ArrayBuffer>({
    maxSize: REMEMBERED_BYTES,
    sizeCalculation: ({ byteLength }) => byteLength || 1,
  });
  readonly #bucket: S3Bucket;
  readonly #key: string;
  readonly close: () => void;

  constructor(bucket: S3Bucket, key: string, { facts, bytes }: ObjectBody, close: () => void) {
    this.#bucket = bucket;
    this.#key = key;
    this.size = facts.wholeSize;
    this.#tag = facts.tag === undefined ? {} : { tag: facts.tag };
    this.close = close;
    bytes.destroy();
  }

  stream(): AsyncIterable<Uint8Array> {
    return readObject(this.#bucket, this.#key, undefined, { start: 0, ...this.#tag });
  }

  /** The bytes from `start` up to, and without, `end`. */
  async slice(start: number, end: number): Promise<ArrayBuffer> {
    const part = `${start}-${end}`;
    const known = this.#parts.get(part);
    if (known) return known.slice(0);
    const range = { start, end, ...this.#tag };
    const { buffer } = new Uint8Array(await gathered(readObject(this.#bucket, this.#key, undefined, range)));
    this.#parts.set(part, buffer);
    return buffer.slice(0);
  }
}
