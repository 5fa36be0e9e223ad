import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy, selvageErrorOf, type SqliteActivity } from './errors';

/** How long SQLite itself waits for a lock. That blocks the event loop, so {@link patiently} does the long waiting. */
export const BUSY_TIMEOUT_MS = 10;

const LOCK_WAIT_LIMIT_MS = 10_000;
const LONGEST_PAUSE_MS = 25;

/** Retries while another connection has the lock, leaving the event loop free in between; for ten seconds at most. */
export async function patiently<T>(
  file: string,
  activity: SqliteActivity,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + LOCK_WAIT_LIMIT_MS;
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw selvageErrorOf(error, file, activity);
      // Randomness keeps colliding processes from colliding again.
      await sleep(pause * (0.5 + Math.random()));
    }
  }
}
