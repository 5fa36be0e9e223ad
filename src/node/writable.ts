import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import * as path from 'node:path';
import { makePrivateFolder } from './private-files';
import { folderError } from './folder-error';

/** Checks that a file can be read and written, or created; changes nothing. @throws SelvageError `FolderUnusable` */
export function requireWritable(file: string): void {
  const existing = nearestExisting(path.resolve(file));
  try {
    accessSync(existing, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw folderError(error, existing);
  }
}

/** Less room than this counts as a full disk, as SQLite needs about as much for its log. */
const LEAST_ROOM_BYTES = 1024 * 1024;

/** Also checks the room on the disk, for a file to be written. @throws SelvageError `FolderUnusable`, `DiskFull` */
export function requireUsable(file: string): void {
  requireWritable(file);
  const existing = nearestExisting(path.resolve(file));
  const { bavail, bsize, files, ffree } = statfsSync(existing);
  // Some file systems do not count files.
  if (bavail * bsize >= LEAST_ROOM_BYTES && (files === 0 || ffree > 0)) return;
  throw folderError(Object.assign(new Error('the disk is full'), { code: 'ENOSPC' }), existing);
}

export function isWritable(file: string): boolean {
  try {
    requireWritable(file);
    return true;
  } catch {
    return false;
  }
}

/** Makes a folder and its parents; closes a `.selvage` to others. @throws SelvageError `FolderUnusable`, `DiskFull` */
export function makeFolder(folder: string): void {
  try {
    makePrivateFolder(folder);
  } catch (error) {
    // On a read-only disk, Node reports a missing folder.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') requireWritable(folder);
    throw folderError(error, folder);
  }
}

function nearestExisting(file: string): string {
  let at = file;
  while (!existsSync(at) && at !== path.dirname(at)) at = path.dirname(at);
  return at;
}
