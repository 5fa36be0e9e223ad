import type { ApplicationFailure } from '@temporalio/common';
import { nodeSha256 } from '../../node/node-sha256';
import { encodeOutput, envelopeOf, storedValues, valueOfEnvelope, type EncodedValue } from '../../runtime';
import type { InlineEnvelope, ReferenceEnvelope } from '../../scheduler';
import {
  RUN_CONTINUES,
  SIGNAL_UPDATE,
  STATUS_QUERY,
  type KnotTask,
  type LeftSignals,
  type LiveStatus,
  type OpenWait,
  type SignalCheck,
  type SignalRequest,
  type UncheckedSignal,
} from '../../workflows/messages';
import type { Ended } from './execution';
import type { SimulatedRun } from './run';
import { Violation } from './violation';
import type { WaitEnd } from './waits';

/** The deadline of the world's first run, longer than any wait. */
export const DEADLINE = 8_000_000_000_000_000;

/** External input of a run: signals, and time. */
export class Outside {
  /** Knots that have waited for a signal. */
  private readonly asked = new Set<string>();
  /** Waiting knots that may still get a signal. */
  private readonly undecided = new Set<string>();
  /** Intended receivers of sent signals, by name and payload. */
  private readonly receivers = new Map<string, string[]>();
  private hasSentUnknown = false;
  isGraceOver = false;
  /** What a cancelled run waits for besides its work: the end of the grace, and the next check of child runs. */
  private readonly timers: { readonly at: number; readonly ring: () => void }[] = [];
  private deadline: (() => void) | undefined;

  constructor(private readonly run: SimulatedRun) {}

  /** The run is cancelled, and waits for unfinished work. */
  get isInGrace(): boolean {
    return this.timers.length > 0 && !this.run.isOver;
  }

  get hasDeadline(): boolean {
    return this.deadline !== undefined;
  }

  endTime(): void {
    this.run.cancel(this.deadline);
  }

  endGrace(): void {
    this.isGraceOver = true;
    this.timers
      .sort((a, b) => a.at - b.at)
      .shift()
      ?.ring();
  }

  /** Time passes after all work that is ready, but not before a signal in transit arrives. */
  sleep(ms: number, ended: Ended): void {
    const { run } = this;
    const { world } = run;
    const at = world.now + ms;
    const ring = (): void => {
      world.now = Math.max(world.now, at);
      ended({ value: undefined });
    };
    if (at === DEADLINE) {
      this.deadline = ring;
      return;
    }
    if (run.isCancelled) {
      this.timers.push({ at, ring });
      return;
    }
    const due = (): OpenWait[] => this.waits.filter(({ until }) => until !== undefined && until <= at);
    const wake = {
      step: 'wake' as const,
      run,
      get knot() {
        return due()[0]?.knot ?? run.subject.idOf(0);
      },
      perform: (): void => {
        if (due().some(({ knot }) => this.undecided.has(knot))) world.push(wake);
        else ring();
      },
    };
    world.push(wake);
  }

  /** Throws a {@link Violation} if a knot's wait ended too early. */
  requireWaited(knot: string, { waited }: KnotTask): void {
    const { run } = this;
    // A knot whose record is lost does not wait again.
    if (!waited || waited.kind === 'signal' || waited.since === undefined) return;
    const { ms, timeout, until } = run.subject.plan.knot(knot).policy.wait!;
    const length = ms ?? timeout;
    const end = until ?? (length === undefined ? -Infinity : waited.since + length);
    if (end <= run.world.now) return;
    const name = run.nameOf(knot);
    throw new Violation(
      'wrong command',
      `Knot "${name}" has waited until ${run.world.now}, and not until ${end}`,
      name,
    );
  }

  sendSignals(): void {
    const { run } = this;
    if (!run.subject.waitsForSignals) return;
    const { waits } = this;
    if (!this.hasSentUnknown && waits.length > 0) {
      this.hasSentUnknown = true;
      run.world.soon(() => run.hear({ type: 'signal', name: 'nobody-waits-for-it', payload: null }));
    }
    for (const { knot, signal } of waits) {
      if (signal === undefined || this.asked.has(knot)) continue;
      this.asked.add(knot);
      this.undecided.add(knot);
      this.send(knot, signal);
    }
  }

  /** Each signal is for one knot, so that all runs are equal. */
  check({ name, payload }: UncheckedSignal): SignalCheck {
    const value = valueOfEnvelope(payload!, this.run.world.setting.digest);
    const receiver = this.receivers.get(keyOf(name, value))!.shift();
    const { layout } = this.run.subject;
    const unfit = layout.ids.filter(
      (id, knot) => layout.policies[layout.policy[knot]!]!.wait?.signal === name && id !== receiver,
    );
    return { payload: envelopeOf(value, -1) as ReferenceEnvelope, unfit };
  }

  /** Throws a {@link Violation} if the run lost the signal that no knot waits for. */
  requireRefused(left: LeftSignals | undefined): void {
    if (!this.hasSentUnknown || left?.refused) return;
    throw new Violation('left behind', `${this.run.id} has ended, and forgotten a signal that it refused`);
  }

  private send(knot: string, signal: string): void {
    const { run } = this;
    const { world } = run;
    const decide = (end: WaitEnd): void => {
      if ('timeout' in end) return void this.undecided.delete(knot);
      // A body without its signal fails when it is called.
      if ('error' in end) run.waitFailures.set(knot, end.error);
      const value = 'payload' in end ? end.payload : NOTHING;
      for (const stored of storedValues(value)) world.ledger.store.data.putOne(stored);
      const key = keyOf(signal, value);
      this.receivers.set(key, [...(this.receivers.get(key) ?? []), knot]);
      // Every other signal is sent by Temporal's own means, without an answer.
      const isRaw = this.asked.size % 2 === 0;
      if (!isRaw) return this.deliver(knot, { id: knot, name: signal, payload: envelopeOf(value, -1) });
      const { value: payload } = envelopeOf(value, Infinity) as InlineEnvelope;
      run.hear({ type: 'signal', name: signal, payload });
      this.undecided.delete(knot);
    };
    const perform = (): void =>
      world.later(world.setting.waits.endOf(run.nameOf(knot), run.subject.plan.knot(knot)), decide);
    world.push({ step: 'wake', run, knot, perform });
  }

  private deliver(knot: string, request: SignalRequest): void {
    const { run } = this;
    try {
      run.validate(SIGNAL_UPDATE, request);
    } catch (error) {
      // The signal is sent again to the next execution. Any other refusal is final: the run is over, or the knot is.
      if ((error as ApplicationFailure).type === RUN_CONTINUES)
        run.world.push({ step: 'wake', run, knot, perform: () => this.deliver(knot, request) });
      else this.undecided.delete(knot);
      return;
    }
    run.hear({ type: 'update', name: SIGNAL_UPDATE, payload: request });
    this.undecided.delete(knot);
  }

  private get waits(): readonly OpenWait[] {
    return (this.run.query(STATUS_QUERY) as LiveStatus).waits ?? [];
  }
}

function keyOf(name: string, { hash }: EncodedValue): string {
  return `${name} ${hash}`;
}

const NOTHING = encodeOutput(null, nodeSha256);
