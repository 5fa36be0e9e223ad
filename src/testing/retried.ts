import { setTimeout as delay } from 'node:timers/promises';
import { SelvageError } from '../errors';

const LIMIT_MS = 30_000;
const PAUSE_MS = 50;

/** Does it until it is not answered with `BackendUnavailable` any more, as a worker does: any other error fails the test. */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!SelvageError.is(error, 'BackendUnavailable') || performance.now() >= giveUpAt) throw error;
      await delay(PAUSE_MS);
    }
  }
}

/** True of every other one that is asked for, beginning with the first. */
export function everyOther(): () => boolean {
  let asked = 0;
  return () => (asked += 1) % 2 === 1;
}
