import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { SealingKey } from './sealing-key';

/**
 * The sealed form (version 1), where a piece is up to 64 KiB, encrypted, and 16 bytes of tag:
 *
 *     "SLV" 0x01 | 24 random bytes | piece | piece | …
 *
 * - The key of a value is HMAC-SHA-256 of the random bytes under the key of contents. No two values share a key, so no
 *   nonce is ever used twice with a key.
 * - Every piece is AES-256-GCM. The nonce of a piece: seven zeros, the number of the piece (4 bytes), and 1 for the
 *   last piece, else 0. A moved, removed or inserted piece therefore does not open, nor does a truncated value (the
 *   STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár).
 * - All but the last piece are full; empty data has one empty piece. Plain and sealed size determine each other.
 * - The last piece also authenticates the stored name: no value can take the place of another.
 */

const MAGIC = Buffer.from('SLV\u0001', 'latin1');
const SALT_BYTES = 24;
const HEAD_BYTES = MAGIC.length + SALT_BYTES;
const TAG_BYTES = 16;
export const PIECE_BYTES = 64 * 1024;
const SEALED_PIECE_BYTES = PIECE_BYTES + TAG_BYTES;
const MOST_PIECES = 2 ** 32;

/** Thrown if the bytes were changed, or sealed with another key or under another name. */
export class SealBroken extends Error {
  constructor() {
    super('The bytes do not open: they were changed, or sealed with another key or under another name.');
    this.name = 'SealBroken';
  }
}

/** The plain size of sealed bytes; undefined if no sealed data has this size. */
export function openedSize(sealedSize: number): number | undefined {
  const body = sealedSize - HEAD_BYTES;
  const pieces = Math.ceil(body / SEALED_PIECE_BYTES);
  const size = body - pieces * TAG_BYTES;
  const last = size - (pieces - 1) * PIECE_BYTES;
  return pieces >= 1 && (last > 0 || (last === 0 && pieces === 1)) ? size : undefined;
}

/** @param name the stored name, which the last piece authenticates */
export function seal(key: SealingKey, name: string, bytes: Uint8Array): Buffer {
  const sealer = new Pieces(key, name, newHead());
  const parts = [sealer.head];
  for (let start = 0; start === 0 || start < bytes.byteLength; start += PIECE_BYTES) {
    const isLast = start + PIECE_BYTES >= bytes.byteLength;
    parts.push(...sealer.seal(bytes.subarray(start, start + PIECE_BYTES), isLast));
  }
  return Buffer.concat(parts);
}

/** @throws SealBroken */
export function unseal(key: SealingKey, name: string, sealed: Uint8Array): Buffer {
  const opener = new Pieces(key, name, headOf(sealed));
  const parts: Buffer[] = [];
  let start = HEAD_BYTES;
  do {
    const isLast = start + SEALED_PIECE_BYTES >= sealed.byteLength;
    parts.push(opener.open(sealed.subarray(start, start + SEALED_PIECE_BYTES), isLast));
    start += SEALED_PIECE_BYTES;
  } while (start < sealed.byteLength);
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/** @param name a function that is called when the source has ended */
export async function* sealStream(
  key: SealingKey,
  name: () => string,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const sealer = new Pieces(key, name, newHead());
  yield sealer.head;
  for await (const { piece, isLast } of inPieces(source, PIECE_BYTES)) yield* sealer.seal(piece, isLast);
}

/** Passes the plain pieces on as they are opened; throws {@link SealBroken} at the first that does not open. */
export async function* unsealStream(
  key: SealingKey,
  name: string,
  sealed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let opener: Pieces | undefined;
  const afterHead = withoutHead(sealed, (head) => {
    opener = new Pieces(key, name, headOf(head));
  });
  for await (const { piece, isLast } of inPieces(afterHead, SEALED_PIECE_BYTES)) {
    // The stream ended before its head was complete.
    if (!opener) throw new SealBroken();
    const opened = opener.open(piece, isLast);
    if (opened.byteLength > 0) yield opened;
  }
}

class Pieces {
  private number = 0;
  private readonly key: Buffer;

  constructor(
    { contents }: SealingKey,
    private readonly name: string | (() => string),
    readonly head: Buffer,
  ) {
    this.key = createHmac('sha256', contents).update(head).digest();
  }

  seal(piece: Uint8Array, isLast: boolean): [Buffer, Buffer] {
    const cipher = createCipheriv('aes-256-gcm', this.key, this.nonce(isLast), { authTagLength: TAG_BYTES });
    if (isLast) cipher.setAAD(this.vouched());
    const encrypted = cipher.update(piece);
    cipher.final();
    return [encrypted, cipher.getAuthTag()];
  }

  open(piece: Uint8Array, isLast: boolean): Buffer {
    if (piece.byteLength < TAG_BYTES) throw new SealBroken();
    const decipher = createDecipheriv('aes-256-gcm', this.key, this.nonce(isLast), {
      authTagLength: TAG_BYTES,
    });
    if (isLast) decipher.setAAD(this.vouched());
    const end = piece.byteLength - TAG_BYTES;
    decipher.setAuthTag(piece.subarray(end));
    try {
      const opened = decipher.update(piece.subarray(0, end));
      decipher.final();
      return opened;
    } catch {
      throw new SealBroken();
    }
  }

  private nonce(isLast: boolean): Buffer {
    if (this.number >= MOST_PIECES) throw new RangeError('A value of over 256 TiB cannot be sealed.');
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(this.number, 7);
    nonce[11] = isLast ? 1 : 0;
    this.number += 1;
    return nonce;
  }

  private vouched(): Buffer {
    return Buffer.from(typeof this.name === 'string' ? this.name : this.name());
  }
}

function newHead(): Buffer {
  return Buffer.concat([MAGIC, randomBytes(SALT_BYTES)]);
}

function headOf(sealed: Uint8Array): Buffer {
  const head = Buffer.from(sealed.subarray(0, HEAD_BYTES));
  if (head.byteLength < HEAD_BYTES || !head.subarray(0, MAGIC.length).equals(MAGIC)) throw new SealBroken();
  return head;
}

async function* withoutHead(
  sealed: AsyncIterable<Uint8Array>,
  onHead: (head: Buffer) => void,
): AsyncGenerator<Uint8Array> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const bytes of sealed) {
    if (!head) {
      yield bytes;
      continue;
    }
    head = Buffer.concat([head, bytes]);
    if (head.byteLength < HEAD_BYTES) continue;
    const rest: Buffer = head.subarray(HEAD_BYTES);
    onHead(head.subarray(0, HEAD_BYTES));
    head = undefined;
    yield rest;
  }
}

/** Cuts a stream into pieces of this size; the last may be smaller, and is empty for an empty source. */
async function* inPieces(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ piece: Buffer; isLast: boolean }> {
  let gathered: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of source) {
    let start = 0;
    // A piece that is full is held back until another piece follows.
    while (length + bytes.byteLength - start > size) {
      const part = bytes.subarray(start, start + size - length);
      start += part.byteLength;
      yield { piece: Buffer.concat([...gathered, part]), isLast: false };
      gathered = [];
      length = 0;
    }
    // The bytes are copied, as the source may reuse its buffer.
    gathered.push(Buffer.from(bytes.subarray(start)));
    length += bytes.byteLength - start;
  }
  yield { piece: Buffer.concat(gathered, length), isLast: true };
}
