/**
 * Positions of times on an axis. Long times without work are short breaks, so that the work is seen; elsewhere a
 * position is a number of milliseconds from the beginning.
 */

export type Span = readonly [from: number, to: number];

/** Shorter times without work are never breaks. */
const LEAST_MS = 1000;
/** Length of a break, and of all breaks at most, as a share of the unbroken time. */
const [EACH, ALL] = [0.08, 0.6];

export class TimeScale {
  /** The broken times, in order. */
  readonly gaps: readonly Span[];
  /** The positions of `whole`. */
  readonly ends: Span;
  /** Length of each break on the axis. */
  private readonly size: number;

  /** @param work in any order; if omitted, the axis is not broken */
  constructor(
    readonly whole: Span,
    work: readonly Span[] = [],
  ) {
    const gaps = longGaps(work, whole);
    const unbroken = gaps.reduce((rest, [from, to]) => rest - to + from, whole[1] - whole[0]);
    this.size = Math.max(1, unbroken * Math.min(EACH, ALL / gaps.length));
    this.gaps = gaps.filter(([from, to]) => to - from > 2 * this.size);
    this.ends = this.span(whole);
  }

  at(time: number): number {
    let cut = 0;
    for (const [from, to] of this.gaps) {
      if (time <= from) break;
      const passed = Math.min(time, to) - from;
      cut += passed - (passed / (to - from)) * this.size;
    }
    return time - this.whole[0] - cut;
  }

  span([from, to]: Span): Span {
    return [this.at(from), this.at(to)];
  }

  /** The inverse of `at`. */
  timeAt(position: number): number {
    let cut = 0;
    for (const [from, to] of this.gaps) {
      const into = position + cut - (from - this.whole[0]);
      if (into <= 0) break;
      if (into < this.size) return from + (into / this.size) * (to - from);
      cut += to - from - this.size;
    }
    return this.whole[0] + position + cut;
  }

  /** Round times of the unbroken axis, in milliseconds from the run's start: at most `most`, and one more at each break. */
  ticks([from, to]: Span, most: number): number[] {
    const start = this.whole[0];
    const step = stepOf((this.at(to) - this.at(from)) / most);
    const ticks: number[] = [];
    let begin = from;
    for (const [left, right] of [...this.gaps, [to, to] as const]) {
      const end = Math.min(left, to);
      for (let at = Math.ceil((begin - start) / step) * step; at <= end - start; at += step) ticks.push(at);
      begin = Math.max(begin, right);
    }
    return ticks;
  }
}

/** Times between two times without work, those that are longer than half of all work. */
function longGaps(work: readonly Span[], [first, last]: Span): Span[] {
  const gaps: Span[] = [];
  let [end, worked] = [first, 0];
  for (const [from, to] of [...work].sort(([a], [b]) => a - b)) {
    if (from > end) gaps.push([end, Math.min(from, last)]);
    worked += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
    if (end >= last) break;
  }
  if (last > end) gaps.push([end, last]);
  return worked === 0 ? [] : gaps.filter(([from, to]) => to - from >= Math.max(LEAST_MS, worked / 2));
}

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const STEPS = [
  [1, 1, 2, 5, 10, 20, 50, 100, 200, 500],
  [1000, 1, 2, 5, 10, 15, 30],
  [MINUTE, 1, 2, 5, 10, 15, 30],
  [HOUR, 1, 2, 3, 6, 12],
  [DAY, 1, 2, 7, 14, 30],
].flatMap(([unit, ...counts]) => counts.map((count) => count * unit!));

const stepOf = (least: number): number => STEPS.find((step) => step >= least) ?? Math.ceil(least / DAY) * DAY;

/** Formats a tick exactly: after a break, neighbours differ in their last part. */
export function tickWords(at: number): string {
  const parts: string[] = [];
  let rest = at;
  for (const [unit, name] of [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'm'],
  ] as const) {
    if (rest >= unit) parts.push(`${Math.floor(rest / unit)} ${name}`);
    rest %= unit;
  }
  if (rest > 0) parts.push(at < 1000 ? `${rest} ms` : `${rest / 1000} s`);
  return parts.join(' ') || '0';
}
