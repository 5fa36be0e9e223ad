import { waitAskedBy } from '../values/duration';

const FIRST_MS = 1_000;
const LONGEST_MS = 5 * 60_000;
/** Pause after which a history or a table that is out of reach is tried again. */
export const TROUBLE_MS = 1_000;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds until the next attempt after an error, which may say so: a timer takes no other number as long as it means. */
export function pauseAfter(error: unknown, failures: number): number {
  return Math.min(waitAskedBy(error) ?? backOff(failures), LONGEST_TIMER_MS);
}

/** It doubles to five minutes, and chance keeps emitters from meeting again. */
function backOff(failures: number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 20));
  return longest * (0.5 + Math.random() / 2);
}
