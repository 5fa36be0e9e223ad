import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { folderError } from '../../node/folder-error';

/** Writes or replaces a file atomically. */
export async function writeWhole(file: string, text: string, mode = 0o666): Promise<void> {
  const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeFile(temporary, text, { mode, flag: 'wx' });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw folderError(error, path.dirname(file));
  }
}
