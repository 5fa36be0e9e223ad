import { TemporalFailure } from '@temporalio/common';
import { isExpanding } from '../plan';
import type { KnotOutcome } from '../scheduler';
import type { ChildRunKnots } from './child-run-knots';
import type { Extensions } from './extensions';
import { callKnot, describeFailure } from './knot-activity';
import type { KnotTasks } from './knot-tasks';
import { RECORDS_LOST, type ChildEnd, type KnotFailure, type KnotTask } from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';
import { CANCELLED, outcomeOf, slotOf, type Slot } from './slot';
import type { UnrecordedKnots } from './unrecorded-knots';
import type { WaitingKnotsListener } from './waiting-knots';

export interface RunningKnotsListener extends Omit<WaitingKnotsListener, 'conclude' | 'begun'> {
  /** If the knot is already settled, its earlier outcome stands. */
  ended(knot: number, outcome: KnotOutcome<Slot>, failure?: KnotFailure): void;
  away(): void;
  /** A knot's work added events to the history without settling a knot. */
  checked(): void;
  /** Whether a cancel was requested, perhaps not handled yet. */
  isCancelling(): boolean;
  /** Whether the activity ended so, or so early, because of the cancel. */
  isCancelled(error: unknown): boolean;
}

/**
 * The knots of this execution that run as an activity or child run of their own.
 *
 * R1  A body's extension is complete before its knot is settled.
 * R2  A failure without a record is noted as unrecorded before its knot is settled.
 */
export class RunningKnots {
  /** Knots that run as an activity, or as a child run that is being started. */
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

  /** Knots that prevent continuing as new. Knots in child runs do not prevent that. */
  get here(): ReadonlySet<number> {
    return this.scheduled;
  }

  /** See `ChildRunKnots.open`. */
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
    // A local map that a segment could not finish.
    if (isExpanding(this.plan.policyOf(knot))) this.children.add(knot);
    if (this.children.all.has(knot)) this.startChild(knot, task);
    else this.schedule(knot, task);
  }

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
    callKnot(this.facts.world, this.tasks.callOf(knot), task, this.facts.limits).then(
      (answer) =>
        this.settleExtended(knot, outcomeOf(answer), 'skipped' in answer ? undefined : answer.extension),
      (error: unknown) => this.settleFailure(knot, error),
    );
  }

  /** An extension by a knot's body is applied before the knot is settled. */
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
    // A knot whose grace was over is settled before its activity ends.
    if (this.listener.isSettled(knot)) return;
    if (this.listener.isCancelled(error)) {
      this.listener.ended(knot, CANCELLED);
    } else if (error instanceof TemporalFailure) {
      const { failure, recorded } = describeFailure(this.plan.idOf(knot), error);
      if (failure.type === RECORDS_LOST) return this.listener.needsRecords(knot);
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
      if (end.failure.type === RECORDS_LOST) return this.listener.needsRecords(knot);
      if (!end.recorded) this.unrecorded.noteFailed(knot, end.failure);
      this.listener.ended(knot, { kind: 'err' }, end.failure);
    }
  }

  /**
   * The knot's outcome may be on record, so an activity checks, and records a failure if not. That activity is small,
   * and is sent regardless of budget and history.
   */
  private settleLost(knot: number): void {
    if (this.listener.isCancelling()) this.listener.ended(knot, CANCELLED);
    else this.schedule(knot, this.tasks.lostTaskOf(knot));
  }
}
