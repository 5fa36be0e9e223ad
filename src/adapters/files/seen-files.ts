import type { Json } from '../../values';
import {
  HEAD_BYTES,
  TAIL_BYTES,
  printOf,
  readAt,
  type FileBytes,
  type Inode,
  type OpenFile,
} from './file-identity';
import type { MovedFolders } from './moved-folders';

/** A file that need not be read: what it was like when it was read to its end, or when the stream began. */
export interface SeenFile {
  /** The path that it was written at. */
  readonly base: string;
  readonly at: number;
  /** When it was last written, in milliseconds since the epoch; null: its folder has moved, and copies may be newer. */
  readonly written: number | null;
  readonly headBytes: number;
  readonly head: string;
  /** Of the bytes before `at`; empty for a compressed file that was never read. */
  readonly tail: string;
}

type Entry = readonly [at: number, written: number | null, headBytes: number, head: string, tail: string];

interface SeenState {
  readonly patterns: readonly string[];
  /** By base. */
  readonly files: Readonly<Record<string, readonly Entry[]>>;
  readonly shut: readonly string[];
}

const HASH_LENGTH = 16;
const hashOf = (bytes: Uint8Array): string => printOf(bytes).hash.slice(0, HASH_LENGTH);

/**
 * The files beside wanted ones that need not be read. Whatever else lies there under the name of a rotated file was
 * written while nobody looked.
 */
export class SeenFiles {
  /** The patterns beside which the files were looked at that were there when the stream began with them. */
  readonly patterns: Set<string>;
  readonly files: Set<SeenFile>;
  /** Those that cannot be read, and were told. */
  readonly shut: Set<string>;

  /**
   * @param state what {@link state} was; anything else: of a stream that has not kept it yet
   * @param today the path of today of a file or a pattern whose folder has moved
   */
  constructor(state: Json | undefined, today: MovedFolders['today'] = () => undefined) {
    const { patterns, files, shut } =
      typeof state === 'object' && state !== null && 'shut' in state
        ? (state as unknown as SeenState)
        : { patterns: [], files: {}, shut: [] };
    this.patterns = new Set(patterns.map((pattern) => today(pattern)?.path ?? pattern));
    this.shut = new Set(shut);
    this.files = new Set(
      Object.entries(files).flatMap(([file, entries]) => {
        const moved = today(file);
        return entries.map(([at, written, headBytes, head, tail]) => ({
          base: moved?.path ?? file,
          at,
          written: moved?.isSure ? null : written,
          headBytes,
          head,
          tail,
        }));
      }),
    );
  }

  get state(): Json {
    const files: Record<string, Entry[]> = {};
    for (const { base, at, written, headBytes, head, tail } of this.files)
      (files[base] ??= []).push([at, written, headBytes, head, tail]);
    const state: SeenState = { patterns: [...this.patterns], files, shut: [...this.shut] };
    return state as unknown as Json;
  }
}

/** @param at up to where it was read */
export async function seenFileOf(
  base: string,
  handle: FileBytes,
  at: number,
  isPacked = false,
): Promise<SeenFile> {
  const { mtimeNs } = await handle.stat({ bigint: true });
  const head = await readAt(handle, 0, Math.min(at, HEAD_BYTES));
  const from = Math.max(0, at - TAIL_BYTES);
  return {
    base,
    at,
    written: Number(mtimeNs / 1_000_000n),
    headBytes: head.length,
    head: hashOf(head),
    // What is compressed would be read to its end for it.
    tail: isPacked ? '' : hashOf(await readAt(handle, from, at - from)),
  };
}

/** A file that cannot be read is known by what the system says of it, which no other name changes. */
export function shutId({ dev, ino, written }: Inode): string {
  return `${dev}:${ino}:${written}`;
}

export async function isSeen({ handle, path, written }: OpenFile, seen: SeenFile): Promise<boolean> {
  const { size } = await handle.stat({ bigint: true });
  if (Number(size) < seen.at) return false;
  // Less than that, two files often have in common.
  const isShort = seen.headBytes < HEAD_BYTES;
  if (isShort && seen.written !== null && !isSameSecond(written, seen.written)) return false;
  if (hashOf(await readAt(handle, 0, seen.headBytes)) !== seen.head) return false;
  if (Number(size) === seen.at && (seen.tail === '' || path.endsWith('.gz'))) return true;
  const from = Math.max(0, seen.at - TAIL_BYTES);
  return hashOf(await readAt(handle, from, seen.at - from)) === seen.tail;
}

/** Whatever compresses a file keeps when it was written, to the second at least. Some programs round it to the next millisecond. */
export function isSameSecond(one: number, other: number): boolean {
  return Math.floor(one / 1_000) === Math.floor(other / 1_000) || Math.abs(one - other) <= 1;
}
