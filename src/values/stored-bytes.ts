import { SelvageError } from '../errors';
import { isBytesHash, isHash } from './hash';

const STORED_BYTES = Symbol.for('selvage.stored-bytes');

/**
 * A reference to bytes in the data store. `ctx.store(…)` returns a reference, a body may return it, whole or in a
 * value, and `ctx.open(…)` reads the bytes. Only the reference is encoded and hashed; its hash stands for the bytes.
 */
export class StoredBytes {
  /** The hash `bytes-sha256:…`, with the digest that `sha256sum` prints. */
  readonly hash: string;
  /** In bytes. */
  readonly size: number;
  /** The media type, such as `text/csv`; absent if none was given. */
  readonly mediaType?: string;

  constructor(reference: { readonly hash: string; readonly size: number; readonly mediaType?: string }) {
    const { hash, size, mediaType } = reference;
    if (!isHash(hash) || !isBytesHash(hash) || !Number.isSafeInteger(size) || size < 0) {
      throw new SelvageError(
        'InvalidConfig',
        `A reference to stored bytes needs a bytes-sha256 hash and a size, not ${String(hash)} and ${String(size)}. Use what ctx.store() answers.`,
        { details: { hash, size, reason: 'WrongValue' } },
      );
    }
    this.hash = hash;
    this.size = size;
    if (mediaType !== undefined) this.mediaType = mediaType;
    Object.defineProperty(this, STORED_BYTES, { value: true });
  }

  /** Whether the value is a reference of any realm and copy of the package. */
  static is(value: unknown): value is StoredBytes {
    return (
      typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[STORED_BYTES] === true
    );
  }
}
