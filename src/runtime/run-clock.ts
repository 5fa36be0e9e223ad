/** Counts elapsed time from a given start, so that setting the machine's clock makes no duration negative. */
export class RunClock {
  private readonly since = performance.now();

  constructor(private readonly begunAt: number) {}

  /** The time in milliseconds since the epoch, rounded down, so never ahead of a clock in whole milliseconds. */
  now(): number {
    return this.begunAt + Math.floor(performance.now() - this.since);
  }
}
