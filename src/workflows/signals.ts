import { ApplicationFailure } from '@temporalio/common';
import type { Json } from '../values';
import type { CheckedSignal } from '../scheduler';
import {
  ALREADY_ANSWERED,
  CHECK_ACTIVITY,
  RUN_CONTINUES,
  SIGNAL_UPDATE,
  type LeftSignals,
  type RefusedSignal,
  type SignalCheck,
  type SignalReceipt,
  type SignalRequest,
  type UncheckedSignal,
} from './messages';
import type { RunLimits } from './run-limits';
import { failTaskIfUnknown, systemAmid } from './system-calls';
import type { SerialQueue } from './serial-queue';
import type { World } from './world';

const OWN_PREFIX = 'selvage.';
const NAMED_SIGNALS = 20;
const LISTED_REFUSALS = 20;
const MESSAGE_LENGTH = 500;
const CHECKED_AT_ONCE = 200;
/** At most this many characters of payloads for a checking activity, without the first payload. */
const CHECKED_LENGTH = 256 * 1024;

export interface SignalTaker {
  readonly limits: RunLimits;
  /** Hash of the run's plan. An extension changes the plan and the names. */
  plan(): string;
  /** Signals that knots of the run wait for. */
  names(): ReadonlySet<string>;
  /** Undefined if the signal with this id has not arrived. */
  answerTo(id: string): SignalReceipt | undefined;
  /** Why no signal of this name can be accepted now, whatever its payload. */
  refuse(name: string): Refusal | undefined;
  /** Whether this execution accepts more signals. With more signals, the execution could never continue as new. */
  takesMore(): boolean;
  take(signal: CheckedSignal): Answer;
  /** Signals were handled, which added to the history. */
  handled(): void;
}

export interface Refusal {
  /** Error code. */
  readonly refused: string;
  readonly message: string;
}

export type Answer = { readonly receipt: SignalReceipt } | Refusal;

interface Arrival extends UncheckedSignal {
  readonly id?: string;
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * How signals enter a run: by `run.signal`, an update with an answer, and by Temporal's own signals without an answer.
 *
 * G1  No signal is missed: handlers are registered before the first await, and signals wait for the run's layout.
 * G2  An activity checks payloads, as schemas are in the worker. One activity checks all arrivals until it is
 *     scheduled, and one activity runs at a time, so signals are handled in order. All arrivals of one activation are
 *     noted before its promises continue, so a replay schedules the same activities.
 * G3  While signals are being checked, the run neither ends nor continues as new.
 * G4  An accepted signal is never refused when it comes again under its id.
 * G5  The update's validator makes all refusals that need no check, so refusals add nothing to the history.
 */
export class Signals {
  private readonly arrivals: Arrival[] = [];
  private isAsked = false;
  private checking = 0;
  private refusedTotal = 0;
  private refusedLast: RefusedSignal[] = [];
  private taker: SignalTaker | undefined;
  private resolveOpen!: () => void;
  private readonly opened = new Promise<void>((resolve) => (this.resolveOpen = resolve));
  private come = 0;
  private updates = 0;
  private isClosed = false;

  /** Construct this object before the workflow's first await, and after the handlers of all our own signals. */
  constructor(
    private readonly world: World,
    private readonly calls: SerialQueue,
  ) {
    world.takeUpdate<SignalRequest>(SIGNAL_UPDATE, {
      description: 'Sends a signal that a knot waits for, and answers what became of it',
      validate: (request) => this.validate(request),
      take: (request) => this.update(request),
      // A run that ends tells a signal's sender that it is over.
      mayBeAbandoned: true,
    });
    world.hearOtherSignals((name, payload) => this.hear(name, payload));
  }

  open(taker: SignalTaker, refused?: LeftSignals['refused']): void {
    this.taker = taker;
    if (refused) {
      this.refusedTotal = refused.total;
      this.refusedLast = [...refused.last];
    }
    this.resolveOpen();
  }

  /** Number of signals in this execution. */
  get received(): number {
    return this.come;
  }

  close(): void {
    this.isClosed = true;
  }

  get isChecking(): boolean {
    return this.checking > 0;
  }

  get refused(): LeftSignals['refused'] | undefined {
    return this.refusedTotal > 0 ? { total: this.refusedTotal, last: this.refusedLast } : undefined;
  }

  async atRest(): Promise<void> {
    const { world } = this;
    if (this.isChecking) await world.shielded(() => world.until(() => !this.isChecking));
  }

  /** The validator is not called on replay, so it changes nothing. */
  private validate({ id, name }: SignalRequest): void {
    const { taker } = this;
    const answered = taker?.answerTo(id);
    if (answered)
      throw ApplicationFailure.nonRetryable('It was answered before.', ALREADY_ANSWERED, answered);
    const refused = this.refuse(name) ?? (taker && !this.takesMore(taker) ? forTheNext() : undefined);
    if (refused) throw refusal(refused, name);
  }

  private takesMore(taker: SignalTaker): boolean {
    return taker.takesMore() && this.updates < taker.limits.signalsAtMost;
  }

