import { setTimeout as delay } from 'node:timers/promises';
import { isOfClass } from '../errors';

const LIMIT_MS = 30_000;
const PAUSE_MS = 50;

/** Repeats the work while a backend has trouble, like a worker. Any other error fails the test. */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + LIMIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isOfClass(error, 'backend') || performance.now() >= giveUpAt) throw error;
      await delay(PAUSE_MS);
    }
  }
}

/** Returns true for every other call, beginning with the first. */
export function everyOther(): () => boolean {
  let asked = 0;
  return () => (asked += 1) % 2 === 1;
}
