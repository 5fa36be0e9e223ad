import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { isObject } from '../../values';
import { EndingLink, ProtocolBroken, type Frame, type Link } from './link';

const MAXIMUM_HEADER_BYTES = 64 * 1024 * 1024;
const MAXIMUM_ATTACHED_BYTES = 2 * 1024 * 1024 * 1024;
const MAXIMUM_ATTACHMENTS = 16_384;
const LENGTH_BYTES = 4;

/** Carries frames over a stream of bytes: each a length, a header and its attachments. */
export class FrameStream extends EndingLink implements Link {
  readonly mostHeaderBytes = MAXIMUM_HEADER_BYTES;
  readonly #reader = new FrameReader();

  /** Whoever started the other side knows why the stream closes, and calls {@link end}. */
  constructor(private readonly stream: Duplex) {
    super();
    stream.on('error', () => undefined);
  }

  send(header: string, attachments: readonly Uint8Array[] = []): void {
    if (this.ended) return;
    const lengths = attachments.map((bytes) => bytes.byteLength);
    const text =
      lengths.length === 0 ? header : `${header.slice(0, -1)},"attachments":${JSON.stringify(lengths)}}`;
    const bytes = Buffer.byteLength(text);
    const head = Buffer.allocUnsafe(LENGTH_BYTES + bytes);
    head.writeUInt32BE(bytes, 0);
    head.write(text, LENGTH_BYTES);
    this.stream.cork();
    this.stream.write(head);
    for (const attachment of attachments) if (attachment.byteLength > 0) this.stream.write(attachment);
    this.stream.uncork();
  }

  onFrame(listener: (frame: Frame) => void): void {
    this.stream.on('data', (piece: Buffer) => {
      if (this.ended) return;
      try {
        this.#reader.take(piece, listener);
      } catch (error) {
        this.end(error as Error);
        this.stream.destroy();
      }
    });
  }

  close(): void {
    this.stream.end();
  }
}

/** Assembles frames from pieces of a stream. Each part of a frame is copied once, into memory of its own. */
class FrameReader {
  #part = Buffer.allocUnsafe(LENGTH_BYTES);
  #filled = 0;
  #state: 'length' | 'header' | 'attachment' = 'length';
  #header: Record<string, unknown> = {};
  #lengths: readonly number[] = [];
  #attachments: Uint8Array[] = [];

  /** @throws ProtocolBroken */
  take(piece: Buffer, give: (frame: Frame) => void): void {
    for (let at = 0; at < piece.length;) {
      const taken = Math.min(piece.length - at, this.#part.length - this.#filled);
      piece.copy(this.#part, this.#filled, at, at + taken);
      at += taken;
      this.#filled += taken;
      if (this.#filled === this.#part.length) this.#next(give);
    }
  }

  #next(give: (frame: Frame) => void): void {
    if (this.#state === 'length') {
      const length = this.#part.readUInt32BE(0);
      if (length === 0 || length > MAXIMUM_HEADER_BYTES)
        throw new ProtocolBroken(
          `a header has ${length} bytes, where 1 to ${MAXIMUM_HEADER_BYTES} are allowed`,
        );
      this.#expect('header', length);
      return;
    }
    if (this.#state === 'header') {
      this.#header = headerOf(this.#part);
      this.#lengths = lengthsOf(this.#header);
      this.#attachments = [];
    } else {
      // Attachments get memory of their own, of exactly this size, so that they can become values.
      this.#attachments.push(new Uint8Array(this.#part.buffer, this.#part.byteOffset, this.#part.length));
    }
    // Empty attachments have no bytes to wait for.
    while (this.#lengths[this.#attachments.length] === 0) this.#attachments.push(new Uint8Array());
    const length = this.#lengths[this.#attachments.length];
    if (length !== undefined) {
      this.#expect('attachment', length);
      return;
    }
    const frame = { header: this.#header, attachments: this.#attachments };
    this.#expect('length', LENGTH_BYTES);
    give(frame);
  }

  #expect(state: 'length' | 'header' | 'attachment', bytes: number): void {
    this.#state = state;
    this.#filled = 0;
    // The memory is not from Node's pool: attachments become values.
    this.#part = state === 'attachment' ? Buffer.allocUnsafeSlow(bytes) : Buffer.allocUnsafe(bytes);
  }
}

function headerOf(bytes: Buffer): Record<string, unknown> {
  if (!isUtf8(bytes)) throw new ProtocolBroken('a header is not UTF-8');
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new ProtocolBroken(`a header is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(header)) throw new ProtocolBroken('a header is not a JSON object');
  return header;
}

function lengthsOf({ attachments = [] }: Record<string, unknown>): readonly number[] {
  const isLength = (length: unknown): boolean => Number.isSafeInteger(length) && (length as number) >= 0;
  if (
    !Array.isArray(attachments) ||
    attachments.length > MAXIMUM_ATTACHMENTS ||
    !attachments.every(isLength) ||
    (attachments as number[]).reduce((sum, length) => sum + length, 0) > MAXIMUM_ATTACHED_BYTES
  )
    throw new ProtocolBroken('the attachments of a header are no lengths, or are too many or too large');
  return attachments as number[];
}
