import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineUpdate,
  log,
  setDefaultSignalHandler,
  setHandler,
} from '@temporalio/workflow';
import { HandlerUnfinishedPolicy } from '@temporalio/common';
import type { Json } from '../canonical';
import type { Envelope } from '../engine';
import {
  CHECK_ACTIVITY,
  SIGNAL_UPDATE,
  type LeftSignals,
  type RefusedSignal,
  type SignalReceipt,
  type SignalRequest,
  type UnreadSignal,
} from './messages';
import type { RunLimits } from './run-limits';
import { failTaskIfUnknown, systemAmid } from './system-calls';
import type { Turns } from './turns';

const signalUpdate = defineUpdate<SignalReceipt, [SignalRequest]>(SIGNAL_UPDATE);

/** No signal of a user has such a name. */
const OWN_PREFIX = 'selvage.';
const NAMED_SIGNALS = 20;
const LISTED_REFUSALS = 20;
const MESSAGE_LENGTH = 500;

/** Who takes the signals of a run. */
export interface SignalTaker {
  /** Those of the run. */
  readonly limits: RunLimits;
  /** The hash of the run's plan. An extension changes it, and the names. */
  plan(): string;
  /** Of the signals that some knot of the run waits for. */
  names(): ReadonlySet<string>;
  /** Undefined: it is taken or kept. Else why it cannot be. */
  take(signal: UnreadSignal): { receipt: SignalReceipt } | Refusal;
  /** A signal has been dealt with, which has added to the history. */
  handled(): void;
}

export interface Refusal {
  /** A code of an error. */
  readonly refused: string;
  readonly message: string;
}

/**
 * The way of signals into a run: by `run.signal`, an update that is answered, and by Temporal's own signals, which nobody can be answered.
 *
 * G1  Whatever comes is heard: handlers are there before the first await, and what comes before the run has its layout waits for it.
 * G2  A payload is checked by an activity, since the schemas are the worker's. Signals are checked one after the other, so that
 *     they are taken in the order in which they came.
 * G3  While one is being checked, the run neither ends nor continues as new.
 */
export class Signals {
  private checking = 0;
  private refusedTotal = 0;
  private refusedLast: RefusedSignal[] = [];
  private taker: SignalTaker | undefined;
  private resolveOpen!: () => void;
  private readonly opened = new Promise<void>((resolve) => (this.resolveOpen = resolve));
  private come = 0;
  private isClosed = false;

  /** Must be made before the workflow's first await, and after the handlers of all signals of our own. */
  constructor(private readonly turns: Turns) {
    setHandler(signalUpdate, (request) => this.update(request), {
      description: 'Sends a signal that a knot waits for, and answers what became of it',
      // What is refused so leaves nothing in the history, which the run's last step could not be sure of the order of.
      validator: ({ name }) => {
        if (this.isClosed) throw refusal(runEnds(name), name);
      },
      // A run that ends tells its client so.
      unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON,
    });
    setDefaultSignalHandler((name, ...args) => this.hear(name, args[0]));
  }

  open(taker: SignalTaker, refused?: LeftSignals['refused']): void {
    this.taker = taker;
    if (refused) {
      this.refusedTotal = refused.total;
      this.refusedLast = [...refused.last];
    }
    this.resolveOpen();
  }

  /** How many have come in this execution. */
  get received(): number {
    return this.come;
  }

  /** From now on none is taken. */
  close(): void {
    this.isClosed = true;
  }

  get isChecking(): boolean {
    return this.checking > 0;
  }

  get refused(): LeftSignals['refused'] | undefined {
    return this.refusedTotal > 0 ? { total: this.refusedTotal, last: this.refusedLast } : undefined;
  }

  /** Resolves when no signal is being checked. */
  async atRest(): Promise<void> {
    if (this.isChecking) await CancellationScope.nonCancellable(() => condition(() => !this.isChecking));
  }

  private async update({ name, payload }: SignalRequest): Promise<SignalReceipt> {
    const taken = await this.receive(name, payload);
    if ('receipt' in taken) return taken.receipt;
    throw refusal(taken, name);
  }

  private async hear(name: string, payload: unknown): Promise<void> {
    // Of our own, which this run has no use for: a nested run is asked whether it is still there.
    if (name.startsWith(OWN_PREFIX)) return;
    const taken = await this.receive(name, payload === undefined ? undefined : { value: payload as Json });
    if ('receipt' in taken) return;
    const { refused, message } = taken;
    log.warn(`The signal "${name}" was ignored: ${message}`, { signal: name, code: refused });
    this.refusedTotal += 1;
    this.refusedLast.push({ name, type: refused, message: message.slice(0, MESSAGE_LENGTH) });
    this.refusedLast = this.refusedLast.slice(-LISTED_REFUSALS);
  }

  private async receive(
    name: string,
    payload: Envelope | undefined,
  ): Promise<{ receipt: SignalReceipt } | Refusal> {
    if (this.isClosed) return runEnds(name);
    this.come += 1;
    this.checking += 1;
    try {
      await this.opened;
      const names = this.taker!.names();
      if (!names.has(name)) return unknownSignal(name, names);
      return await this.turns.take(() => this.check(name, payload));
    } finally {
      this.checking -= 1;
      // When whoever is answered has been.
      if (this.taker && this.taker.names().size > 0) void Promise.resolve().then(() => this.taker!.handled());
    }
  }

  private async check(
    name: string,
    payload: Envelope | undefined,
  ): Promise<{ receipt: SignalReceipt } | Refusal> {
    const system = systemAmid(this.taker!.limits);
    const request = { plan: this.taker!.plan(), name, ...(payload && { payload }) };
    try {
      const check = await CancellationScope.nonCancellable(() =>
        failTaskIfUnknown(() => system[CHECK_ACTIVITY](request)),
      );
      if ('refused' in check) return { refused: 'InvalidSignal', message: check.refused };
      return this.taker!.take({ name, ...check });
    } catch (error) {
      // Nothing that comes from outside may fail the run.
      if (!(error instanceof ApplicationFailure)) throw error;
      return { refused: error.type ?? 'InternalError', message: error.message };
    }
  }
}

function refusal({ message, refused }: Refusal, signal: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, refused, { signal });
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
