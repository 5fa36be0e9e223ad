import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { folderError } from '../../node/folder-error';
import { makeFolder } from '../../node/writable';
import { homeOf } from './entries';
import { unlessMissing } from './file-errors';

/** The folder of unfinished files, in the store's folder: finishing a file is a rename in one file system. */
export const TEMPORARY_FOLDER = 'temporary';

const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** Creates the folder, notices a full or read-only one by a write, and removes files that killed processes left. */
export async function prepareFolder(folder: string): Promise<void> {
  const temporary = path.join(folder, TEMPORARY_FOLDER);
  const probe = path.join(temporary, randomUUID());
  makeFolder(temporary);
  try {
    try {
      await writeFile(probe, 'probe');
    } finally {
      await rm(probe, { force: true });
    }
    for (const name of await readdir(temporary)) {
      const file = path.join(temporary, name);
      const found = await unlessMissing(() => stat(file));
      if (found === undefined || found.mtimeMs >= Date.now() - ABANDONED_AFTER_MS) continue;
      const home = homeOf(name);
      if (home === undefined) await rm(file, { force: true });
      // The process that was deleting this value for its age did not finish; the next process will.
      else await unlessMissing(() => rename(file, path.join(folder, home)));
    }
  } catch (error) {
    throw folderError(error, folder);
  }
}
