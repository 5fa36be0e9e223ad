/**
 * Lets refused waiters return one after another, at the pace at which they can be served. For a limit with long bodies,
 * about one waiter returns each second, however many wait.
 */
export class Comebacks {
  private readonly lastAt = new Map<string, number>();

  /**
   * Milliseconds until the next waiter should return. All parameters are milliseconds.
   *
   * @param spacing between two waiters
   * @param latest limit, unless `earliest` is later: waiters before this one may have been cancelled
   */
  next(key: string, earliest: number, spacing: number, latest: number): number {
    const now = performance.now();
    // The wait is not computed from the absolute return time, which is too large to keep milliseconds exactly.
    const wait = Math.max(earliest, (this.lastAt.get(key) ?? 0) + spacing - now);
    const end = Math.max(latest, earliest);
    if (wait > end) return Math.ceil(earliest + (end - earliest) * (0.5 + 0.5 * Math.random()));
    this.lastAt.set(key, now + wait);
    return Math.ceil(wait);
  }
}
