import { backOff, type BackOff } from '../values/back-off';
import { waitAskedBy } from '../values/duration';

const BACK_OFF: BackOff = { base: 1_000, max: 5 * 60_000, jitter: 0.5 };
/** Pause after which a history or a table that is out of reach is tried again. */
export const TROUBLE_MS = 1_000;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds until the next attempt after an error, which may say so: a timer takes no other number as long as it means. */
export function pauseAfter(error: unknown, failures: number): number {
  return Math.min(waitAskedBy(error) ?? backOff(BACK_OFF, failures, Math.random()), LONGEST_TIMER_MS);
}
