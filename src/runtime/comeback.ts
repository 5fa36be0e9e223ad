/**
 * Decides when refused waiters come back: not all at once, but one after the other, at the pace at which they
 * can be served. For a limit whose bodies take long, about one comes each second, however many there are.
 */
export class Comebacks {
  /** By key, when the last one of those comes back. */
  private readonly lastAt = new Map<string, number>();

  /**
   * Milliseconds after which the next one should come.
   *
   * @param earliest milliseconds
   * @param spacing milliseconds between two of them
   * @param latest milliseconds, unless `earliest` is later: some of those who were to come before may have
   *   been cancelled
   */
  next(key: string, earliest: number, spacing: number, latest: number): number {
    const now = performance.now();
    // Not by way of the time at which it comes back: that is so large that a millisecond is not kept exactly.
    const wait = Math.max(earliest, (this.lastAt.get(key) ?? 0) + spacing - now);
    const end = Math.max(latest, earliest);
    if (wait > end) return Math.ceil(earliest + (end - earliest) * (0.5 + 0.5 * Math.random()));
    this.lastAt.set(key, now + wait);
    return Math.ceil(wait);
  }
}
