export interface LookupsListener {
  /** What came of a lookup, of the knots that it was for. It is still under way. */
  answered(found: readonly number[], missed: readonly number[]): void;
  /** It is not under way any more. */
  over(): void;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
}

/**
 * Which dispatched knots other runs have made already.
 *
 * L1  One lookup at a time: what becomes ready meanwhile is looked up together.
 * L2  What a lookup has taken over is on record before its answer is heard. Knots below those that it was for, which are not
 *     dispatched yet, are Ok as soon as they are: the scheduler decides on each, as if its activity had ended at once.
 */
export class Lookups {
  private readonly waiting: number[] = [];
  private lookingUp = false;
  /** Dispatched or not. */
  private readonly found = new Set<number>();

  /** @param lookUp as {@link TemporalHostOptions.lookUp}; absent: nothing is looked up */
  constructor(
    private readonly lookUp: ((knots: readonly number[]) => Promise<readonly number[]>) | undefined,
    private readonly listener: LookupsListener,
  ) {}

  get isUnderWay(): boolean {
    return this.lookingUp;
  }

  /** Whether a lookup has taken it over. */
  isFound(knot: number): boolean {
    return this.found.has(knot);
  }

  /** The knot is dispatched, and goes with the next lookup. */
  add(knot: number): void {
    this.waiting.push(knot);
  }

  /** Looks up what waits, unless a lookup is under way. */
  next(): void {
    if (this.waiting.length === 0 || this.lookingUp) return;
    const knots = this.waiting.splice(0).sort((a, b) => a - b);
    this.lookingUp = true;
    this.lookUp!(knots).then(
      (found) => {
        for (const knot of found) this.found.add(knot);
        this.listener.answered(
          knots.filter((knot) => this.found.has(knot)),
          knots.filter((knot) => !this.found.has(knot)),
        );
        this.lookingUp = false;
        this.listener.over();
      },
      (error: unknown) => this.listener.fatal(error),
    );
  }

  /** The knots that wait, which wait no more. */
  takeBack(): number[] {
    return this.waiting.splice(0);
  }
}
