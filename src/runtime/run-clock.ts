/**
 * A clock for one piece of work: starts at a given time and then counts elapsed time, so that no duration is negative
 * if somebody sets the machine's clock meanwhile.
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
