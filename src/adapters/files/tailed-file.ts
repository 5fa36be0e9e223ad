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
/** A copy that was not written for so long is not being made any more. */
const COPYING_MS = 10_000;

export type Look =
  /** Whole lines, which may be none. */
  | { readonly what: 'lines'; readonly lines: StreamElement<string>[] }
  /** What was read of it is no longer in it. */
  | { readonly what: 'replaced' };

/** One file that is read: a partition of the source. */
export class TailedFile {
  /** When it last grew, by the process's own clock. */
  grownAt = performance.now();
  /** When a wanted path last led to it. */
  wantedAt = performance.now();
  /** Whether the checkpoint knows it, so that its lines may be delivered. */
  isSaved: boolean;
  /** Its first bytes, as far as they are known. */
  #head: Buffer;
  /** Where the next read begins. */
  #readTo: number;
  /** Where the line begins that is not yet complete. */
  #lineAt: number;
  /** The bytes before {@link #readTo}: those of that line, and some before it. */
  #kept: Buffer;
  #changedAt: bigint | undefined;
  /** How long it was when it was last looked at, and when that was, in milliseconds since the epoch. */
  #size: number;
  lookedAt = Date.now();
  /** As what it was seen before it has grown. */
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

  /** A file of which nothing was read, or that is known up to a place. */
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

  /** The place up to which it was read. */
  get words(): string {
    return `${this.file.path} byte ${this.#readTo}`;
  }

  get isUnread(): boolean {
    return this.#readTo === 0;
  }

  /** Bytes that were there at the last look, and were not read. */
  get unread(): number {
    return Math.max(0, this.#size - this.#readTo);
  }

  /** Bytes that were not read yet. */
  async left(): Promise<number> {
    const { size } = await this.file.handle.stat({ bigint: true });
    return Math.max(0, Number(size) - this.#readTo);
  }

  /** Reads the next lines that are complete. */
  async look(): Promise<Look> {
    const { handle } = this.file;
    const { size, mtimeNs } = await handle.stat({ bigint: true });
    if (Number(size) < this.#readTo) return { what: 'replaced' };
    [this.#size, this.lookedAt] = [Number(size), Date.now()];
    if (Number(size) === this.#readTo && mtimeNs === this.#changedAt) return { what: 'lines', lines: [] };
    const tail = this.#tail();
    const bytes = await readAt(handle, this.#readTo - tail.length, tail.length + CHUNK_BYTES);
    // What is before the place, and at the beginning, shows whether it has grown, or was truncated and written anew.
    if (!bytes.subarray(0, tail.length).equals(tail)) return { what: 'replaced' };
    const fresh = bytes.subarray(tail.length);
    // With what is new, which may have been written anew while it was read.
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

  /** A last line without an end, of a file that gets no more. */
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

  /** What was read is no longer in the file, but perhaps in a copy. */
  async moveToCopy(): Promise<boolean> {
    const copy = await findFile({ ...this.place(this.#readTo, this.#tail()), ino: '' });
    if (!copy) return false;
    await this.file.handle.close();
    // Names of further copies begin with that of the file, not of the copy.
    this.file = { ...copy, path: this.file.path };
    this.#changedAt = undefined;
    return true;
  }

  /**
   * Whether another file is a copy of this one. `perhaps`: it becomes one, or nothing was read yet, and both begin in the
   * same way.
   *
   * @param isInPlace whether a wanted path leads to this one, so that rotation may copy it
   */
  async isCopiedIn(other: OpenFile, isInPlace: boolean): Promise<boolean | 'perhaps'> {
    const { handle } = this.file;
    if (this.#readTo === 0) {
      const head = await readAt(handle, 0, HEAD_BYTES);
      return head.length > 0 && head.equals(await readAt(other.handle, 0, head.length)) && 'perhaps';
    }
    const size = Number((await other.handle.stat({ bigint: true })).size);
    // Less than that, two files often have in common.
    const written = Number((await handle.stat({ bigint: true })).mtimeNs / 1_000_000n);
    if (!isInPlace && size < HEAD_BYTES && !isSameSecond(other.written, written)) return false;
    const isBeginning = await this.#beginsWith(other, size);
    const place = this.place(this.#readTo, this.#tail());
    // Written anew since: what was read is in a copy only.
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

  /** The place of which everything before is finished. */
  place(at: number, tail: Buffer): FilePlace {
    const { path, dev, ino } = this.file;
    const { lookedAt: seen } = this;
    const size = Math.max(at, this.#size);
    return { path, dev, ino, head: printOf(this.#head), tail: printOf(tail), at, size, seen };
  }

  /** The same, with the bytes before the place as they are in the file. */
  async placeAt(at: number): Promise<FilePlace> {
    const from = Math.max(0, at - TAIL_BYTES);
    return this.place(at, await readAt(this.file.handle, from, at - from));
  }

  /** What to know it by once all of it was read. */
  async seenNow(): Promise<SeenFile> {
    return await seenFileOf(this.file.path, this.file.handle, this.#readTo);
  }

  /** The place from which nothing was delivered yet. */
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
    // The kept part of the line was looked through before. In wide encodings, units begin at even places.
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
    // A mark alone is read again with what follows.
    if (this.#lineAt > 0 || lines.length > 0) this.#lineAt = bytesAt + from;
    const keptFrom = Math.max(0, Math.min(this.#lineAt - bytesAt, bytes.length) - TAIL_BYTES);
    // A copy, so that the rest of the chunk need not be kept.
    this.#kept = Buffer.from(bytes.subarray(keptFrom));
    return lines;
  }

  /** The line between two places of these bytes of the file; the next one begins at `next`. */
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

/** Where a line begins; what is needed to go on after it is computed if it is asked for. */
class LinePosition implements Position {
  constructor(
    private readonly file: TailedFile,
    private readonly bytes: Buffer,
    /** Where these begin in the file. */
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
