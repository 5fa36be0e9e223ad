import { SelvageError } from '../errors';

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT']);

export function folderError(error: unknown, folder: string): SelvageError {
  const options = { details: { path: folder }, cause: error };
  const reason = error instanceof Error ? error.message : String(error);
  if (NO_SPACE.has((error as NodeJS.ErrnoException).code ?? '')) {
    return new SelvageError(
      'DiskFull',
      `There is no space left to write in ${folder}. Free some space; runs go on from where they are.`,
      options,
    );
  }
  return new SelvageError(
    'FolderUnusable',
    `The folder ${folder} cannot be made, read or written (${reason}). Give this user the right to write there, or name another place.`,
    options,
  );
}
