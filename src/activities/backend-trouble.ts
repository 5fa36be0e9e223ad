import { setTimeout as delay } from 'node:timers/promises';
import { SelvageError } from '../errors';

/** Waits before a commit is tried again in the same attempt, so that a short outage does not cost another run of the body. */
const COMMIT_RETRIES_MS = [100, 300, 1_000, 3_000];

export async function commitPatiently<T>(commit: () => Promise<T>): Promise<T> {
  for (const wait of COMMIT_RETRIES_MS) {
    try {
      return await commit();
    } catch (error) {
      if (!SelvageError.is(error, 'BackendUnavailable')) throw error;
      await delay(wait);
    }
  }
  return await commit();
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
