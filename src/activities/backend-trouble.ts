import { setTimeout as delay } from 'node:timers/promises';
import { SelvageError } from '../errors';

/** Waits before a commit is tried again in the same attempt, so that a short outage does not cost another run of the body. */
const COMMIT_RETRIES_MS = [100, 300, 1_000, 3_000];

export function commitPatiently<T>(commit: () => Promise<T>): Promise<T> {
  // Most commits are done at once, and are many: they do without a function that waits.
  return commit().catch((error: unknown) => commitAgain(commit, error));
}

async function commitAgain<T>(commit: () => Promise<T>, error: unknown): Promise<T> {
  let last = error;
  for (const wait of COMMIT_RETRIES_MS) {
    if (!SelvageError.is(last, 'BackendUnavailable')) throw last;
    await delay(wait);
    try {
      return await commit();
    } catch (next) {
      last = next;
    }
  }
  throw last;
}

/** Trouble that is over when the backend is back: the body must not pay for it. */
export function isBackendTrouble(error: unknown): boolean {
  return (
    [
      'BackendUnavailable',
      'DiskFull',
      'DatabaseDamaged',
      'SchemaTooNew',
      'FolderUnusable',
      'KeyMissing',
      'InvalidKey',
    ] as const
  ).some((code) => SelvageError.is(error, code));
}
