import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { SelvageError } from '../../errors';
import { DamagedFile, GunzippedFile } from './gunzipped-file';

/** The number of first bytes of a file, which tell it from other files. */
export const HEAD_BYTES = 1_024;
/** The bytes before a place, which tell a file that has grown from one that was truncated and written anew. */
export const TAIL_BYTES = 64;

interface Print {
  readonly bytes: number;
  readonly hash: string;
}

/** A file's bytes, decompressed if it is compressed. A `FileHandle` of Node fits this type. */
export interface FileBytes {
  stat(options: { bigint: true }): Promise<Pick<BigIntStats, 'size' | 'mtimeNs'>>;
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

export interface FilePlace {
  readonly path: string;
  readonly dev: string;
  readonly ino: string;
  readonly head: Print;
  readonly tail: Print;
  /** All lines before this byte are finished. */
  readonly at: number;
  /** The file's length at the last look, and the time of that look, in milliseconds since the epoch. */
  readonly size?: number;
  readonly seen?: number;
}

export function printOf(bytes: Uint8Array): Print {
  return { bytes: bytes.length, hash: createHash('sha256').update(bytes).digest('hex').slice(0, 32) };
}

export interface OpenFile extends Inode {
  readonly path: string;
  readonly handle: FileBytes;
}

/** Opens a file for reading, a `.gz` for reading its contents. Returns undefined if there is no such file. */
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
  if (stats.isFile())
    return {
      path: file,
      handle: file.endsWith('.gz') ? new GunzippedFile(handle) : handle,
      ...inodeOf(stats),
    };
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
  /** This text changes with every change of the file, and when its inode becomes another file's. */
  readonly changed: string;
  /** The time of the file's last write, in milliseconds since the epoch. */
  readonly written: number;
}

function inodeOf({ dev, ino, ctimeNs, mtimeMs }: BigIntStats): Inode {
  return { dev: String(dev), ino: String(ino), changed: String(ctimeNs), written: Number(mtimeMs) };
}

export function isSameFile(one: Pick<Inode, 'dev' | 'ino'>, other: Pick<Inode, 'dev' | 'ino'>): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

