import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, statSync, type Dirent } from 'node:fs';
import path from 'node:path';

/**
 * The folder in a project that holds values, runs and the server. Other users of the machine cannot read it.
 */
export const STATE_FOLDER = '.selvage';

/** The permission bits of everybody but the owner. */
const OTHERS = 0o077;

/** The mode of a new file: readable by its owner only inside a `.selvage`; elsewhere as the umask allows. */
export function fileMode(file: string): number {
  return stateFolderOf(file) === undefined ? 0o666 : 0o600;
}

/** The mode of a new folder; see {@link fileMode}. */
export function folderMode(folder: string): number {
  return stateFolderOf(folder) === undefined ? 0o777 : 0o700;
}

/**
 * Creates a folder and its missing parents. If it is a `.selvage` or lies in one, that one and everything in
 * it is closed to other users. Where closing fails, {@link openToOthers} says so.
 */
export function makePrivateFolder(folder: string): void {
  const state = stateFolderOf(folder);
  if (state === undefined) {
    mkdirSync(folder, { recursive: true });
    return;
  }
  mkdirSync(path.dirname(state), { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // A folder that was already closed needs no walk through its contents.
  if (isOpen(state) && close(state)) closeAllIn(state);
}

/**
 * Creates a database file with its final mode, because SQLite gives that mode to the files beside it. An
 * existing file is changed to that mode. Errors are ignored here: opening the database reports them.
 */
export function makePrivateFile(file: string): void {
  if (stateFolderOf(file) === undefined) return;
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch {
    for (const each of ['', '-wal', '-shm', '.wal'].map((end) => `${file}${end}`))
      if (isOpen(each)) close(each);
  }
}

/**
 * A sentence that says why other users of the machine can read the project's `.selvage`; undefined if they
 * cannot, or if there is no such folder.
 */
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
 * False for a file that does not exist, and on Windows, where modes mean nothing and a user's own folders are
 * closed.
 */
function isOpen(file: string): boolean {
  if (process.platform === 'win32') return false;
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & OTHERS) !== 0;
}

/** Returns whether closing it succeeded. */
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
    // Symbolic links are skipped: their targets are not ours.
    if (entry.isDirectory() || entry.isFile()) close(file);
  }
}

/** Empty if the folder has disappeared meanwhile or cannot be read. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
