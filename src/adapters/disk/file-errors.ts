import { link, open } from 'node:fs/promises';
import { SelvageError } from '../../errors';
import { folderError } from '../../node/folder-error';

/** Converts errors of using `file` to Selvage's; errors that do not come from the file system pass unchanged. */
export async function whileUsing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (SelvageError.is(error) || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    const told = folderError(error, file);
    if (told.code === 'DiskFull') throw told;
    throw new SelvageError(
      'BackendUnavailable',
      `The data store's file ${file} cannot be used (${(error as Error).message}). Check that the folder is there and that this user may write to it.`,
      { details: { path: file }, cause: error },
    );
  }
}

export async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Gives a complete file its name, unless another process was faster, whose file then stands. */
export async function linkUnlessThere(temporary: string, file: string): Promise<void> {
  await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

export async function flushFolder(folder: string): Promise<void> {
  // Windows cannot open a folder, and needs no flush of its entries.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
