/** How waits grow between the tries of something that fails. Times are milliseconds. */
export interface BackOff {
  /** The first wait. */
  readonly base: number;
  /** By how much each wait exceeds the one before. Default 2. */
  readonly factor?: number;
  /** The longest wait. */
  readonly max: number;
  /** The share of a wait that chance may take away, 0 to 1: it keeps many from returning all at once. Default 0. */
  readonly jitter?: number;
}

/**
 * Milliseconds before the next try.
 *
 * @param failures before the last one: 0 after the first failure
 * @param chance 0 to 1: 0 leaves the whole wait, 1 takes all of the jitter's share away
 */
export function backOff(
  { base, factor = 2, max, jitter = 0 }: BackOff,
  failures: number,
  chance = 0,
): number {
  // The power of many failures is infinite, and no wait at all stays none.
  return Math.min(max, base === 0 ? 0 : base * factor ** failures) * (1 - jitter * chance);
}
