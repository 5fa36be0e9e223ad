import type { Gap } from '../../ports';
import type { FilePlace, Inode, LogFile, OpenFile } from './file-identity';
import { isSameSecond, type SeenFile } from './seen-files';

/** The result of a look at the wanted paths and the files beside them. */
export interface Found {
  readonly all: readonly LogFile[];
  /** Files not read yet; with `seen`: files that have grown since they were left. */
  readonly fresh: { readonly file: LogFile; readonly opened: OpenFile; readonly seen?: SeenFile }[];
  /** Files that cannot be read. */
  readonly shut: { readonly file: LogFile; readonly why: string }[];
  /** The known file that was rotated last, by the base of its name. */
  readonly newest: Map<string, Newest>;
  /** Seen files that no longer exist. */
  readonly gone: Set<SeenFile>;
  /** Whether some file may be a copy that is still being made. */
  isCopying: boolean;
}

/** A rotated file with its number, a place in it, and the time of its last write. */
interface Newest {
  readonly number: number;
  readonly words: string;
  readonly written: number;
}

/** @param words the place up to which the file was read */
export function know({ newest }: Found, { base, number = 0, inode }: LogFile, words: string): void {
  const known = newest.get(base);
  if (known && known.number <= number) return;
  newest.set(base, { number, words, written: inode!.written });
}

export function rotatedFirst(one: Found['fresh'][number], other: Found['fresh'][number]): number {
  return Number(one.file.number === 0) - Number(other.file.number === 0);
}

/**
 * The losses of unread files, as far as names and times show them.
 *
 * @param found the found files; those of `fresh` that will not be read are left out
 * @param missing files of the checkpoint that no longer exist
 * @param unlisted number of files that are read but have no name any more
 */
export function gapsIn(
  found: Found,
  missing: ReadonlyMap<string, FilePlace>,
  unlisted: number,
): Omit<Gap, 'at'>[] {
  const { all, fresh, shut, gone, newest } = found;
  const behind = (base: string, number = Infinity): Pick<Gap, 'before'> => {
    const next = fresh.find(({ file }) => file.base === base && (file.number ?? 0) < number);
    return next ? { before: next.file.path } : {};
  };
  const gaps: Omit<Gap, 'at'>[] = [];
  for (const [partition, { path: base, at, size = at, head, seen: since }] of missing) {
    // It was empty.
    if (head.bytes === 0) continue;
    const names = shut.filter(({ file }) => file.base === base).map(({ file }) => file.path);
    gaps.push({
      partition,
      after: `${base} byte ${at}`,
      ...behind(base),
      ...(size > at && { lost: { amount: size - at, unit: 'bytes' } }),
      why: `the file is gone${names.length > 0 ? `, or is one of ${names.join(', ')}, which cannot be read` : ''}`,
      ...(since !== undefined && { since }),
    });
  }
  for (const base of new Set(all.map((file) => file.base))) {
    const last = newest.get(base) ?? oldestOf(fresh, base);
    const holes = last ? holesBehind(found, base, last) : 0;
    if (last && holes > 0)
      gaps.push({
        partition: '',
        after: last.words,
        ...behind(base, last.number),
        why: `${holes} of the files are gone that were rotated after it`,
      });
  }
  const bases = [...missing.values()].map(({ path }) => path);
  for (const base of new Set([...gone].map((seen) => seen.base)))
    // Beside a pattern, names come and go, so a missing name is no loss.
    if (!newest.has(base) && !bases.includes(base) && all.some(({ pattern }) => pattern === base))
      gaps.push({
        partition: '',
        after: `what was read of ${base}`,
        ...behind(base),
        why: 'the files that were read are gone, and so are those that were rotated after them, if there were any',
      });
  // Some unreadable files are files that were read, and compressed since.
  const packed = gone.size + missing.size + unlisted;
  for (const { file, why } of shut.slice(packed))
    gaps.push({ partition: '', after: file.base, why: `${file.path} ${why}` });
  return gaps;
}

/** The fresh file of a wanted path that was rotated first. */
function oldestOf(fresh: Found['fresh'], base: string): Newest | undefined {
  const files = fresh.map(({ file }) => file).filter((file) => file.base === base && file.number);
  const [first] = files.sort((one, other) => other.number! - one.number!);
  return first && { number: first.number!, words: first.path, written: first.inode!.written };
}

/** The number of rotation numbers that are missing between a file and the wanted path. */
function holesBehind({ all }: Found, base: string, { number, written }: Newest): number {
  const own = all.filter((file) => file.base === base && file.inode);
  // Some rotations count upwards, so that files with lower numbers are older. Compressing may round a file's time.
  const isLater = ({ written: time }: Inode): boolean => time > written && !isSameSecond(time, written);
  if (own.some((file) => file.number! > number && isLater(file.inode!))) return 0;
  const taken = new Set(own.map((file) => file.number));
  let holes = 0;
  for (let n = 1; n < number; n++) if (!taken.has(n)) holes += 1;
  return holes;
}
