import { CancellationScope } from '@temporalio/workflow';
import { RUNNING_KNOTS, type Layout } from '../engine';
import type { CommandBudget } from './command-budget';
import type { KnotTasks } from './knot-tasks';
import {
  WAIT_ACTIVITY,
  type CarriedWait,
  type OpenWait,
  type SignalReceipt,
  type UnreadSignal,
  type Waited,
} from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';
import type { Refusal } from './signals';
import { failTaskIfUnknown, systemAmid } from './system-calls';
import { Waits, type Wait } from './waits';
import { workflowTime } from './workflow-clock';

const LISTED_WAITS = 100;

type PlanWait = NonNullable<Layout['policies'][number]['wait']>;

export interface WaitingKnotsListener {
  /** The activities of these, maybe none, are to be scheduled: their waits are over. */
  conclude(knots: readonly number[]): void;
  /** A time has been looked up, and its wait has begun. */
  begun(): void;
  isSettled(knot: number): boolean;
  /** So that a cancel of the run reaches what is begun here. */
  inScope(work: () => void): void;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
}

/**
 * The knots of a run that wait, from when they are dispatched until they are settled.
 *
 * W1  A knot that waits is nothing on the server but a timer: its activity, which records it, is scheduled when its wait is over.
 * W2  No more of these activities are under way than of others, though the scheduler's window does not count them.
 * W3  A signal that some knot may still take is kept for it, up to a limit; any other is refused.
 */
export class WaitingKnots {
  private readonly waits: Waits;
  /** Waits whose time is being looked up. */
  private readonly lookedUp = new Set<number>();
  /** What waits that are over came to, until their activity has ended. */
  private readonly over = new Map<number, Waited>();
  /** Those of them whose activity is dispatched, and those that come next. */
  private readonly concluding = new Set<number>();
  private readonly toConclude: number[] = [];
  private bySignal: { readonly layout: Layout; readonly knots: ReadonlyMap<string, number[]> } | undefined;

