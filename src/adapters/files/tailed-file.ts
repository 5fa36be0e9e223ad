import type { Position, StreamElement } from '../../streams';
import {
  HEAD_BYTES,
  TAIL_BYTES,
  findFile,
  holds,
  printOf,
  readAt,
  type FilePlace,
  type OpenFile,
} from './file-identity';
import type { LineFormat } from './lines';
import { isSameSecond, seenFileOf, type SeenFile } from './seen-files';

const CHUNK_BYTES = 256 * 1024;
/** A copy that nobody has written to for this time is complete. */
const COPYING_MS = 10_000;

export type Look =
  /** The complete lines of one read; may be empty. */
  | { readonly what: 'lines'; readonly lines: StreamElement<string>[] }
  /** The file no longer has the bytes that were read. */
  | { readonly what: 'replaced' };

/** A file that is read, as a partition of the source. */
export class TailedFile {
  /** The time when the file last grew, by the process's own clock. */
  grownAt = performance.now();
  /** The time when a wanted path last led to the file. */
  wantedAt = performance.now();
  /** Whether the checkpoint knows the file, so that its lines may be delivered. */
  isSaved: boolean;
  #head: Buffer;
  #readTo: number;
  /** The place where the incomplete line begins. */
  #lineAt: number;
  /** The last bytes before {@link #readTo}: the incomplete line, and some bytes before that line. */
  #kept: Buffer;
  #changedAt: bigint | undefined;
  /** The file's length at the last look, and the time of that look in milliseconds since the epoch. */
  #size: number;
  lookedAt = Date.now();
  /** The file's entry among the seen files, if it has grown since it was seen. */
  seen: SeenFile | undefined;

  private constructor(
    readonly partition: string,
    public file: OpenFile,
    private readonly format: LineFormat,
    private readonly maxLine: number,
    from: { readonly at: number; readonly head: Buffer; readonly kept: Buffer; readonly isSaved: boolean },
  ) {
    this.#head = from.head;
    this.#kept = from.kept;
    this.#readTo = this.#size = from.at;
    this.#lineAt = from.at;
    this.isSaved = from.isSaved;
  }

  static async of(
    partition: string,
    file: OpenFile,
    format: LineFormat,
    maxLine: number,
    { at, isSaved }: { readonly at: number; readonly isSaved: boolean },
  ): Promise<TailedFile> {
    const { handle } = file;
    const head = await readAt(handle, 0, HEAD_BYTES);
    const tailFrom = Math.max(0, at - TAIL_BYTES);
    const kept = await readAt(handle, tailFrom, at - tailFrom);
    return new TailedFile(partition, file, format, maxLine, { at, head, kept, isSaved });
  }

  get words(): string {
    return `${this.file.path} byte ${this.#readTo}`;
  }

  get isUnread(): boolean {
    return this.#readTo === 0;
  }

