import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { folderError } from '../../shared/folder-error';
import { makeFolder } from '../../shared/writable';
import { homeOf } from './entries';
import { unlessMissing } from './file-errors';

/** Files under way; beside the values, so that giving one its name is a rename within one file system. */
export const TEMPORARY_FOLDER = 'temporary';

const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Makes the folder, writes to it, so that one that is full or can only be read is found out before a run needs it, and removes what killed
 * processes left in it.
 */
export async function prepareFolder(folder: string): Promise<void> {
  const temporary = path.join(folder, TEMPORARY_FOLDER);
  const probe = path.join(temporary, randomUUID());
  await makeFolder(temporary);
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
      // Whoever was deleting it for its age did not come to the end; the next one does.
      else await unlessMissing(() => rename(file, path.join(folder, home)));
    }
  } catch (error) {
    throw folderError(error, folder);
  }
}
