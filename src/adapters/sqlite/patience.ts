import { again } from '../../ports/parts/again';
import type { BackOff } from '../../values/back-off';
import { isBusy, selvageErrorOf, type SqliteActivity } from './errors';

/** SQLite's own wait for a lock, which blocks the event loop; {@link patiently} does the long waiting. */
export const BUSY_TIMEOUT_MS = 10;

const LOCK_WAIT_LIMIT_MS = 10_000;
const BACK_OFF: BackOff = { base: 1, max: 35, jitter: 0.5 };

/** Retries for ten seconds at most while another connection has the lock, leaving the event loop free in between. */
export async function patiently<T>(
  file: string,
  activity: SqliteActivity,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + LOCK_WAIT_LIMIT_MS;
  const isFinal = (error: unknown): boolean => !isBusy(error) || performance.now() >= deadline;
  try {
    return await again(work, { backOff: BACK_OFF, isFinal });
  } catch (error) {
    throw selvageErrorOf(error, file, activity);
  }
}
