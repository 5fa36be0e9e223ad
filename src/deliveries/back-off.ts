import { backOff, type BackOff } from '../values/back-off';
import { waitAskedBy } from '../values/duration';

const BACK_OFF: BackOff = { base: 1_000, max: 5 * 60_000, jitter: 0.5 };
/** Pause while a history or a table is unreachable. */
export const TROUBLE_MS = 1_000;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds to the next attempt: given by the error or by backing off, within the range of timers. */
export function pauseAfter(error: unknown, failures: number): number {
  return Math.min(waitAskedBy(error) ?? backOff(BACK_OFF, failures, Math.random()), LONGEST_TIMER_MS);
}