  /** @param unread signals that no knot of an earlier execution has taken */
  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    private readonly tasks: KnotTasks,
    private readonly budget: CommandBudget,
    private readonly listener: WaitingKnotsListener,
    unread?: readonly UnreadSignal[],
  ) {
    this.waits = new Waits(
      {
        over: (knot, waited) => listener.inScope(() => this.conclude(knot, waited)),
        fatal: (error) => listener.fatal(error),
      },
      unread,
    );
  }

  /** How many waits are open. */
  get size(): number {
    return this.waits.size;
  }

  /** The first of the open waits. */
  list(): OpenWait[] {
    const listed: OpenWait[] = [];
    for (const [, { id, signal, until }] of this.waits.entries()) {
      if (listed.length === LISTED_WAITS) break;
      listed.push({
        knot: id,
        ...(signal !== undefined && { signal }),
        ...(until !== undefined && { until }),
      });
    }
    return listed;
  }

  /** Of the signals that some knot of the run waits for. */
  signalNames(): ReadonlySet<string> {
    return new Set(this.plan.layout.policies.flatMap(({ wait }) => wait?.signal ?? []));
  }

  get unread(): readonly UnreadSignal[] {
    return this.waits.unread;
  }

  /** How many signals are unread, by name; undefined: none. */
  get unreadByCount(): Readonly<Record<string, number>> | undefined {
    return this.waits.unreadByCount;
  }

  /** How many waits have their time looked up. */
  get beginning(): number {
    return this.lookedUp.size;
  }

  /** How many knots are not at rest, though they wait: their time is being looked up, or their activity is dispatched. */
  get restless(): number {
    return this.concluding.size + this.lookedUp.size;
  }

  /** What the wait of the knot came to; undefined where it is not over. */
  waitedOf(knot: number): Waited | undefined {
    return this.over.get(knot);
  }

  /** For a later execution: the knots that wait, or whose wait is over and not concluded. */
  get stillWaiting(): readonly (readonly [number, CarriedWait])[] {
    const open = [...this.waits.entries()].map(
      ([knot, { since, until }]) =>
        [knot, { ...(since !== undefined && { since }), ...(until !== undefined && { until }) }] as const,
    );
    return [...[...this.over].map(([knot, waited]) => [knot, { waited }] as const), ...open];
  }

  /** Begins the wait of a dispatched knot, if this workflow task can carry what that takes. */
  begin(knot: number, { signal, timeout, ms, until }: PlanWait): boolean {
    const duration = ms ?? timeout;
    const end = until ?? (duration === undefined ? undefined : workflowTime() + duration);
    if (end === undefined && signal === undefined) return this.lookUp(knot);
    this.waits.begin(knot, this.waitOf(knot, { signal, until: end, since: workflowTime() }));
    return true;
  }

  /** Goes on with what an earlier execution has begun. */
  takeUp(knot: number, { since, until, waited }: CarriedWait): void {
    const { signal } = this.plan.policyOf(knot).wait!;
    if (waited) this.conclude(knot, waited);
    else this.waits.begin(knot, this.waitOf(knot, { signal, until, since }));
  }

  /** Gives a signal, whose payload is as its knots want it, to the first of those that wait for it, or keeps it. */
  take(signal: UnreadSignal): { receipt: SignalReceipt } | Refusal {
    const { ids } = this.plan.layout;
    const isOpenFor = (knot: number): boolean =>
      !this.listener.isSettled(knot) && !this.over.has(knot) && signal.unfit?.includes(ids[knot]!) !== true;
    if (!this.waitersFor(signal.name).some(isOpenFor)) return tooLate(signal.name);
    const knot = this.waits.give(signal);
    if (knot !== undefined) return { receipt: { takenBy: ids[knot]! } };
    if (this.waits.unreadCount >= this.facts.limits.keptSignals)
      return tooMany(signal.name, this.waits.unreadCount);
    this.waits.keep(signal);
    return { receipt: {} };
  }

  /** Ends all waits whose activity is not dispatched, and answers which there were: nothing comes of them any more. */
  cancel(): number[] {
    return [...this.waits.cancel(), ...this.lookedUp, ...this.toConclude.splice(0)];
  }

  /** The knot is being settled. */
  forget(knot: number): void {
    this.over.delete(knot);
    this.concluding.delete(knot);
    this.lookedUp.delete(knot);
  }

  /** Sends out the activities of waits that are over, as many as there is room for. */
  sendConclusions(): void {
    const knots: number[] = [];
    while (this.concluding.size < RUNNING_KNOTS && this.toConclude.length > 0) {
      const knot = this.toConclude.shift()!;
      this.concluding.add(knot);
      knots.push(knot);
    }
    this.listener.conclude(knots);
  }

  /** The wait of the knot is over: its activity says and records what comes of it. */
  private conclude(knot: number, waited: Waited): void {
    this.over.set(knot, waited);
    this.toConclude.push(knot);
    this.sendConclusions();
  }

  private waitOf(
    knot: number,
    { signal, until, since }: { [name in 'signal' | 'until' | 'since']: Wait[name] | undefined },
  ): Wait {
    return {
      id: this.plan.idOf(knot),
      ...(signal !== undefined && { signal }),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
    };
  }

  /** Of a wait for a time that is a value of the run. */
  private lookUp(knot: number): boolean {
    const { task, bytes } = this.tasks.taskOf(knot);
    if (!this.budget.take(bytes)) return false;
    this.lookedUp.add(knot);
    const id = this.plan.idOf(knot);
    const request = { task: { ...task, knot: id, run: this.facts.recordRun }, now: workflowTime() };
    CancellationScope.nonCancellable(() =>
      failTaskIfUnknown(() => systemAmid(this.facts.limits)[WAIT_ACTIVITY](request)),
    ).then(
      ({ until }) =>
        this.listener.inScope(() => {
          this.lookedUp.delete(knot);
          // A cancel has settled it meanwhile.
          if (this.listener.isSettled(knot)) return;
          this.waits.begin(knot, { id, until, since: request.now });
          this.listener.begun();
        }),
      (error: unknown) => this.listener.fatal(error),
    );
    return true;
  }

  /** Knots that wait for signals of this name, whatever has become of them. */
  private waitersFor(name: string): readonly number[] {
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
      this.bySignal = { layout, knots };
    }
    return this.bySignal.knots.get(name) ?? [];
  }
}

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
