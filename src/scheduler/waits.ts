import type { ReferenceEnvelope } from './envelope';

/** How a knot's wait ended; input of the activity that concludes it. */
export type Waited = {
  /** When the wait began, in milliseconds since the epoch. */
  readonly since?: number;
} & (
  | { readonly kind: 'signal'; readonly payload: ReferenceEnvelope }
  /** The signal did not come in time. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'time' }
);

/** A signal that was accepted but not yet taken by a knot. */
export interface UnreadSignal {
  readonly name: string;
  readonly payload: ReferenceEnvelope;
  /** Ids of the waiting knots whose schemas refuse it. Absent: none does. */
  readonly unfit?: readonly string[];
}

export interface CheckedSignal extends UnreadSignal {
  /** The id that its sender gave it. Absent: it cannot be recognised if sent again. */
  readonly id?: string;
}

/** A wait of a knot: for a signal, a time, or a signal until a time. */
export interface Wait {
  readonly id: string;
  readonly signal?: string;
  /** When it began; milliseconds since the epoch, like `until`. */
  readonly since?: number;
  readonly until?: number;
}

/** The knot that took a signal; `null` if it is kept for a later wait. */
export type TakenBy = number | null;

/** Taken or kept signals, by their senders' ids, for the next execution; in order of arrival. */
export type AnsweredSignals = readonly (readonly [id: string, takenBy: TakenBy])[];

interface WaitsListener {
  /** A wait has ended and is no longer open. Called once per wait. */
  over(knot: number, waited: Waited): void;
  /** Asks that {@link Waits.ring} be called with this time (milliseconds since the epoch) when it comes. */
  alarm(time: number): void;
}

export interface WaitsLimits {
  /** Most signals that are kept untaken. */
  readonly kept: number;
  /** Most answers that are remembered: those of the latest signals. */
  readonly remembered: number;
}

/**
 * The open waits of a run, and the signals that nobody has taken.
 *
 * T1  A wait takes the first unread signal of its name that fits it. Of several waits, the one that began
 *     first takes it. So no unread signal ever fits an open wait.
 * T2  An alarm is set for the earliest time, or earlier: no time is missed. An obsolete alarm is not
 *     cancelled but ignored when it rings, which is cheaper.
 * T3  Only the history's clock decides what is over.
 * T4  A signal goes to one wait: it is either unread or taken, and a wait ends once. A signal that arrives
 *     again under its id gets the same answer as the first time, and changes nothing.
 */
export class Waits {
  /** In the order in which they began. */
  private readonly open = new Map<number, Wait>();
  /** The knots in `open`, by signal name. */
  private readonly bySignal = new Map<string, Set<number>>();
  private readonly unreadByName = new Map<string, UnreadSignal[]>();
  private readonly answers: Map<string, TakenBy>;
  private unreadTotal = 0;
  /** The time of the earliest alarm. */
  private armed: number | undefined;

  /**
   * @param now the time, in milliseconds since the epoch
   * @param unread signals that no wait of an earlier execution has taken
   * @param answered signals that earlier executions have answered
   */
  constructor(
    private readonly listener: WaitsListener,
    private readonly now: () => number,
    private readonly limits: WaitsLimits,
    unread: readonly UnreadSignal[] = [],
    answered: AnsweredSignals = [],
  ) {
    for (const signal of unread) this.keep(signal);
    this.answers = new Map(answered);
  }

  get size(): number {
    return this.open.size;
  }

  /** The open waits, in the order in which they began. */
  *entries(): IterableIterator<readonly [knot: number, wait: Wait]> {
    yield* this.open;
  }

  /** Signals of one name are in order of arrival. */
  get unread(): readonly UnreadSignal[] {
    return [...this.unreadByName.values()].flat();
  }

  get unreadCount(): number {
    return this.unreadTotal;
  }

  /** Number of unread signals by name; undefined if there are none. */
  get unreadByCount(): Readonly<Record<string, number>> | undefined {
    if (this.unreadTotal === 0) return undefined;
    return Object.fromEntries(
      [...this.unreadByName].flatMap(([name, list]) => (list.length > 0 ? [[name, list.length]] : [])),
    );
  }

  /** Passed to the next execution. */
  get answered(): AnsweredSignals {
    return [...this.answers];
  }

  /** The result of the signal with this id; undefined if there was none, or too long ago. */
  answerTo(id: string): TakenBy | undefined {
    return this.answers.get(id);
  }

  /**
   * Whether a signal of this name would be refused whatever its payload, as no knot waits for it and no more
   * are kept.
   */
  isFullFor(name: string): boolean {
    return this.unreadTotal >= this.limits.kept && !this.bySignal.get(name)?.size;
  }

  begin(knot: number, wait: Wait): void {
    if (wait.signal !== undefined) {
      const payload = this.takeUnread(wait.signal, wait.id);
      if (payload) {
        this.listener.over(knot, { kind: 'signal', payload, ...begunAt(wait) });
        return;
      }
    }
    if (wait.until !== undefined && wait.until <= this.now()) {
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

  /**
   * Gives the signal to the open wait that takes it, or keeps it.
   *
   * @param isAwaited asked if no open wait takes it: whether one that it fits can still begin
   * @returns `late` or `full` if it is refused and nothing has changed
   */
  take({ id, ...signal }: CheckedSignal, isAwaited: () => boolean): TakenBy | 'late' | 'full' {
    const answer = id === undefined ? undefined : this.answers.get(id);
    if (answer !== undefined) return answer;
    const taker = this.takerOf(signal);
    if (taker === undefined) {
      if (!isAwaited()) return 'late';
      if (this.unreadTotal >= this.limits.kept) return 'full';
      this.keep(signal);
    }
    if (id !== undefined) this.remember(id, taker ?? null);
    if (taker !== undefined) this.end(taker, { kind: 'signal', payload: signal.payload });
    return taker ?? null;
  }

  /** Ends all waits and returns them. */
  cancel(): number[] {
    const knots = [...this.open.keys()];
    this.open.clear();
    this.bySignal.clear();
    return knots;
  }

  /** The time of an alarm has come, or as much of it as the caller can wait for. */
  ring(time: number): void {
    // A later call set an alarm for an earlier time, and that one does the work.
    if (this.armed !== time) return;
    this.armed = undefined;
    const now = this.now();
    let next = Infinity;
    const due: number[] = [];
    for (const [knot, { until }] of this.open) {
      if (until === undefined) continue;
      if (until <= now) due.push(knot);
      else next = Math.min(next, until);
    }
    for (const knot of due) this.end(knot, endOf(this.open.get(knot)!));
    if (next !== Infinity) this.arm(next);
  }

  /** The open wait that the signal fits; if several, the one that began first. */
  private takerOf(signal: UnreadSignal): number | undefined {
    for (const knot of this.bySignal.get(signal.name) ?? [])
      if (fits(signal, this.open.get(knot)!.id)) return knot;
    return undefined;
  }

  private keep(signal: UnreadSignal): void {
    const list = this.unreadByName.get(signal.name);
    if (list) list.push(signal);
    else this.unreadByName.set(signal.name, [signal]);
    this.unreadTotal += 1;
  }

  private remember(id: string, takenBy: TakenBy): void {
    this.answers.set(id, takenBy);
    if (this.answers.size <= this.limits.remembered) return;
    const [oldest] = this.answers.keys();
    this.answers.delete(oldest!);
  }

  private takeUnread(name: string, id: string): UnreadSignal['payload'] | undefined {
    const list = this.unreadByName.get(name) ?? [];
    const place = list.findIndex((signal) => fits(signal, id));
    if (place === -1) return undefined;
    this.unreadTotal -= 1;
    const [taken] = list.splice(place, 1);
    return taken!.payload;
  }

  private end(knot: number, waited: Waited): void {
    const wait = this.open.get(knot)!;
    this.open.delete(knot);
    if (wait.signal !== undefined) this.bySignal.get(wait.signal)!.delete(knot);
    this.listener.over(knot, { ...waited, ...begunAt(wait) });
  }

  private arm(time: number): void {
    if (this.armed !== undefined && this.armed <= time) return;
    this.armed = time;
    this.listener.alarm(time);
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