  /** The number of unread bytes at the last look. */
  get unread(): number {
    return Math.max(0, this.#size - this.#readTo);
  }

  /** Unread bytes now. */
  async left(): Promise<number> {
    const { size } = await this.file.handle.stat({ bigint: true });
    return Math.max(0, Number(size) - this.#readTo);
  }

  async look(): Promise<Look> {
    const { handle } = this.file;
    const { size, mtimeNs } = await handle.stat({ bigint: true });
    if (Number(size) < this.#readTo) return { what: 'replaced' };
    [this.#size, this.lookedAt] = [Number(size), Date.now()];
    if (Number(size) === this.#readTo && mtimeNs === this.#changedAt) return { what: 'lines', lines: [] };
    const tail = this.#tail();
    const bytes = await readAt(handle, this.#readTo - tail.length, tail.length + CHUNK_BYTES);
    // The bytes before the place and at the beginning tell growth from truncation and rewriting.
    if (!bytes.subarray(0, tail.length).equals(tail)) return { what: 'replaced' };
    const fresh = bytes.subarray(tail.length);
    // The compared head includes the new bytes, as the file may have been rewritten during the read.
    const head = Buffer.concat([this.#head.subarray(0, this.#readTo), fresh.subarray(0, HEAD_BYTES)]);
    const known = this.#readTo < HEAD_BYTES ? head.subarray(0, HEAD_BYTES) : this.#head;
    if (!(await readAt(handle, 0, known.length)).equals(known))
      return this.isUnread ? { what: 'lines', lines: [] } : { what: 'replaced' };
    if (fresh.length < CHUNK_BYTES) this.#changedAt = mtimeNs;
    if (fresh.length === 0) return { what: 'lines', lines: [] };
    this.grownAt = performance.now();
    this.#extendHead(fresh);
    return { what: 'lines', lines: this.#cut(fresh) };
  }

  /** The last line of a file that grows no more, if the line has no end. */
  rest(): StreamElement<string>[] {
    const keptAt = this.#readTo - this.#kept.length;
    const from = this.#lineAt - keptAt;
    const length = this.#kept.length - from;
    if (length === 0) return [];
    const line = this.#line(
      this.#kept,
      keptAt,
      from,
      this.#kept.length - (length % this.format.unit),
      this.#kept.length,
    );
    this.#lineAt = this.#readTo;
    return [line];
  }

  /** Moves on to a copy that contains the bytes that this file has lost, if there is one. */
  async moveToCopy(): Promise<boolean> {
    const copy = await findFile({ ...this.place(this.#readTo, this.#tail()), ino: '' });
    if (!copy) return false;
    await this.file.handle.close();
    // Further copies are named after the file, not after the copy.
    this.file = { ...copy, path: this.file.path };
    this.#changedAt = undefined;
    return true;
  }

  /**
   * Whether another file is a copy of this one. `perhaps`: this file is being copied, or nothing was read yet and both
   * files begin alike. `isInPlace`: a wanted path leads to this file, so rotation may copy it.
   */
  async isCopiedIn(other: OpenFile, isInPlace: boolean): Promise<boolean | 'perhaps'> {
    const { handle } = this.file;
    if (this.#readTo === 0) {
      const head = await readAt(handle, 0, HEAD_BYTES);
      return head.length > 0 && head.equals(await readAt(other.handle, 0, head.length)) && 'perhaps';
    }
    const size = Number((await other.handle.stat({ bigint: true })).size);
    // Different files often share fewer bytes than a whole head.
    const written = Number((await handle.stat({ bigint: true })).mtimeNs / 1_000_000n);
    if (!isInPlace && size < HEAD_BYTES && !isSameSecond(other.written, written)) return false;
    const isBeginning = await this.#beginsWith(other, size);
    const place = this.place(this.#readTo, this.#tail());
    // This file was rewritten since: only a copy has the bytes that were read.
    if (!(await holds(handle, place))) return await holds(other.handle, place);
    if (!isBeginning || size >= this.#readTo) return isBeginning;
    return Date.now() - other.written < COPYING_MS ? 'perhaps' : size >= HEAD_BYTES;
  }

  async #beginsWith(other: OpenFile, size: number): Promise<boolean> {
    const from = Math.max(0, size - TAIL_BYTES);
    for (const [at, length] of [
      [0, Math.min(size, HEAD_BYTES)],
      [from, size - from],
    ] as const) {
      const bytes = await readAt(other.handle, at, length);
      if (!bytes.equals(await readAt(this.file.handle, at, length))) return false;
    }
    return true;
  }

  place(at: number, tail: Buffer): FilePlace {
    const { path, dev, ino } = this.file;
    const { lookedAt: seen } = this;
    const size = Math.max(at, this.#size);
    return { path, dev, ino, head: printOf(this.#head), tail: printOf(tail), at, size, seen };
  }

  /** The place reached so far, with the bytes before it as they are in the file. */
  async placeAt(at: number): Promise<FilePlace> {
    const from = Math.max(0, at - TAIL_BYTES);
    return this.place(at, await readAt(this.file.handle, from, at - from));
  }

  async seenNow(): Promise<SeenFile> {
    return await seenFileOf(this.file.path, this.file.handle, this.#readTo);
  }

  beginning(): FilePlace {
    return this.place(0, Buffer.alloc(0));
  }

  #tail(): Buffer {
    return this.#kept.subarray(Math.max(0, this.#kept.length - TAIL_BYTES));
  }

  #extendHead(fresh: Buffer): void {
    if (this.#readTo === 0) this.#head = Buffer.from(fresh.subarray(0, HEAD_BYTES));
    else if (this.#head.length < HEAD_BYTES)
      this.#head = Buffer.concat([
        this.#head,
        fresh.subarray(this.#head.length - this.#readTo, HEAD_BYTES - this.#readTo),
      ]);
  }

  #cut(fresh: Buffer): StreamElement<string>[] {
    const { format, maxLine } = this;
    const { unit } = format;
    const bytes = Buffer.concat([this.#kept, fresh]);
    const bytesAt = this.#readTo - this.#kept.length;
    const lines: StreamElement<string>[] = [];
    let from = this.#lineAt - bytesAt;
    // The kept part of the line was searched before. In wide encodings, code units begin at even places.
    const known = this.#kept.length - from;
    let searchFrom = from + known - (known % unit);
    if (this.#lineAt === 0) {
      from = format.mark(bytes);
      searchFrom = Math.max(from, searchFrom);
    }
    for (;;) {
      const feed = format.feed(bytes, searchFrom);
      const end = feed < 0 ? bytes.length : feed;
      while (end - from > maxLine) {
        const to = from + maxLine - (maxLine % unit);
        lines.push(this.#line(bytes, bytesAt, from, to, to));
        from = to;
      }
      if (feed < 0) break;
      lines.push(this.#line(bytes, bytesAt, from, feed, feed + unit));
      from = searchFrom = feed + unit;
    }
    this.#readTo += fresh.length;
    // A byte order mark without more bytes is read again with the bytes after it.
    if (this.#lineAt > 0 || lines.length > 0) this.#lineAt = bytesAt + from;
    const keptFrom = Math.max(0, Math.min(this.#lineAt - bytesAt, bytes.length) - TAIL_BYTES);
    // The kept bytes are copied, so that the chunk can be freed.
    this.#kept = Buffer.from(bytes.subarray(keptFrom));
    return lines;
  }

  /** The line between two places in `bytes`; `next` is the place where the following line begins. */
  #line(bytes: Buffer, bytesAt: number, from: number, to: number, next: number): StreamElement<string> {
    const text = this.format.text(bytes, from, to);
    const value = text.endsWith('\r') ? text.slice(0, -1) : text;
    return {
      value,
      offset: new LinePosition(this, bytes, bytesAt, from, next),
      partition: this.partition,
    };
  }
}

/** The place where a line begins; the state to resume after that line is computed on demand. */
class LinePosition implements Position {
  constructor(
    private readonly file: TailedFile,
    private readonly bytes: Buffer,
    /** The place in the file where `bytes` begin. */
    private readonly bytesAt: number,
    private readonly from: number,
    private readonly next: number,
  ) {}

  get key(): string {
    return String(this.bytesAt + this.from);
  }

  get state(): FilePlace & Record<string, never> {
    const { file, bytes, bytesAt, next } = this;
    const tail = bytes.subarray(Math.max(0, next - TAIL_BYTES), next);
    return file.place(bytesAt + next, tail) as FilePlace & Record<string, never>;
  }
}
