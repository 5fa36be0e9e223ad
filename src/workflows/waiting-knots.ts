import { ApplicationFailure } from '@temporalio/common';
import { RUNNING_KNOTS, type Layout } from '../plan';
import {
  Waits,
  type AnsweredSignals,
  type CheckedSignal,
  type TakenBy,
  type UnreadSignal,
  type Wait,
  type Waited,
} from '../scheduler';
import { defined } from '../values';
import type { CommandBudget } from './command-budget';
import type { KnotTasks } from './knot-tasks';
import { RECORDS_LOST, WAIT_ACTIVITY, type CarriedWait, type OpenWait, type SignalReceipt } from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';
import type { Answer, Refusal } from './signals';
import { failTaskIfUnknown, systemAmid } from './system-calls';

const LISTED_WAITS = 100;
/** Milliseconds. A wait longer than this uses one timer after the other. */
const LONGEST_TIMER_MS = 365 * 24 * 3_600_000;

type PlanWait = NonNullable<Layout['policies'][number]['wait']>;

export interface WaitingKnotsListener {
  /** The waits of these knots, possibly none, are over: schedule their activities. */
  conclude(knots: readonly number[]): void;
  /** A time has been looked up, and its wait has begun. */
  begun(): void;
  /** Records with the time, or for the knot's activity, are lost. */
  needsRecords(knot: number): void;
  isSettled(knot: number): boolean;
  /** A cancel of the run reaches everything that `work` begins. */
  inScope(work: () => void): void;
  fatal(error: unknown): void;
}

/**
 * The knots of a run that wait, from their dispatch until they are settled.
 *
 * W1  On the server, a waiting knot is only a timer. The activity of a waiting knot, which records it, is scheduled
 *     when the wait is over.
 * W2  The activities of ended waits have the same limit as others, although the scheduler's window does not count them.
 * W3  A signal that some knot may still take is kept for it, up to a limit; any other is refused.
 */
export class WaitingKnots {
  private readonly waits: Waits;
  private readonly lookedUp = new Set<number>();
  /** Ends of waits in this execution, and of earlier ones whose activity has not ended. */
  private readonly over = new Map<number, Waited>();
  /** Knots whose activity is dispatched, and the next ones to dispatch. */
  private readonly concluding = new Set<number>();
  private readonly toConclude: number[] = [];
  private bySignal:
    | {
        readonly layout: Layout;
        readonly knots: ReadonlyMap<string, number[]>;
        readonly names: ReadonlySet<string>;
      }
    | undefined;

