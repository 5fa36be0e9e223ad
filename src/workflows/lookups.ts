export interface LookupsListener {
  /** The result of a lookup, by the knots that it was for. The lookup still counts as in progress. */
  answered(found: readonly number[], missed: readonly number[]): void;
  /** The lookup is no longer in progress. */
  over(): void;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
}

/**
 * Finds which dispatched knots have values that other runs have already made.
 *
 * L1  One lookup at a time: knots that become ready meanwhile are looked up together.
 * L2  A lookup records what it takes over before it returns. Knots downstream, not dispatched yet, become Ok when they
 *     are: the scheduler decides on each as if its activity had ended at once.
 */
export class Lookups {
  private readonly waiting: number[] = [];
  private lookingUp = false;
  /** Dispatched or not. */
  private readonly found = new Set<number>();

  /** @param lookUp see {@link TemporalHostOptions.lookUp}; if omitted, nothing is looked up */
  constructor(
    private readonly lookUp: ((knots: readonly number[]) => Promise<readonly number[]>) | undefined,
    private readonly listener: LookupsListener,
  ) {}

  get isUnderWay(): boolean {
    return this.lookingUp;
  }

  /** Whether a lookup has taken over its value. */
  isFound(knot: number): boolean {
    return this.found.has(knot);
  }

  /** The knot is dispatched, and joins the next lookup. */
  add(knot: number): void {
    this.waiting.push(knot);
  }

  /** Looks up the queued knots, unless a lookup is in progress. */
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

  /** Empties the queue and returns its knots. */
  takeBack(): number[] {
    return this.waiting.splice(0);
  }
}
