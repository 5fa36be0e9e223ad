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

const CHUNK_BYTES = 256 * 1024;

/** What a look at a file has found. */
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

  private constructor(
    readonly partition: string,
    public file: OpenFile,
    private readonly format: LineFormat,
    private readonly maxLine: number,
    from: { readonly at: number; readonly head: Buffer; readonly kept: Buffer; readonly isSaved: boolean },
  ) {
    this.#head = from.head;
    this.#kept = from.kept;
    this.#readTo = from.at;
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

  /** Bytes that were not read yet. */
  async left(): Promise<number> {
    const { size } = await this.file.handle.stat();
    return Math.max(0, size - this.#readTo);
  }

  /** Reads the next lines that are complete. */
  async look(): Promise<Look> {
    const { handle } = this.file;
    const { size, mtimeNs } = await handle.stat({ bigint: true });
    if (Number(size) < this.#readTo) return { what: 'replaced' };
    if (Number(size) === this.#readTo && mtimeNs === this.#changedAt) return { what: 'lines', lines: [] };
    const tail = this.#tail();
    const bytes = await readAt(handle, this.#readTo - tail.length, tail.length + CHUNK_BYTES);
    // What is before the place, and at the beginning, shows whether it has grown, or was truncated and written anew.
    if (!bytes.subarray(0, tail.length).equals(tail)) return { what: 'replaced' };
    const head = this.#head.subarray(0, this.#readTo);
    if (!(await readAt(handle, 0, head.length)).equals(head)) return { what: 'replaced' };
    const fresh = bytes.subarray(tail.length);
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
   * Whether another file holds all that was read of this one; `perhaps`: nothing was read yet, and both begin in the
   * same way.
   */
  async isCopiedIn(other: OpenFile): Promise<boolean | 'perhaps'> {
    if (this.#readTo > 0) return await holds(other.handle, this.place(this.#readTo, this.#tail()));
    const head = await readAt(this.file.handle, 0, HEAD_BYTES);
    const others = await readAt(other.handle, 0, head.length);
    return head.length > 0 && head.equals(others) && 'perhaps';
  }

  /** The place of which everything before is finished. */
  place(at: number, tail: Buffer): FilePlace {
    const { path, dev, ino } = this.file;
    return { path, dev, ino, head: printOf(this.#head), tail: printOf(tail), at };
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
