import { createHash } from 'node:crypto';
import { SelvageError } from '../../errors';
import { nodeSha256 } from '../../node/node-sha256';
import { isManifestOf } from '../../tables/stored-manifest';
import { HASH_KINDS, isHash, isTableHash } from '../../values/hash';

const SEALED = /^sealed:[0-9a-f]{96}$/;

/** Whether a text can name a stored value: a content hash, or the name of sealed bytes. */
export function isContentHash(hash: string): boolean {
  return isHash(hash) || isSealedName(hash);
}

/** Whether a hash names encrypted bytes, which only the holder of their key can check. */
export function isSealedName(hash: string): boolean {
  return SEALED.test(hash);
}

/** The value's name where a colon is not allowed, as in file names. */
export function valueName(hash: string): string {
  return hash.replace(':', '-');
}

/** The hash with this {@link valueName}, or undefined. */
export function hashOfName(name: string | undefined): string | undefined {
  const end = name?.lastIndexOf('-') ?? -1;
  const hash = end < 0 ? '' : `${name!.slice(0, end)}:${name!.slice(end + 1)}`;
  return isContentHash(hash) ? hash : undefined;
}

/** Refuses to store a value under a name that no reader could check. */
export function requireContentHash(hash: string): void {
  if (isContentHash(hash)) return;
  throw new SelvageError(
    'ValueDamaged',
    `Cannot store a value under ${JSON.stringify(hash)}: it is not a content hash (${HASH_KINDS.map((kind) => `${kind}:…`).join(', ')} with 64 hexadecimal digits) nor the name of a sealed value.`,
    { details: { hash } },
  );
}

/**
 * Whether other bytes under a name may be as good as these: sealing gives other bytes each time, and two manifests of a
 * table may name different Parquet files. The first ones then stay, unless they are damaged.
 */
export function mayDiffer(hash: string): boolean {
  return isSealedName(hash) || isTableHash(hash);
}

/** Sealed bytes pass this check, as checking them takes the key. */
export function isIntact(hash: string, bytes: Uint8Array): boolean {
  if (isSealedName(hash)) return true;
  return isTableHash(hash) ? isManifest(hash, bytes) : digestIn(hash) === nodeSha256(bytes);
}

/** Stores know no digest key and need none: keyed hashes occur only in projects that seal, so stores see sealed names. */
function isManifest(hash: string, bytes: Uint8Array): boolean {
  return isManifestOf(
    hash,
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
    nodeSha256,
  );
}

function digestIn(hash: string): string {
  return hash.slice(hash.indexOf(':') + 1);
}

/**
 * Throws `ValueDamaged` if bytes do not match their hash, which is the SHA-256 of the stored bytes; a table's bytes are
 * its manifest. Sealed bytes pass this check, because opening them checks them.
 */
export function requireIntact(hash: string, bytes: Uint8Array, place: string): void {
  if (isSealedName(hash)) return;
  if (!isTableHash(hash)) return requireDigest(hash, nodeSha256(bytes), place);
  if (!isManifest(hash, bytes)) throw damaged(hash, place, 'what is there is no manifest of this table');
}

function requireDigest(hash: string, digest: string, place: string): void {
  if (digestIn(hash) !== digest) throw damaged(hash, place, `its bytes have the hash ${digest}`, { digest });
}

function damaged(
  hash: string,
  place: string,
  why: string,
  details: { readonly digest?: string } = {},
): SelvageError {
  return new SelvageError(
    'ValueDamaged',
    `The value ${hash} in ${place} is damaged: ${why}. Restore it from a backup, or delete it and run again the knot that made it.`,
    { details: { hash, ...details, place } },
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
  if (isTableHash(hash)) return yield* checkedManifest(hash, pieces, place);
  const digested = new DigestedStream(pieces);
  yield* digested.pieces();
  requireDigest(hash, digested.sha256, place);
}

/** Manifests are small, so that one fits into memory. */
async function* checkedManifest(
  hash: string,
  pieces: AsyncIterable<Uint8Array>,
  place: string,
): AsyncGenerator<Uint8Array> {
  const read: Uint8Array[] = [];
  for await (const piece of pieces) {
    read.push(piece);
    yield piece;
  }
  requireIntact(hash, Buffer.concat(read), place);
}
