/**
 * Counts elapsed time from a given start, so that durations stay positive if the machine's clock is set
 * meanwhile.
 */
export class RunClock {
  private readonly since = performance.now();

  /** @param begunAt milliseconds since the epoch */
  constructor(private readonly begunAt: number) {}

  /** Milliseconds since the epoch, rounded down, so never ahead of a clock in whole milliseconds. */
  now(): number {
    return this.begunAt + Math.floor(performance.now() - this.since);
  }
}
