import { append } from '../values/append';
import type { ReferenceEnvelope } from './envelope';

/** How a wait ended: input of the activity that concludes it. */
export type Waited = {
  /** Beginning of the wait, in milliseconds since the epoch. */
  readonly since?: number;
} & (
  | { readonly kind: 'signal'; readonly payload: ReferenceEnvelope }
  /** Set if the signal did not come in time. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'time' }
);

/** An accepted signal that no knot has taken. */
export interface UnreadSignal {
  readonly name: string;
  readonly payload: ReferenceEnvelope;
  /** Waiting knots whose schemas refuse it. Absent: none. */
  readonly unfit?: readonly string[];
}

export interface CheckedSignal extends UnreadSignal {
  /** The signal's id, given by its sender. Absent: a repeated send is not recognised. */
  readonly id?: string;
}

/** A wait for a signal, for a time, or for a signal until a time. */
export interface Wait {
  readonly id: string;
  readonly signal?: string;
  /** Beginning of the wait, in milliseconds since the epoch, like `until`. */
  readonly since?: number;
  readonly until?: number;
}

/** The knot that took a signal; `null` if the signal is kept for a later wait. */
export type TakenBy = number | null;

/** Answers to taken or kept signals, by their senders' ids, in order of arrival. */
export type AnsweredSignals = readonly (readonly [id: string, takenBy: TakenBy])[];

interface WaitsListener {
  /** A wait has ended. The listener is called once per wait. */
  over(knot: number, waited: Waited): void;
  /** Asks for a call of {@link Waits.ring} with this time (milliseconds since the epoch) when it comes. */
  alarm(time: number): void;
}

export interface WaitsLimits {
  /** At most this many signals that no knot has taken. */
  readonly kept: number;
  /** At most this many remembered answers, of the latest signals. */
  readonly remembered: number;
}

/**
 * The open waits of a run, and the signals that no knot has taken.
 *
 * T1  A wait takes the first unread signal of its name that fits it. Of several waits, the first takes the signal. No
 *     unread signal therefore ever fits an open wait.
 * T2  An alarm is set for the earliest time or earlier, so no time is missed. An obsolete alarm is ignored when it
 *     rings, which is cheaper than cancelling.
 * T3  Only the history's clock ends waits.
 * T4  A signal goes to one wait: it is unread or taken, and a wait ends once. A signal that arrives again under its
 *     id gets the first answer, and changes nothing.
 */
export class Waits {
  /** The open waits, in the order in which they began. */
  private readonly open = new Map<number, Wait>();
  private readonly bySignal = new Map<string, Set<number>>();
  private readonly unreadByName = new Map<string, UnreadSignal[]>();
  private readonly answers: Map<string, TakenBy>;
  private unreadTotal = 0;
  /** Time of the earliest alarm. */
  private armed: number | undefined;

  /** `now` is in milliseconds since the epoch. `unread` and `answered` are signals of earlier executions. */
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

  /** Unread signals, in order of arrival per name. */
  get unread(): readonly UnreadSignal[] {
    return [...this.unreadByName.values()].flat();
  }

  get unreadCount(): number {
    return this.unreadTotal;
  }

  get unreadByCount(): Readonly<Record<string, number>> | undefined {
    if (this.unreadTotal === 0) return undefined;
    return Object.fromEntries(
      [...this.unreadByName].flatMap(([name, list]) => (list.length > 0 ? [[name, list.length]] : [])),
    );
  }

  get answered(): AnsweredSignals {
    return [...this.answers];
  }

  /** The signal's answer; undefined if there was no such signal, or too long ago. */
  answerTo(id: string): TakenBy | undefined {
    return this.answers.get(id);
  }

  /** Whether every signal of this name would be refused: no knot waits for it, and no more are kept. */
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
   * An open wait takes the signal, or the signal is kept. `isAwaited` is asked if no wait takes it: whether a wait that
   * it fits can still begin. `late` and `full` are refusals that change nothing.
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

  /** An alarm's time has come, or the longest time that the caller can wait is over. */
  ring(time: number): void {
    // An alarm for an earlier time, set later, does the work.
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

  /** The first open wait that the signal fits. */
  private takerOf(signal: UnreadSignal): number | undefined {
    for (const knot of this.bySignal.get(signal.name) ?? [])
      if (fits(signal, this.open.get(knot)!.id)) return knot;
    return undefined;
  }

  private keep(signal: UnreadSignal): void {
    append(this.unreadByName, signal.name, signal);
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
