import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TemporalFailure,
  TerminatedFailure,
} from '@temporalio/common';
import { NOT_FOUND } from '../../workflows/knot-run';
import {
  BATCH_ACTIVITY,
  KNOT_ENDED_SIGNAL,
  SEGMENT_ACTIVITY,
  SYSTEM_ACTIVITIES,
  type ChildEnd,
  type KnotTask,
  type RunMemo,
  type SegmentTask,
} from '../../workflows/messages';
import type { ActivityOptions, ChildOptions } from '../../workflows/world';
import { Activity } from './activity';
import { Execution, cancelled, type Ended, type Event, type Result } from './execution';
import type { SimulatedRun } from './run';
import { Violation } from './violation';

interface Begun {
  readonly isCancelRequested: boolean;
  /** The step at which the workflow learned of its end. */
  readonly endedAt: number | undefined;
  cancel(): void;
}

const RETRY_STATE = 'NON_RETRYABLE_FAILURE';

/** A simulated workflow of a run or a child run: its executions, and the effects of their commands. */
export abstract class SimulatedWorkflow implements Begun {
  abstract readonly run: SimulatedRun;
  /** The knot of the workflow in {@link run}, under which schedules name its start. */
  protected abstract readonly knot: string;
  readonly memo: RunMemo = {};
  /** The length of the present history: the server suggests to continue as new from `long` on. */
  history: 'short' | 'long' | 'full' = 'short';
  isCancelled = false;
  isOver = false;
  protected readonly executions: Execution[] = [];
  /** Events since the last execution ended, for the next execution; undefined while one goes on. */
  private early: Event[] | undefined = [];
  /** Work that is cancelled with the workflow. */
  private readonly underWay = new Set<Begun>();
  private readonly started: SimulatedWorkflow[] = [];
  /** Work that the workflow's cancel must reach, and the step of the cancel. */
  private toBeCancelled: readonly Begun[] = [];
  private cancelledAt = -1;
  isCancelRequested = false;
  endedAt: number | undefined;

  constructor(
    readonly id: string,
    private readonly told: Ended,
  ) {}

  abstract work(execution: Execution, args: readonly unknown[]): Promise<unknown>;

  abstract sleep(ms: number, ended: Ended): void;

  /** Another workflow asks this workflow to cancel itself. */
  abstract hearCancel(): void;

  /** Delays the work until the world lets this workflow start something. */
  protected abstract whenReady(work: () => void, ended: Ended): void;

  /** Starts a workflow; resolves when it has begun, or with undefined if it cannot. */
  protected abstract startWorkflow(
    type: string,
    options: ChildOptions,
    told: Ended,
  ): Promise<SimulatedWorkflow | undefined>;

  begin(args: readonly unknown[]): void {
    this.executions.push(new Execution(this, this.executions.length, args));
    const events = this.early!;
    this.early = undefined;
    for (const event of [{ type: 'start' } as const, ...events]) this.hear(event);
  }

  hear(event: Event): void {
    if (this.isOver) return;
    if (this.early) this.early.push(event);
    else this.executions.at(-1)!.hear(event);
  }

  /** @param tell delivers the cancel; if omitted, it comes as the server's */
  cancel(tell = (): void => this.hear({ type: 'cancel' })): void {
    if (this.isCancelled || this.isOver) return;
    this.isCancelled = true;
    this.isCancelRequested = true;
    this.cancelledAt = this.run.world.steps;
    this.toBeCancelled = [...this.underWay, ...this.started.filter(({ isOver }) => !isOver)];
    tell();
  }

  stop(): void {
    for (const one of [...this.underWay]) one.cancel();
  }

  /** Whether all work in progress of the workflow's present execution outlives that execution. */
  protected get isIdle(): boolean {
    return this.underWay.size === 0 && !this.isOver && !this.early;
  }

  /** Rejects with a {@link Violation} if the workflow has not ended, or its replay gives other commands. */
  async checkAtEnd(isReplayed: boolean): Promise<void> {
    if (!this.isOver)
      throw new Violation('never ends', `Nothing is left to be done, and ${this.id} has not ended`);
    if (isReplayed) for (const execution of this.executions) await execution.replayed();
  }

  /** Loses the state of the workflow, and rebuilds it. */
  async evict(): Promise<void> {
    const execution = this.executions.at(-1);
    if (execution && !this.isOver && !this.early) this.executions.splice(-1, 1, await execution.replayed());
  }

  turnEnded(): void {
    // No outside observer.
  }

  /** Delivers the result of a command, unless its execution is gone. */
  commandEnded(execution: number, place: number, result: Result): void {
    if (execution !== this.executions.length - 1 || this.early) return;
    this.hear({ type: 'ended', place, result });
  }

