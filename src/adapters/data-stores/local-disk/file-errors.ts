import { SelvageError } from '../../../errors';
import { folderError } from '../../shared/folder-error';

/** Tells a failed use of `file` in Selvage's words; errors that are not the file system's pass as they are. */
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
