import { TemporalFailure } from '@temporalio/workflow';
import { isExpanding, type KnotOutcome } from '../engine';
import type { ChildRunKnots } from './child-run-knots';
import type { Extensions } from './extensions';
import { callKnot, describeFailure } from './knot-activity';
import type { KnotTasks } from './knot-tasks';
import type { ChildEnd, KnotFailure, KnotTask } from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';
import { CANCELLED, outcomeOf, slotOf, type Slot } from './slot';
import type { UnrecordedKnots } from './unrecorded-knots';

export interface RunningKnotsListener {
  /** What became of a knot, which may be settled already: then that stands. */
  ended(knot: number, outcome: KnotOutcome<Slot>, failure?: KnotFailure): void;
  /** The child run of a knot is under way. */
  away(): void;
  /** Events have been added to the history while nothing was settled. */
  checked(): void;
  isSettled(knot: number): boolean;
  /** Whether a cancel was asked for, be it heard or not. */
  isCancelling(): boolean;
  /** Whether an activity that ended so would not have, or not yet, without the cancel. */
  isCancelled(error: unknown): boolean;
  /** So that a cancel of the run reaches what is begun here. */
  inScope(work: () => void): void;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
}

/**
 * The knots of this execution that are under way by an activity or a child run of their own.
 *
 * R1  What a body extends the run by is there before its knot is settled.
 * R2  A failure that nobody has recorded is noted as such before its knot is settled.
 */
export class RunningKnots {
  /** By an activity, or a child run that is being started. */
  private readonly scheduled = new Set<number>();

  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    private readonly tasks: KnotTasks,
    private readonly children: ChildRunKnots,
    private readonly extensions: Extensions,
    private readonly unrecorded: UnrecordedKnots,
    private readonly listener: RunningKnotsListener,
  ) {}

  /** Those that keep the execution from continuing as new: all but those that are away in child runs. */
  get here(): ReadonlySet<number> {
    return this.scheduled;
  }

  /**
   * @param carried knots that earlier executions sent to child runs, with the Temporal run ids of these
   * @param unheard what these said to the last one when it was about to end
   */
  open(carried: readonly (readonly [number, string])[] = [], unheard: readonly ChildEnd[] = []): void {
    const { listener } = this;
    this.children.open(
      {
        away: (knot) =>
          listener.inScope(() => {
            this.scheduled.delete(knot);
            listener.away();
          }),
        ended: (knot, end) => listener.inScope(() => this.settleChild(knot, end)),
        lost: (knot) => listener.inScope(() => this.settleLost(knot)),
        cancelled: (knot) => listener.inScope(() => listener.ended(knot, CANCELLED)),
        checked: () => listener.inScope(() => listener.checked()),
        fatal: (error) => listener.fatal(error),
      },
      carried,
      unheard,
    );
  }

  start(knot: number, task: KnotTask): void {
    // A local one that no segment could end.
    if (isExpanding(this.plan.policyOf(knot))) this.children.add(knot);
    if (this.children.all.has(knot)) this.startChild(knot, task);
    else this.schedule(knot, task);
  }

  /** The knot is being settled. */
  forget(knot: number): void {
    this.scheduled.delete(knot);
    this.children.forget(knot);
  }

  private startChild(knot: number, task: KnotTask): void {
    this.scheduled.add(knot);
    this.children.start(knot, task, this.tasks.callOf(knot));
  }

  private schedule(knot: number, task: KnotTask): void {
    this.scheduled.add(knot);
    callKnot(this.tasks.callOf(knot), task, this.facts.limits).then(
      (answer) =>
        this.settleExtended(knot, outcomeOf(answer), 'skipped' in answer ? undefined : answer.extension),
      (error: unknown) => this.settleFailure(knot, error),
    );
  }

  /** @param extension by which its body extends the run: that comes first */
  private settleExtended(knot: number, outcome: KnotOutcome<Slot>, extension: string | undefined): void {
    if (extension === undefined || this.listener.isSettled(knot)) {
      this.listener.ended(knot, outcome);
      return;
    }
    this.extensions.extendBy(knot, extension).then(
      () => this.listener.inScope(() => this.listener.ended(knot, outcome)),
      (error: unknown) => this.listener.fatal(error),
    );
  }

  private settleFailure(knot: number, error: unknown): void {
    // A knot whose grace was over is settled already when its activity ends at last.
    if (this.listener.isSettled(knot)) return;
    if (this.listener.isCancelled(error)) {
      this.listener.ended(knot, CANCELLED);
    } else if (error instanceof TemporalFailure) {
      const { failure, recorded } = describeFailure(this.plan.idOf(knot), error);
      if (!recorded) this.unrecorded.noteFailed(knot, failure);
      this.listener.ended(knot, { kind: 'err' }, failure);
    } else {
      this.listener.fatal(error);
    }
  }

  private settleChild(knot: number, end: ChildEnd): void {
    if (end.kind === 'ok') {
      this.settleExtended(knot, { kind: 'ok', value: end.envelope && slotOf(end.envelope) }, end.extension);
    } else if (end.kind === 'cancelled') {
      this.listener.ended(knot, CANCELLED);
    } else if (!this.listener.isSettled(knot)) {
      if (!end.recorded) this.unrecorded.noteFailed(knot, end.failure);
      this.listener.ended(knot, { kind: 'err' }, end.failure);
    }
  }

  /**
   * The body may have been recorded before its child run was lost: so an activity looks, and records a failure if there is
   * nothing. It is small, so it goes out whatever the budget and the history say.
   */
  private settleLost(knot: number): void {
    if (this.listener.isCancelling()) this.listener.ended(knot, CANCELLED);
    else this.schedule(knot, this.tasks.lostTaskOf(knot));
  }
}
