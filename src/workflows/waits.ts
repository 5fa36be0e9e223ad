import { CancellationScope, sleep } from '@temporalio/workflow';
import type { UnreadSignal, Waited } from './messages';
import { workflowTime } from './workflow-clock';

/** So long a timer at most, in milliseconds; what waits for longer gets one after the other. */
const LONGEST_TIMER_MS = 365 * 24 * 3_600_000;

export interface WaitsListener {
  /** A wait is over, and not open any more. Comes once for each. */
  over(knot: number, waited: Waited): void;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
}

/** What a knot waits for: a signal, a time, or a signal until a time. */
export interface Wait {
  readonly id: string;
  readonly signal?: string;
  /** When it began, in milliseconds since the epoch, as `until`. Absent where an earlier version began it. */
  readonly since?: number;
  readonly until?: number;
}

/**
 * The open waits of a run, and the signals that nobody has taken.
 *
 * T1  A wait takes the first unread signal of its name that fits it; of several waits, the one that has begun first takes it. So there
 *     is never an unread signal that fits an open wait.
 * T2  There is a timer for the first of all times, or an earlier one: a time is never missed. One that is not needed any more is not
 *     cancelled but found to be for nothing, which costs less.
 * T3  Only the clock of the history says what is over.
 */
export class Waits {
  /** In the order in which they began. */
  private readonly open = new Map<number, Wait>();
  /** Of `open`, by name of the signal. */
  private readonly bySignal = new Map<string, Set<number>>();
  private readonly unreadByName = new Map<string, UnreadSignal[]>();
  private unreadTotal = 0;
  /** The time of the earliest timer. */
  private armed: number | undefined;

  constructor(
    private readonly listener: WaitsListener,
    unread: readonly UnreadSignal[] = [],
  ) {
    for (const signal of unread) this.keep(signal);
  }

  get size(): number {
    return this.open.size;
  }

  has(knot: number): boolean {
    return this.open.has(knot);
  }

  /** Open ones, in the order in which they began. */
  *entries(): IterableIterator<readonly [knot: number, wait: Wait]> {
    yield* this.open;
  }

  /** Signals of one name in the order in which they came. */
  get unread(): readonly UnreadSignal[] {
    return [...this.unreadByName.values()].flat();
  }

  get unreadCount(): number {
    return this.unreadTotal;
  }

  /** How many signals are unread, by name; undefined: none. */
  get unreadByCount(): Readonly<Record<string, number>> | undefined {
    if (this.unreadTotal === 0) return undefined;
    return Object.fromEntries(
      [...this.unreadByName].flatMap(([name, list]) => (list.length > 0 ? [[name, list.length]] : [])),
    );
  }

  begin(knot: number, wait: Wait): void {
    if (wait.signal !== undefined) {
      const payload = this.takeUnread(wait.signal, wait.id);
      if (payload) {
        this.listener.over(knot, { kind: 'signal', payload, ...begunAt(wait) });
        return;
      }
    }
    if (wait.until !== undefined && wait.until <= workflowTime()) {
      this.listener.over(knot, endOf(wait));
      return;
    }
    this.open.set(knot, wait);
    if (wait.signal !== undefined) {
      const waiting = this.bySignal.get(wait.signal) ?? new Set();
      this.bySignal.set(wait.signal, waiting.add(knot));
    }
    if (wait.until !== undefined) this.arm(wait.until);
  }

  /** Gives the signal to a wait, whose knot is answered; undefined: no open one takes it. */
  give(signal: UnreadSignal): number | undefined {
    for (const knot of this.bySignal.get(signal.name) ?? []) {
      const wait = this.open.get(knot)!;
      if (!fits(signal, wait.id)) continue;
      this.forget(knot);
      this.listener.over(knot, { kind: 'signal', payload: signal.payload, ...begunAt(wait) });
      return knot;
    }
    return undefined;
  }

  /** Keeps a signal that no open wait takes for one that is to come. */
  keep(signal: UnreadSignal): void {
    const list = this.unreadByName.get(signal.name);
    if (list) list.push(signal);
    else this.unreadByName.set(signal.name, [signal]);
    this.unreadTotal += 1;
  }

  /** Ends all, and answers which there were. */
  cancel(): number[] {
    const knots = [...this.open.keys()];
    this.open.clear();
    this.bySignal.clear();
    return knots;
  }

  private takeUnread(name: string, id: string): UnreadSignal['payload'] | undefined {
    const list = this.unreadByName.get(name) ?? [];
    const place = list.findIndex((signal) => fits(signal, id));
    if (place === -1) return undefined;
    this.unreadTotal -= 1;
    const [taken] = list.splice(place, 1);
    return taken!.payload;
  }

  private forget(knot: number): void {
    const { signal } = this.open.get(knot)!;
    this.open.delete(knot);
    if (signal !== undefined) this.bySignal.get(signal)!.delete(knot);
  }

  private arm(time: number): void {
    if (this.armed !== undefined && this.armed <= time) return;
    const wait = Math.min(LONGEST_TIMER_MS, Math.max(1, Math.ceil(time - workflowTime())));
    this.armed = time;
    CancellationScope.nonCancellable(() => sleep(wait)).then(
      () => {
        // A later one has been armed for an earlier time, and does what is to be done then.
        if (this.armed === time) this.ring();
      },
      (error: unknown) => this.listener.fatal(error),
    );
  }

  private ring(): void {
    this.armed = undefined;
    const now = workflowTime();
    let next = Infinity;
    const due: [number, Wait][] = [];
    for (const [knot, wait] of this.open) {
      if (wait.until === undefined) continue;
      if (wait.until <= now) due.push([knot, wait]);
      else next = Math.min(next, wait.until);
    }
    for (const [knot, wait] of due) {
      this.forget(knot);
      this.listener.over(knot, endOf(wait));
    }
    if (next !== Infinity) this.arm(next);
  }
}

function fits({ unfit }: UnreadSignal, id: string): boolean {
  return unfit?.includes(id) !== true;
}

function endOf(wait: Wait): Waited {
  return { kind: wait.signal === undefined ? 'time' : 'timeout', ...begunAt(wait) };
}

function begunAt({ since }: Wait): Pick<Waited, 'since'> {
  return since === undefined ? {} : { since };
}