  completed(result: Result): void {
    this.isOver = true;
    const { world } = this.run;
    if ('error' in result && !(result.error instanceof TemporalFailure)) world.fail(result.error);
    // If work ended in the step of the cancel, its end came first.
    const left = this.toBeCancelled.find(
      ({ isCancelRequested, endedAt }) => !isCancelRequested && endedAt !== this.cancelledAt,
    );
    if (!left) return world.soon(() => this.told(result));
    const name = left instanceof Activity ? left.knot : (left as SimulatedWorkflow).id;
    world.fail(new Violation('left behind', `The cancel of ${this.id} has not reached ${name}`));
  }

  continued(args: readonly unknown[]): void {
    this.history = 'short';
    if (this.isCancelled)
      this.run.world.fail(new Violation('left behind', `${this.id} continues as new and loses its cancel`));
    // Arguments are serialised, as Temporal does.
    const next = JSON.parse(JSON.stringify(args)) as unknown[];
    const { run, knot } = this;
    this.early = [];
    run.world.push({ step: 'start', run, knot, perform: () => this.begin(next) });
  }

  call(type: string, options: ActivityOptions, task: object, ended: Ended): void {
    if (SYSTEM_ACTIVITIES.includes(type)) return this.callHere(type, task, ended);
    const { run } = this;
    const { activityId: id = type, cancellationType } = options;
    const isAwaited = cancellationType !== 'TRY_CANCEL';
    const activity = new Activity(run, type, nameOf(type, id, task), task, isAwaited, (end) => {
      if (!this.underWay.delete(activity)) return;
      activity.endedAt = run.world.steps;
      if (end.kind === 'answered') return ended({ value: end.answer });
      const cause = end.kind === 'failed' ? end.error : cancelled();
      run.requireParents(activity, cause);
      ended({ error: new ActivityFailure(undefined, type, id, RETRY_STATE, undefined, cause) });
    });
    activity.waitFailure = run.waitFailures.get(activity.knot);
    this.underWay.add(activity);
    run.world.schedule(activity);
  }

  /** A step without a body is done at once. */
  callHere(type: string, task: object, ended: Ended): void {
    const { world } = this.run;
    const done = this.run.doStep(type, task).then(
      (value): Result => ({ value }),
      (error: unknown): Result => {
        if (!(error instanceof ApplicationFailure)) throw error;
        return { error: new ActivityFailure(undefined, type, type, RETRY_STATE, undefined, error) };
      },
    );
    world.later(done, ended);
  }

  startChild(type: string, options: ChildOptions, started: Ended, ended: Ended): void {
    let child: SimulatedWorkflow | undefined;
    const told: Ended = (result) => {
      if (child) this.underWay.delete(child);
      ended('error' in result ? { error: childFailure(type, result.error) } : result);
    };
    this.whenReady(() => {
      this.run.world.later(this.startWorkflow(type, options, told), (begun) => {
        child = begun;
        if (child) this.started.push(child);
        const isPassedOn = options.parentClosePolicy !== 'ABANDON' && options.cancellationType !== 'ABANDON';
        if (child && isPassedOn) this.underWay.add(child);
        started({ value: undefined });
      });
    }, started);
  }

  signal(workflow: string, name: string, payload: unknown, ended: Ended): void {
    const { run } = this;
    const { world } = run;
    const perform = (): void => {
      const other = world.workflows.get(workflow);
      if (name === KNOT_ENDED_SIGNAL) this.endedAt = world.steps;
      other?.hear({ type: 'signal', name, payload });
      world.soon(() => ended(resultFor(other)));
    };
    if (name !== KNOT_ENDED_SIGNAL) return world.soon(perform);
    const terminate = (): void => this.completed({ error: new TerminatedFailure('TERMINATED') });
    world.push({ step: 'tell', run, knot: (payload as ChildEnd).knot, perform, terminate });
  }

  cancelWorkflow(workflow: string, ended: Ended): void {
    const { world } = this.run;
    const other = world.workflows.get(workflow);
    if (other) other.isCancelRequested = true;
    other?.hearCancel();
    world.soon(() => ended(resultFor(other)));
  }
}

function resultFor(other: SimulatedWorkflow | undefined): Result {
  if (other?.isOver === false) return { value: undefined };
  return { error: ApplicationFailure.nonRetryable('There is no such workflow.', NOT_FOUND) };
}

function childFailure(type: string, error: Error): Error {
  if (!(error instanceof TemporalFailure)) return error;
  return new ChildWorkflowFailure(undefined, {}, type, RETRY_STATE, error);
}

/** The name of an activity in schedules: its knot or element, or the first of several. */
function nameOf(type: string, activityId: string, task: object): string {
  if (type === SEGMENT_ACTIVITY) return (task as SegmentTask).knots[0]!;
  const { knot = activityId, element } = task as KnotTask;
  if (type !== BATCH_ACTIVITY) return element ? activityId : knot;
  const [, first] = /:(\d+):/.exec(activityId)!;
  return `${knot}[${first}]`;
}