  private async update({ id, name, payload }: SignalRequest): Promise<SignalReceipt> {
    this.updates += 1;
    const answer = await this.receive({ id, name, payload });
    if ('receipt' in answer) return answer.receipt;
    throw refusal(answer, name);
  }

  private async hear(name: string, payload: unknown): Promise<void> {
    // The signal is our own: it asks a nested run whether it exists.
    if (name.startsWith(OWN_PREFIX)) return;
    const answer = await this.receive({
      name,
      ...(payload !== undefined && { payload: { value: payload as Json } }),
    });
    if ('receipt' in answer) return;
    const { refused, message } = answer;
    this.world.warn(`The signal "${name}" was ignored: ${message}`, { signal: name, code: refused });
    this.refusedTotal += 1;
    this.refusedLast.push({ name, type: refused, message: message.slice(0, MESSAGE_LENGTH) });
    this.refusedLast = this.refusedLast.slice(-LISTED_REFUSALS);
  }

  private async receive(signal: Pick<Arrival, 'id' | 'name' | 'payload'>): Promise<Answer> {
    if (this.isClosed) return this.firstAnswerTo(signal.id) ?? runEnds(signal.name);
    this.come += 1;
    this.checking += 1;
    return await new Promise<Answer>((answer, fail) => {
      this.arrivals.push({ ...signal, answer, fail });
      this.ask();
    });
  }

  /**
   * The answer to a signal that was accepted before under this id. The validator missed the repetition if this
   * execution had no state yet, or the first signal was still being checked.
   */
  private firstAnswerTo(id: string | undefined): Answer | undefined {
    const receipt = id === undefined ? undefined : this.taker?.answerTo(id);
    return receipt && { receipt };
  }

  /** Refusals of signals that need no check. */
  private refuse(name: string): Refusal | undefined {
    if (this.isClosed) return runEnds(name);
    const { taker } = this;
    if (!taker) return undefined;
    const names = taker.names();
    return names.has(name) ? taker.refuse(name) : unknownSignal(name, names);
  }

  private ask(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    void this.opened.then(() => this.calls.run(() => this.checkArrivals()));
  }

  private async checkArrivals(): Promise<void> {
    this.isAsked = false;
    const arrivals = this.nextArrivals();
    if (this.arrivals.length > 0) this.ask();
    const unchecked = arrivals.filter(({ id, name, answer }) => {
      const refused = this.refuse(name);
      if (refused) answer(this.firstAnswerTo(id) ?? refused);
      return !refused;
    });
    try {
      const checks = unchecked.length === 0 ? [] : await this.check(unchecked);
      unchecked.forEach((arrival, index) => arrival.answer(this.answerTo(arrival, checks[index]!)));
    } catch (error) {
      // Nothing from outside may fail the run.
      for (const { answer, fail } of unchecked) {
        if (error instanceof ApplicationFailure)
          answer({ refused: error.type ?? 'InternalError', message: error.message });
        else fail(error);
      }
    }
    this.checking -= arrivals.length;
    // The work is deferred until the senders have been answered.
    void Promise.resolve().then(() => this.taker!.handled());
  }

  private nextArrivals(): readonly Arrival[] {
    let length = 0;
    const count = this.arrivals.findIndex(({ payload }, index) => {
      length += payload === undefined ? 0 : JSON.stringify(payload).length;
      return index === CHECKED_AT_ONCE || (index > 0 && length > CHECKED_LENGTH);
    });
    return this.arrivals.splice(0, count === -1 ? this.arrivals.length : count);
  }

  private async check(arrivals: readonly Arrival[]): Promise<readonly SignalCheck[]> {
    const { limits, plan } = this.taker!;
    const system = systemAmid(this.world, limits);
    const signals = arrivals.map(({ id, name, payload }) => ({
      name,
      ...(id === undefined && { isRaw: true as const }),
      ...(payload && { payload }),
    }));
    return await this.world.shielded(() =>
      failTaskIfUnknown(this.world, () => system[CHECK_ACTIVITY]({ plan: plan(), signals })),
    );
  }

  private answerTo({ id, name }: Arrival, check: SignalCheck): Answer {
    if ('refused' in check)
      return this.firstAnswerTo(id) ?? { refused: 'InvalidSignal', message: check.refused };
    return this.taker!.take({ ...(id !== undefined && { id }), name, ...check });
  }
}

function refusal({ message, refused }: Refusal, signal: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, refused, { signal });
}

function forTheNext(): Refusal {
  return {
    refused: RUN_CONTINUES,
    message: 'The run goes on with a new history when what runs now has ended, and takes signals again then.',
  };
}

function runEnds(name: string): Refusal {
  return {
    refused: 'RunOver',
    message: `The run has come to its end: no knot of it waits for the signal "${name.slice(0, 200)}" any more.`,
  };
}

function unknownSignal(name: string, names: ReadonlySet<string>): Refusal {
  const listed = [...names].slice(0, NAMED_SIGNALS).map((known) => `"${known}"`);
  const more = names.size - listed.length;
  const known =
    names.size === 0
      ? 'waits for no signal at all'
      : `waits for ${listed.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return {
    refused: 'UnknownSignal',
    message: `No knot of this run waits for a signal "${name.slice(0, 200)}": it ${known}. Correct the name.`,
  };
}
