import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import * as path from 'node:path';
import { folderError } from './folder-error';

/**
 * Makes sure that a file or folder can be read and written, or made where it does not exist yet; changes nothing.
 *
 * @throws SelvageError `FolderUnusable`
 */
export function requireWritable(file: string): void {
  const existing = nearestExisting(path.resolve(file));
  try {
    accessSync(existing, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw folderError(error, existing);
  }
}

/**
 * Makes a folder, with those above it, where it is not there.
 *
 * @throws SelvageError `FolderUnusable`, `DiskFull`
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    // Of a disk that can only be read, Node says that the folder is not there.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') requireWritable(folder);
    throw folderError(error, folder);
  }
}

/** The file itself, or the folder in which all that is missing would be made. */
function nearestExisting(file: string): string {
  let at = file;
  while (!existsSync(at) && at !== path.dirname(at)) at = path.dirname(at);
  return at;
}
