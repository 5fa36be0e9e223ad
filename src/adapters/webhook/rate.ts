interface RateOptions {
  readonly perSecond: number;
  /** At most this many requests are accepted at once after a pause. */
  readonly burst: number;
}

/** A bucket of tokens, which fills up by the second. */
export class Rate {
  #tokens: number;
  #filledAt: number;

  constructor(
    private readonly options: RateOptions,
    /** Milliseconds of a monotonic clock. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#tokens = options.burst;
    this.#filledAt = now();
  }

  /** Takes a token: returns 0, or the seconds until there is one. */
  take(): number {
    const { perSecond, burst } = this.options;
    const now = this.now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1_000) * perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return (1 - this.#tokens) / perSecond;
    this.#tokens -= 1;
    return 0;
  }
}
