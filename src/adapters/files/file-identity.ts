import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { SelvageError } from '../../errors';

/** The first bytes of a file, by which it is told from others. */
export const HEAD_BYTES = 1_024;
/** The bytes before a place, by which a file that was truncated and has grown again is told from one that grew. */
export const TAIL_BYTES = 64;

interface Print {
  readonly bytes: number;
  readonly hash: string;
}

/** Where to go on in a file, and how to recognise it. */
export interface FilePlace {
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
  readonly head: Print;
  /** Print of the bytes before `at`. */
  readonly tail: Print;
  /** Everything before this byte is finished. */
  readonly at: number;
}

export function printOf(bytes: Uint8Array): Print {
  return { bytes: bytes.length, hash: createHash('sha256').update(bytes).digest('hex').slice(0, 32) };
}

/** A file that is open for reading, as it was found. */
export interface OpenFile extends Inode {
  readonly path: string;
  readonly handle: FileHandle;
}

export async function openFile(file: string): Promise<OpenFile | undefined> {
  let handle: FileHandle;
  try {
    // A pipe without a writer would hold up the process.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  const stats = await handle.stat({ bigint: true });
  if (stats.isFile()) return { path: file, handle, ...inodeOf(stats) };
  await handle.close();
  throw noFile(file);
}

function noFile(file: string): SelvageError {
  return new SelvageError(
    'InvalidConfig',
    `${file} is no file whose lines can be read. Give the path of a file, or *.log for those of a folder.`,
    { details: { file, option: 'path', reason: 'WrongValue' } },
  );
}

export interface Inode {
  readonly dev: string;
  readonly ino: string;
  /** Changes with whatever happens to the file, and when its inode becomes another's. */
  readonly changed: string;
}

export function inodeOf({ dev, ino, ctimeNs }: BigIntStats): Inode {
  return { dev: String(dev), ino: String(ino), changed: String(ctimeNs) };
}

export async function inodeAt(file: string): Promise<Inode | undefined> {
  try {
    const stats = await stat(file, { bigint: true });
    return stats.isFile() ? inodeOf(stats) : undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

export async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** Whether a file holds what was read of another place: its first bytes, and those before `at`. */
export async function holds(handle: FileHandle, { head, tail, at }: FilePlace): Promise<boolean> {
  const { size } = await handle.stat();
  if (size < at || size < head.bytes) return false;
  const first = printOf(await readAt(handle, 0, head.bytes));
  const before = printOf(await readAt(handle, at - tail.bytes, tail.bytes));
  return first.hash === head.hash && before.hash === tail.hash;
}

/**
 * Finds the file of a place: first the one of the same inode under whatever name in the folder, then a copy under a name
 * that begins with the file's, as `copytruncate` makes, and last one with the same contents in its place. A name alone
 * says nothing.
 */
export async function findFile(place: FilePlace): Promise<OpenFile | undefined> {
  const { path: file, dev, ino, at } = place;
  const folder = path.dirname(file);
  const base = path.basename(file);
  const names = await namesIn(folder);
  const inodes = await Promise.all(
    names.map(async (name) => ({ name, inode: await inodeAt(path.join(folder, name)) })),
  );
  const same = inodes.filter(({ inode }) => inode?.dev === dev && inode.ino === ino);
  const copies = inodes.filter(
    ({ name, inode }) => inode && at + place.head.bytes > 0 && name !== base && isRotatedName(name, base),
  );
  // Less than that, two files often begin with.
  const back = inodes.filter(({ name, inode }) => inode && name === base && place.head.bytes >= HEAD_BYTES);
  for (const candidate of [...same, ...copies, ...back]) {
    const found = await openFile(path.join(folder, candidate.name)).catch((error: unknown) => {
      // The file itself is there, and read once it can be. Nobody can say so of another that may not be read.
      if (same.includes(candidate) || !isDenied(error)) throw error;
      return undefined;
    });
    if (!found) continue;
    if (await holds(found.handle, place)) return found;
    await found.handle.close();
  }
  return undefined;
}

/** `app.log.1` or `app.log-20260131` of `app.log`. */
export function isRotatedName(name: string, base: string): boolean {
  return name.startsWith(base) && /^[.\-_]/.test(name.slice(base.length));
}

/**
 * Files whose path is wanted, in order.
 *
 * @throws SelvageError `InvalidConfig` if a path that is no pattern leads to a folder
 */
export async function matchingFiles(paths: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const wanted of paths) {
    const absolute = path.resolve(wanted);
    const base = path.basename(absolute);
    if (!/[*?]/.test(base)) {
      if (await isFolder(absolute)) throw noFile(absolute);
      found.add(absolute);
      continue;
    }
    const pattern = new RegExp(
      `^${base
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.')}$`,
      'u',
    );
    for (const name of (await namesIn(path.dirname(absolute))).sort())
      if (pattern.test(name)) found.add(path.join(path.dirname(absolute), name));
  }
  return [...found];
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch {
    // Whoever opens it hears of it.
    return false;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function isDenied(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM';
}
