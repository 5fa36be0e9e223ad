import { accessSync, constants, existsSync } from 'node:fs';
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

/** The file itself, or the folder in which all that is missing would be made. */
function nearestExisting(file: string): string {
  let at = file;
  while (!existsSync(at) && at !== path.dirname(at)) at = path.dirname(at);
  return at;
}