  /** `unread` and `answered` are signals of earlier executions. */
  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    private readonly tasks: KnotTasks,
    private readonly budget: CommandBudget,
    private readonly listener: WaitingKnotsListener,
    unread?: readonly UnreadSignal[],
    answered?: AnsweredSignals,
  ) {
    const { keptSignals: kept, rememberedSignals: remembered } = facts.limits;
    this.waits = new Waits(
      {
        over: (knot, waited) => listener.inScope(() => this.conclude(knot, waited)),
        alarm: (time) => this.setAlarm(time),
      },
      () => facts.world.now(),
      { kept, remembered },
      unread,
      answered,
    );
  }

  get size(): number {
    return this.waits.size;
  }

  list(): OpenWait[] {
    const listed: OpenWait[] = [];
    for (const [, { id, signal, until }] of this.waits.entries()) {
      if (listed.length === LISTED_WAITS) break;
      listed.push({ knot: id, ...defined({ signal, until }) });
    }
    return listed;
  }

  signalNames(): ReadonlySet<string> {
    return this.waiters.names;
  }

  get unread(): readonly UnreadSignal[] {
    return this.waits.unread;
  }

  get unreadByCount(): Readonly<Record<string, number>> | undefined {
    return this.waits.unreadByCount;
  }

  get answered(): AnsweredSignals {
    return this.waits.answered;
  }

  get beginning(): number {
    return this.lookedUp.size;
  }

  /** Waits that prevent continuing as new: their time is being looked up, or their activity is dispatched. */
  get restless(): number {
    return this.concluding.size + this.lookedUp.size;
  }

  waitedOf(knot: number): Waited | undefined {
    return this.concluding.has(knot) ? this.over.get(knot) : undefined;
  }

  /** Knots for a later execution: those that wait, or whose wait is over but not concluded. */
  get stillWaiting(): readonly (readonly [number, CarriedWait])[] {
    const open = [...this.waits.entries()].map(
      ([knot, { since, until }]) =>
        [knot, { ...(since !== undefined && { since }), ...(until !== undefined && { until }) }] as const,
    );
    const over = [...this.over].filter(([knot]) => !this.listener.isSettled(knot));
    return [...over.map(([knot, waited]) => [knot, { waited }] as const), ...open];
  }

  /** Begins a knot's wait if this workflow task can carry the commands. */
  begin(knot: number, { signal, timeout, ms, until }: PlanWait): boolean {
    const waited = this.over.get(knot);
    if (waited) {
      this.conclude(knot, waited);
      return true;
    }
    const duration = ms ?? timeout;
    const end = until ?? (duration === undefined ? undefined : this.facts.world.now() + duration);
    if (end === undefined && signal === undefined) return this.lookUp(knot);
    this.waits.begin(knot, this.waitOf(knot, { signal, until: end, since: this.facts.world.now() }));
    return true;
  }

  /** A wait that is over and not running concludes when the scheduler runs it: its parents run again. */
  takeUp(knot: number, { since, until, waited }: CarriedWait, isRunning: boolean): void {
    const { signal } = this.plan.policyOf(knot).wait!;
    if (!isRunning && waited) this.over.set(knot, waited);
    else if (waited) this.conclude(knot, waited);
    else this.waits.begin(knot, this.waitOf(knot, { signal, until, since }));
  }

  /** The signal's receipt; undefined if it has not arrived, or too long ago. */
  answerTo(id: string): SignalReceipt | undefined {
    const takenBy = this.waits.answerTo(id);
    return takenBy === undefined ? undefined : this.receiptOf(takenBy);
  }

  /** Why no signal of this name can be accepted now, whatever its payload. */
  refuse(name: string): Refusal | undefined {
    if (!this.isAwaited(name)) return tooLate(name);
    return this.waits.isFullFor(name) ? tooMany(name, this.waits.unreadCount) : undefined;
  }

  /** The first knot that waits for the signal takes it; otherwise the signal is kept. */
  take(signal: CheckedSignal): Answer {
    const { name, unfit } = signal;
    const answer = this.waits.take(signal, () => this.isAwaited(name, unfit));
    if (answer === 'late') return tooLate(name);
    if (answer === 'full') return tooMany(name, this.waits.unreadCount);
    return { receipt: this.receiptOf(answer) };
  }

  /** Ends and returns all waits whose activity is not dispatched. */
  cancel(): number[] {
    return [...this.waits.cancel(), ...this.lookedUp, ...this.toConclude.splice(0)];
  }

  forget(knot: number): void {
    this.concluding.delete(knot);
    this.lookedUp.delete(knot);
  }

  /** Dispatches as many activities of ended waits as there is room for. */
  sendConclusions(): void {
    const knots: number[] = [];
    while (this.concluding.size < RUNNING_KNOTS && this.toConclude.length > 0) {
      const knot = this.toConclude.shift()!;
      this.concluding.add(knot);
      knots.push(knot);
    }
    this.listener.conclude(knots);
  }

  /** The knot's activity determines and records the outcome. */
  private conclude(knot: number, waited: Waited): void {
    this.over.set(knot, waited);
    this.toConclude.push(knot);
    this.sendConclusions();
  }

  private waitOf(
    knot: number,
    { signal, until, since }: { [name in 'signal' | 'until' | 'since']: Wait[name] | undefined },
  ): Wait {
    return { id: this.plan.idOf(knot), ...defined({ signal, since, until }) };
  }

  /** Looks up the end of a wait, which is a value of the run. */
  private lookUp(knot: number): boolean {
    const { task, bytes } = this.tasks.taskOf(knot);
    if (!this.budget.take(bytes)) return false;
    this.lookedUp.add(knot);
    const id = this.plan.idOf(knot);
    const request = {
      task: { ...task, knot: id, temporalRunId: this.facts.temporalRunId },
      now: this.facts.world.now(),
    };
    const { world, limits } = this.facts;
    world
      .shielded(() => failTaskIfUnknown(world, () => systemAmid(world, limits)[WAIT_ACTIVITY](request)))
      .then(
        ({ until }) =>
          this.listener.inScope(() => {
            this.lookedUp.delete(knot);
            // A cancel has settled the knot meanwhile.
            if (this.listener.isSettled(knot)) return;
            this.waits.begin(knot, { id, until, since: request.now });
            this.listener.begun();
          }),
        (error: unknown) => {
          if (!(error instanceof ApplicationFailure) || error.type !== RECORDS_LOST)
            return this.listener.fatal(error);
          this.lookedUp.delete(knot);
          this.listener.needsRecords(knot);
        },
      );
    return true;
  }

  /** Whether some knot for this signal, not among `unfit`, has neither an outcome nor its signal. */
  private isAwaited(name: string, unfit?: readonly string[]): boolean {
    const { ids } = this.plan.layout;
    return (this.waiters.knots.get(name) ?? []).some(
      (knot) =>
        !this.listener.isSettled(knot) && !this.over.has(knot) && unfit?.includes(ids[knot]!) !== true,
    );
  }

  private receiptOf(takenBy: TakenBy): SignalReceipt {
    return takenBy === null ? {} : { takenBy: this.plan.idOf(takenBy) };
  }

  private setAlarm(time: number): void {
    const wait = Math.min(LONGEST_TIMER_MS, Math.max(1, Math.ceil(time - this.facts.world.now())));
    const { world } = this.facts;
    world
      .shielded(() => world.sleep(wait))
      .then(
        () => this.waits.ring(time),
        (error: unknown) => this.listener.fatal(error),
      );
  }

  /** Waiting knots by signal name, whatever their outcomes. */
  private get waiters(): NonNullable<WaitingKnots['bySignal']> {
    const { layout } = this.plan;
    // An extension brings another layout.
    if (this.bySignal?.layout !== layout) {
      const knots = new Map<string, number[]>();
      layout.policy.forEach((policy, knot) => {
        const { signal } = layout.policies[policy]!.wait ?? {};
        if (signal === undefined) return;
        const others = knots.get(signal);
        if (others) others.push(knot);
        else knots.set(signal, [knot]);
      });
      this.bySignal = { layout, knots, names: new Set(knots.keys()) };
    }
    return this.bySignal;
  }
}

// Refusals are carried over to the next execution: other words would be another command on replay.
function tooLate(name: string): Refusal {
  return {
    refused: 'SignalTooLate',
    message: `All knots that wait for the signal "${name}" and that it fits have their outcome or their signal: it comes too late.`,
  };
}

function tooMany(name: string, kept: number): Refusal {
  return {
    refused: 'TooManySignals',
    message: `This run keeps ${kept} signals that no knot has taken, and takes no more of "${name}" until some are. Send it again later.`,
  };
}
