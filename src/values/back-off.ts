/** Waits between tries of something that fails, in milliseconds. */
export interface BackOff {
  /** The first wait. */
  readonly base: number;
  /** Ratio of each wait to the one before. Default 2. */
  readonly factor?: number;
  /** The longest wait. */
  readonly max: number;
  /** Largest share of a wait that chance removes, 0 to 1, so that many callers do not return at once. Default 0. */
  readonly jitter?: number;
}

/**
 * Milliseconds before the next try. `failures` is 0 after the first failure. `chance` is 0 to 1: 1 removes the
 * jitter's whole share.
 */
export function backOff(
  { base, factor = 2, max, jitter = 0 }: BackOff,
  failures: number,
  chance = 0,
): number {
  // The power of many failures is infinite, and a wait of 0 stays 0.
  return Math.min(max, base === 0 ? 0 : base * factor ** failures) * (1 - jitter * chance);
}
