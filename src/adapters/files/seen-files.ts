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

/** A file that need not be read, as it was when it was read to its end or when the stream began. */
export interface SeenFile {
  /** The file's path before rotation. */
  readonly base: string;
  readonly at: number;
  /** The last write, in milliseconds since the epoch; null if the folder has moved, so that copies may be newer. */
  readonly written: number | null;
  readonly headBytes: number;
  readonly head: string;
  /** Hash of the bytes before `at`; empty for a compressed file that was never read. */
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

/** The files beside wanted ones that need not be read. Any other rotated file there was written while nobody looked. */
export class SeenFiles {
  /** Patterns that the stream has read before; older files beside new ones are not read. */
  readonly patterns: Set<string>;
  readonly files: Set<SeenFile>;
  /** Unreadable files that were already reported. */
  readonly shut: Set<string>;

  /** @param state an earlier {@link state}; anything else comes from a stream that had no state yet */
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
    // Reading the tail of a compressed file would decompress all of it.
    tail: isPacked ? '' : hashOf(await readAt(handle, from, at - from)),
  };
}

/** An unreadable file is identified by attributes that renaming does not change. */
export function shutId({ dev, ino, written }: Inode): string {
  return `${dev}:${ino}:${written}`;
}

export async function isSeen({ handle, path, written }: OpenFile, seen: SeenFile): Promise<boolean> {
  const { size } = await handle.stat({ bigint: true });
  if (Number(size) < seen.at) return false;
  // Different files often share fewer bytes than the length of a head.
  const isShort = seen.headBytes < HEAD_BYTES;
  if (isShort && seen.written !== null && !isSameSecond(written, seen.written)) return false;
  if (hashOf(await readAt(handle, 0, seen.headBytes)) !== seen.head) return false;
  if (Number(size) === seen.at && (seen.tail === '' || path.endsWith('.gz'))) return true;
  const from = Math.max(0, seen.at - TAIL_BYTES);
  return hashOf(await readAt(handle, from, seen.at - from)) === seen.tail;
}

/** Compressing keeps the time of writing to the second; some programs round it to the next millisecond. */
export function isSameSecond(one: number, other: number): boolean {
  return Math.floor(one / 1_000) === Math.floor(other / 1_000) || Math.abs(one - other) <= 1;
}
