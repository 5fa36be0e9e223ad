import { createHash } from 'node:crypto';
import { SelvageError } from '../../errors';
import { nodeSha256 } from '../../node/node-sha256';

const HASH = /^(?:bytes-)?sha256:[0-9a-f]{64}$/;
const SEALED = /^sealed:[0-9a-f]{96}$/;

/** Whether a text can name a stored value: a content hash, or the name of sealed bytes. */
export function isContentHash(hash: string): boolean {
  return HASH.test(hash) || isSealedName(hash);
}

/** Whether a hash names encrypted bytes, which only the holder of their key can check. */
export function isSealedName(hash: string): boolean {
  return SEALED.test(hash);
}

const NAME = /^((?:bytes-)?sha256(?=-[0-9a-f]{64}$)|sealed(?=-[0-9a-f]{96}$))-([0-9a-f]+)$/;

/** The value's name where a colon is not allowed, as in file names. */
export function valueName(hash: string): string {
  return hash.replace(':', '-');
}

/** The hash with this {@link valueName}, or undefined. */
export function hashOfName(name: string | undefined): string | undefined {
  const match = NAME.exec(name ?? '');
  return match === null ? undefined : `${match[1]}:${match[2]}`;
}

/** Refuses to store a value under a name that no reader could check. */
export function requireContentHash(hash: string): void {
  if (isContentHash(hash)) return;
  throw new SelvageError(
    'ValueDamaged',
    `Cannot store a value under ${JSON.stringify(hash)}: it is not a content hash (sha256:… or bytes-sha256:… with 64 hexadecimal digits) nor the name of a sealed value.`,
    { details: { hash } },
  );
}

/** Sealed bytes pass this check, as checking them takes the key. */
export function isIntact(hash: string, bytes: Uint8Array): boolean {
  return isSealedName(hash) || digestIn(hash) === nodeSha256(bytes);
}

function digestIn(hash: string): string {
  return hash.slice(hash.indexOf(':') + 1);
}

/**
 * Throws `ValueDamaged` if bytes do not match their hash, which is the SHA-256 of the stored bytes in either kind.
 * Sealed bytes pass this check, because opening them checks them.
 */
export function requireIntact(hash: string, bytes: Uint8Array, place: string): void {
  if (isSealedName(hash)) return;
  requireDigest(hash, nodeSha256(bytes), place);
}

function requireDigest(hash: string, digest: string, place: string): void {
  if (digestIn(hash) === digest) return;
  throw new SelvageError(
    'ValueDamaged',
    `The value ${hash} in ${place} is damaged: its bytes have the hash ${digest}. Restore it from a backup, or delete it and run again the knot that made it.`,
    { details: { hash, digest, place } },
  );
}

/** Passes pieces on; at their end, their number of bytes and their SHA-256 in hexadecimal digits are known. */
export class DigestedStream {
  size = 0;
  readonly #digest = createHash('sha256');
  #sha256: string | undefined;

  constructor(private readonly source: AsyncIterable<Uint8Array>) {}

  async *pieces(): AsyncGenerator<Uint8Array> {
    for await (const piece of this.source) {
      this.#digest.update(piece);
      this.size += piece.byteLength;
      yield piece;
    }
  }

  get sha256(): string {
    return (this.#sha256 ??= this.#digest.digest('hex'));
  }
}

/** Passes pieces on, and throws `ValueDamaged` at the end if they do not match the hash. */
export async function* checkedStream(
  hash: string,
  pieces: AsyncIterable<Uint8Array>,
  place: string,
): AsyncGenerator<Uint8Array> {
  if (isSealedName(hash)) return yield* pieces;
  const digested = new DigestedStream(pieces);
  yield* digested.pieces();
  requireDigest(hash, digested.sha256, place);
}
