import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, statSync, type Dirent } from 'node:fs';
import path from 'node:path';

/** A project's folder of values, runs and the server, closed to other users. */
export const STATE_FOLDER = '.selvage';

/** All but the owner's permission bits. */
const OTHERS = 0o077;

/** The mode of a new file: inside a `.selvage` readable by the owner only, elsewhere by the umask. */
export function fileMode(file: string): number {
  return stateFolderOf(file) === undefined ? 0o666 : 0o600;
}

/** See {@link fileMode}. */
export function folderMode(folder: string): number {
  return stateFolderOf(folder) === undefined ? 0o777 : 0o700;
}

/** With missing parents. Closes a `.selvage` to other users; {@link openToOthers} reports failures. */
export function makePrivateFolder(folder: string): void {
  const state = stateFolderOf(folder);
  if (state === undefined) {
    mkdirSync(folder, { recursive: true });
    return;
  }
  mkdirSync(path.dirname(state), { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // A closed folder needs no walk through its contents.
  if (isOpen(state) && close(state)) closeAllIn(state);
}

/** SQLite gives a file's mode to the files beside it. Errors are ignored, as opening the file reports them. */
export function makePrivateFile(file: string): void {
  if (stateFolderOf(file) === undefined) return;
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch {
    for (const each of ['', '-wal', '-shm', '.wal'].map((end) => `${file}${end}`))
      if (isOpen(each)) close(each);
  }
}

/** Why other users can read the project's `.selvage`, as a sentence; undefined if they cannot. */
export function openToOthers(projectDir: string): string | undefined {
  const state = path.join(projectDir, STATE_FOLDER);
  if (!isOpen(state)) return undefined;
  return (
    `Other users of this machine may read ${state}, with all values in it: its rights cannot be changed, as it belongs to another user or its file ` +
    'system has none. Keep the project where they can be, or seal values (SELVAGE_KEYS).'
  );
}

function stateFolderOf(file: string): string | undefined {
  const absolute = path.resolve(file);
  const at = `${absolute}${path.sep}`.indexOf(`${path.sep}${STATE_FOLDER}${path.sep}`);
  return at === -1 ? undefined : absolute.slice(0, at + 1 + STATE_FOLDER.length);
}

/**
 * Whether other users can read a file; false for missing files, and on Windows, where modes mean nothing and user
 * folders are closed.
 */
function isOpen(file: string): boolean {
  if (process.platform === 'win32') return false;
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & OTHERS) !== 0;
}

function close(file: string): boolean {
  try {
    chmodSync(file, statSync(file).mode & 0o7777 & ~OTHERS);
    return !isOpen(file);
  } catch {
    return false;
  }
}

function closeAllIn(folder: string): void {
  for (const entry of entriesOf(folder)) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) closeAllIn(file);
    // Symbolic links are skipped, because their targets are not the project's.
    if (entry.isDirectory() || entry.isFile()) close(file);
  }
}

/** The entries of a folder; empty if the folder is gone or unreadable. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
