import { statSync } from 'node:fs';
import { SelvageError } from '../../errors';
import { onceATurn } from './once-a-turn';

/**
 * Returns a check, once a turn, that the file still has its name. SQLite would go on writing to a deleted or replaced
 * file, which disappears with the process. Errors of the check: `BackendUnavailable`.
 */
export function sameFile(file: string): () => void {
  const opened = numberOf(file);
  const mustLook = onceATurn();
  let now = opened;
  return () => {
    if (mustLook()) now = numberOf(file);
    if (now === opened) return;
    const what = now === undefined ? 'was deleted or moved' : 'was replaced by another one';
    throw new SelvageError(
      'BackendUnavailable',
      `The database ${file} ${what} while this process had it open, so nothing more is read from it or written to it. ` +
        (now === undefined
          ? 'Put it back, or end all processes of the project before you begin with a new one.'
          : 'End the processes that have it open, and start them again: they go on with the file that is there now.'),
      { details: { file } },
    );
  };
}

function numberOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}
