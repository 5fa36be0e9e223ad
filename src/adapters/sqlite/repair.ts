import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { makePrivateFile } from '../../node/private-files';
import { selvageErrorOf } from './errors';
import { examineDatabase, salvageDatabase, type SalvagedTable } from './salvage';

export interface DatabaseRepair {
  readonly file: string;
  /** `repaired`: a new file has all readable data. `unrepairable`: no data was readable; the file was moved away. */
  readonly state: 'absent' | 'sound' | 'repaired' | 'unrepairable';
  readonly problems: readonly string[];
  /** The place to which the damaged file was moved. */
  readonly movedTo?: string;
  readonly tables?: readonly SalvagedTable[];
}

interface RepairDatabaseOptions {
  /** A part of the names of kept files. */
  readonly stamp: string;
  /** Called before the damaged file is moved; an error of this function prevents the move. */
  readonly beforeSwap: () => Promise<void>;
  /** Copies all readable data into a new file; undefined if there was none. Default: copies Selvage's tables. */
  readonly salvage?:
    ((file: string, draft: string) => Promise<readonly SalvagedTable[] | undefined>) | undefined;
}

/**
 * Examines a whole database file. A damaged file is replaced by a new file with everything readable, and kept beside
 * it. Nobody else may use the file.
 */
export async function repairDatabase(
  file: string,
  { stamp, beforeSwap, salvage = salvageDatabase }: RepairDatabaseOptions,
): Promise<DatabaseRepair> {
  if (sizeOf(file) + sizeOf(`${file}-wal`) === 0) return { file, state: 'absent', problems: [] };
  const problems = await examineDatabase(file);
  if (problems.length === 0) return { file, state: 'sound', problems };
  const draft = `${file}.repairing`;
  removeDatabase(draft);
  try {
    makePrivateFile(draft);
    const salvaged = await salvage(file, draft);
    const tables = salvaged && (await examineDatabase(draft)).length === 0 ? salvaged : undefined;
    if (tables) flush(draft);
    await beforeSwap();
    const movedTo = setDatabaseAside(file, `damaged-${stamp}`, tables && draft);
    return {
      file,
      state: tables ? 'repaired' : 'unrepairable',
      problems,
      movedTo,
      ...(tables && { tables }),
    };
  } catch (error) {
    throw selvageErrorOf(error, draft, 'use');
  } finally {
    removeDatabase(draft);
  }
}

/** Moves a database and its log to a name with the reason, and `replacement` into its place. Returns the name. */
export function setDatabaseAside(file: string, reason: string, replacement?: string): string {
  const movedTo = `${file}.${reason}`;
  const log = `${file}-wal`;
  if (replacement) link(file, movedTo);
  else renameSync(file, movedTo);
  // SQLite would apply the old log to the new file.
  if (existsSync(log)) renameSync(log, `${movedTo}-wal`);
  rmSync(`${file}-shm`, { force: true });
  if (replacement) renameSync(replacement, file);
  return movedTo;
}

/** Gives the file a second name, so that the first never disappears; a copy if the file system has no hard links. */
function link(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch {
    copyFileSync(file, name);
  }
}

export function flush(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
