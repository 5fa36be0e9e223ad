import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy, selvageErrorOf, type SqliteActivity } from './errors';

/** How long SQLite itself waits for a lock. It blocks the event loop while it does, so the long wait is {@link patiently}'s. */
export const BUSY_TIMEOUT_MS = 10;

const LOCK_WAIT_LIMIT_MS = 10_000;
const LONGEST_PAUSE_MS = 25;

/** Tries again, with the event loop free in between, while another connection has the lock; for ten seconds at most. */
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
      // Chance keeps processes that collided from colliding again.
      await sleep(pause * (0.5 + Math.random()));
    }
  }
}
