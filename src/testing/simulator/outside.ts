import type { ApplicationFailure } from '@temporalio/common';
import { nodeSha256 } from '../../node-sha256';
import { encodeOutput, envelopeOf, storedValues } from '../../runtime';
import type { Envelope, ReferenceEnvelope } from '../../scheduler';
import {
  RUN_CONTINUES,
  SIGNAL_UPDATE,
  STATUS_QUERY,
  type KnotTask,
  type LiveStatus,
  type OpenWait,
  type SignalCheck,
  type SignalRequest,
} from '../../workflows/messages';
import type { Ended } from './execution';
import type { SimulatedRun } from './run';
import { Violation } from './violation';
import type { WaitEnd } from './waits';

/** What comes to a run from outside of it: signals, and time. */
export class Outside {
  /** Knots whose signal is on its way, or has been; and those of them for which it is open what comes. */
  private readonly asked = new Set<string>();
  private readonly undecided = new Set<string>();
  /** Which knot a payload is for. */
  private readonly receivers = new WeakMap<Envelope, string>();
  /** Ends the grace of a cancelled run. */
  private graceEnd: (() => void) | undefined;

  constructor(private readonly run: SimulatedRun) {}

  /** Whether the run is cancelled, and waits for what has not ended. */
  get isInGrace(): boolean {
    return this.graceEnd !== undefined && !this.run.isOver;
  }

  endGrace(): void {
    const ring = this.graceEnd;
    this.graceEnd = undefined;
    ring?.();
  }

  /** A time comes when all that was ready before has been done, and not before a signal that is on its way. */
  sleep(ms: number, ended: Ended): void {
    const { run } = this;
    const { world } = run;
    const at = world.now + ms;
    const ring = (): void => {
      world.now = Math.max(world.now, at);
      ended({ value: undefined });
    };
    if (run.isCancelled) {
      this.graceEnd ??= ring;
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

  /** Throws a {@link Violation} where the wait of a knot is over before its time. */
  requireWaited(knot: string, { waited }: KnotTask): void {
    const { run } = this;
    if (!waited || waited.kind === 'signal') return;
    const { ms, timeout, until } = run.subject.plan.knot(knot).policy.wait!;
    const length = ms ?? timeout;
    const end = until ?? (length === undefined ? -Infinity : waited.since! + length);
    if (end <= run.world.now) return;
    const name = run.nameOf(knot);
    throw new Violation(
      'wrong command',
      `Knot "${name}" has waited until ${run.world.now}, and not until ${end}`,
      name,
    );
  }

  /** Sends each signal that a knot waits for now. */
  sendSignals(): void {
    const { run } = this;
    if (!run.subject.waitsForSignals) return;
    for (const { knot, signal } of this.waits) {
      if (signal === undefined || this.asked.has(knot)) continue;
      this.asked.add(knot);
      this.undecided.add(knot);
      this.send(knot, signal);
    }
  }

  /** A signal is for one knot alone, so that each run comes to the same. */
  check(name: string, payload: Envelope): SignalCheck {
    const { layout } = this.run.subject;
    const receiver = this.receivers.get(payload);
    const unfit = layout.ids.filter(
      (id, knot) => layout.policies[layout.policy[knot]!]!.wait?.signal === name && id !== receiver,
    );
    return { payload: payload as ReferenceEnvelope, unfit };
  }

  private send(knot: string, signal: string): void {
    const { run } = this;
    const { world } = run;
    const decide = (end: WaitEnd): void => {
      this.undecided.delete(knot);
      if ('timeout' in end) return;
      // A body whose signal never comes fails when its turn comes.
      if ('error' in end) run.waitFailures.set(knot, end.error);
      const value = 'payload' in end ? end.payload : NOTHING;
      for (const stored of storedValues(value)) world.ledger.store.data.putOne(stored);
      const payload = envelopeOf(value, -1);
      this.receivers.set(payload, knot);
      this.deliver(knot, { id: knot, name: signal, payload });
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
      // It is sent again to the next execution. Any other refusal is final: the run is over, or the knot is.
      if ((error as ApplicationFailure).type === RUN_CONTINUES)
        run.world.push({ step: 'wake', run, knot, perform: () => this.deliver(knot, request) });
      return;
    }
    run.hear({ type: 'update', name: SIGNAL_UPDATE, payload: request });
  }

  private get waits(): readonly OpenWait[] {
    return (this.run.query(STATUS_QUERY) as LiveStatus).waits ?? [];
  }
}

const NOTHING = encodeOutput(null, nodeSha256);
