export interface LookupsListener {
  /** The lookup's result. A lookup that has ended still counts as in progress. */
  answered(found: readonly number[], missed: readonly number[]): void;
  over(): void;
  fatal(error: unknown): void;
}

/**
 * Finds the dispatched knots whose values other runs have made.
 *
 * L1  One lookup at a time: knots that become ready meanwhile are looked up together.
 * L2  A lookup records the values that it takes over before it returns. Knots downstream become Ok when they are
 *     dispatched: the scheduler decides on each as if its activity had ended at once.
 */
export class Lookups {
  private readonly waiting: number[] = [];
  private lookingUp = false;
  /** Knots with a value found, also knots that are not dispatched. */
  private readonly found = new Set<number>();

  /** `lookUp`: see {@link TemporalHostOptions.lookUp}. If this function is omitted, nothing is looked up. */
  constructor(
    private readonly lookUp: ((knots: readonly number[]) => Promise<readonly number[]>) | undefined,
    private readonly listener: LookupsListener,
  ) {}

  get isUnderWay(): boolean {
    return this.lookingUp;
  }

  isFound(knot: number): boolean {
    return this.found.has(knot);
  }

  add(knot: number): void {
    this.waiting.push(knot);
  }

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

  takeBack(): number[] {
    return this.waiting.splice(0);
  }
}
