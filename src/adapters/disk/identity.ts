import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { fileMode } from '../../node/private-files';
import { linkUnlessThere, unlessMissing, whileUsing } from './file-errors';
import { TEMPORARY_FOLDER } from './temporary-files';

/** The text in the folder's file `identity`, which the first caller creates. */
export async function identityOf(folder: string): Promise<string> {
  const file = path.join(folder, 'identity');
  return await whileUsing(file, async () => {
    const found = await unlessMissing(() => readFile(file, 'utf8'));
    if (found !== undefined) return found.trim();
    const temporary = path.join(folder, TEMPORARY_FOLDER, randomUUID());
    await writeFile(temporary, `${randomUUID()}\n`, { mode: fileMode(temporary) });
    try {
      await linkUnlessThere(temporary, file);
    } finally {
      await rm(temporary, { force: true });
    }
    return (await readFile(file, 'utf8')).trim();
  });
}