async function inodeAt(file: string): Promise<Inode | undefined> {
  try {
    const stats = await stat(file, { bigint: true });
    return stats.isFile() ? inodeOf(stats) : undefined;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

export async function readAt(handle: Pick<FileBytes, 'read'>, at: number, length: number): Promise<Buffer> {
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
export async function holds(
  handle: FileBytes,
  { head, tail, at }: Pick<FilePlace, 'head' | 'tail' | 'at'>,
): Promise<boolean> {
  if (printOf(await readAt(handle, 0, head.bytes)).hash !== head.hash) return false;
  return printOf(await readAt(handle, at - tail.bytes, tail.bytes)).hash === tail.hash;
}

/**
 * Finds the file of a place, first by its inode, under any name in the folder. The next candidate is a copy by
 * `copytruncate` or `gzip`, and the last candidate a file with the same name and contents. A name alone proves nothing.
 *
 * @param least bytes that a file under the same name must have in common; different files often share fewer
 */
export async function findFile(place: FilePlace, least = HEAD_BYTES): Promise<OpenFile | undefined> {
  for (;;) {
    const before = await inodesBeside(place.path);
    const found = await findAmong(before, place, least);
    // Renames during a search may hide the file.
    if (found || idsOf(before) === idsOf(await inodesBeside(place.path))) return found;
  }
}

type Found = Pick<LogFile, 'path' | 'inode'>;

async function inodesBeside(file: string): Promise<Found[]> {
  const folder = path.dirname(file);
  const paths = (await namesIn(folder)).sort().map((name) => path.join(folder, name));
  return await Promise.all(paths.map(async (one) => ({ path: one, inode: await inodeAt(one) })));
}

/** A text that differs between any two states of a file. */
export function keyOf({ dev, ino, changed }: Inode): string {
  return `${dev}:${ino}:${changed}`;
}

/** A text that stays equal as long as the same names lead to the same files. */
export function idsOf(files: readonly Found[]): string {
  return files.map(({ path: name, inode }) => `${name}\0${inode?.dev}:${inode?.ino}`).join('\0');
}

async function findAmong(
  inodes: readonly Found[],
  place: FilePlace,
  least: number,
): Promise<OpenFile | undefined> {
  const { path: file, dev, ino, at } = place;
  const base = path.basename(file);
  const same = inodes.filter(({ inode }) => inode && isSameFile(inode, { dev, ino }));
  const copies = inodes.filter(
    ({ path: name, inode }) => inode && at + place.head.bytes > 0 && isRotatedName(path.basename(name), base),
  );
  const back = inodes.filter(({ path: name, inode }) => inode && name === file && place.head.bytes >= least);
  for (const candidate of [...same, ...copies, ...back]) {
    const found = await openFile(candidate.path).catch((error: unknown) => {
      // A wanted file that is unreadable is awaited. Any other unreadable file may be unrelated.
      if (same.includes(candidate) || !isDenied(error)) throw error;
      return undefined;
    });
    if (!found) continue;
    // A damaged file does not count as holding the place.
    if (await holds(found.handle, place).catch(unlessDamaged(false))) return found;
    await found.handle.close();
  }
  return undefined;
}

/** Whether a name could belong to a copy: the file's name without its own rotation suffix, then a suffix. */
export function isRotatedName(name: string, base: string): boolean {
  const stem = base.replace(ENDS_ROTATED, '');
  return name !== base && name.startsWith(stem) && /^[.\-_]/.test(name.slice(stem.length));
}

/** Suffixes of rotated files, as in `app.log.1`, `app.log-20260131` and `app.log.2026-01-31_12.gz`. */
const ROTATED = String.raw`[.\-_]\d[\d.\-_:TZ]*(?:\.(gz|bz2|xz|zst|lz4|lzma|zip|Z))?`;
const ENDS_ROTATED = new RegExp(`${ROTATED}$`, 'u');
const NUMBERED = /^[.\-_](\d{1,5})(?:\.\w+)?$/;

/** A wanted file, or the file that a wanted file became by rotation. */
export interface LogFile {
  readonly path: string;
  readonly inode: Inode | undefined;
  /** The file's path before rotation. */
  readonly base: string;
  readonly pattern: string;
  /** How often the file was rotated, if the name says so. */
  readonly number?: number;
  readonly packing?: string;
}

/** The wanted files, in order; a path without a pattern even if missing. Throws `InvalidConfig` for a folder. */
export async function wantedFiles(paths: readonly string[]): Promise<LogFile[]> {
  const found = new Map<string, LogFile>();
  for (const pattern of paths.map((one) => path.resolve(one))) {
    const folder = path.dirname(pattern);
    const isPattern = /[*?]/.test(path.basename(pattern));
    if (!isPattern && (await isFolder(pattern))) throw noFile(pattern);
    const matches = patternOf(pattern);
    const names = isPattern ? (await namesIn(folder)).sort() : [path.basename(pattern)];
    for (const name of names.filter((one) => matches.test(one))) {
      const file = path.join(folder, name);
      if (found.has(file)) continue;
      found.set(file, { path: file, inode: await inodeAt(file), base: file, pattern, number: 0 });
    }
  }
  return [...found.values()];
}

/** Rotated files beside wanted ones, the oldest first, without those that are wanted themselves. */
export async function rotatedFiles(paths: readonly string[]): Promise<LogFile[]> {
  const found = new Map<string, LogFile>();
  const patterns = paths.map((one) => path.resolve(one));
  const isWanted = (file: string): boolean =>
    patterns.some(
      (pattern) =>
        path.dirname(file) === path.dirname(pattern) && patternOf(pattern).test(path.basename(file)),
    );
  for (const pattern of patterns) {
    const folder = path.dirname(pattern);
    const matches = new RegExp(`^(${sourceOf(pattern)})${ROTATED}$`, 'u');
    for (const name of await namesIn(folder)) {
      const [, original, packing] = matches.exec(name) ?? [];
      const file = path.join(folder, name);
      if (original === undefined || isWanted(file)) continue;
      const inode = await inodeAt(file);
      if (!inode) continue;
      const number = NUMBERED.exec(name.slice(original.length))?.[1];
      found.set(file, {
        path: file,
        inode,
        base: path.join(folder, original),
        pattern,
        ...(number !== undefined && { number: Number(number) }),
        ...(packing !== undefined && { packing }),
      });
    }
  }
  return [...found.values()].sort(byAge);
}

/** A path's last part with `*` and `?` as a regular expression. */
export function patternOf(pattern: string): RegExp {
  return new RegExp(`^${sourceOf(pattern)}$`, 'u');
}

function sourceOf(pattern: string): string {
  return path
    .basename(pattern)
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
}

function byAge(one: LogFile, other: LogFile): number {
  return (
    one.inode!.written - other.inode!.written ||
    (other.number ?? 0) - (one.number ?? 0) ||
    (one.path < other.path ? -1 : 1)
  );
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch {
    // A file that vanished meanwhile is kept, because opening it reports the error.
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

function unlessDamaged<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof DamagedFile) return instead;
    throw error;
  };
}

export function isDenied(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM';
}
