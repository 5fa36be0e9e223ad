import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  TemporalFailure,
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
import type { ChildOptions } from '../../workflows/world';
import { Activity } from './activity';
import { Execution, cancelled, type Ended, type Event, type Result } from './execution';
import type { SimulatedRun } from './run';

export interface Cancellable {
  cancel(): void;
}

const RETRY_STATE = 'NON_RETRYABLE_FAILURE';

/** A workflow in a simulated world, the run of a tapestry or a child run: its executions, and what comes of their commands. */
export abstract class SimulatedWorkflow implements Cancellable {
  /** The run that it is, or that it works for. */
  abstract readonly run: SimulatedRun;
  readonly memo: RunMemo = {};
  /** Whether the history of the present execution counts as full. */
  isFull = false;
  isCancelled = false;
  isOver = false;
  protected readonly executions: Execution[] = [];
  /** What is cancelled together with it. */
  private readonly underWay = new Set<Cancellable>();

  /** @param told hears how it ends */
  constructor(
    readonly id: string,
    private readonly told: Ended,
  ) {}

  /** Runs the code of the workflow. */
  abstract work(execution: Execution, args: readonly unknown[]): Promise<unknown>;

  abstract sleep(ms: number, ended: Ended): void;

  /** Another workflow asks it to cancel itself. */
  abstract hearCancel(): void;

  /** Does it when the turn of what the workflow starts comes. */
  protected abstract whenReady(work: () => void, ended: Ended): void;

  /** Resolves when it has begun. */
  protected abstract startWorkflow(type: string, options: ChildOptions, told: Ended): Promise<Cancellable>;

  begin(args: readonly unknown[]): void {
    this.executions.push(new Execution(this, this.executions.length, args));
    this.hear({ type: 'start' });
    if (this.isCancelled) this.hear({ type: 'cancel' });
  }

  hear(event: Event): void {
    if (!this.isOver) this.executions.at(-1)?.hear(event);
  }

  cancel(): void {
    if (this.isCancelled || this.isOver) return;
    this.isCancelled = true;
    this.hear({ type: 'cancel' });
    for (const one of [...this.underWay]) one.cancel();
  }

  /** Rejects with a {@link Violation} where a replay of an execution commands something else. */
  async checkReplays(): Promise<void> {
    for (const execution of this.executions) await execution.replayed();
  }

  /** Its state is lost, and made anew. */
  async evict(): Promise<void> {
    const execution = this.executions.at(-1);
    if (execution && !this.isOver) this.executions.splice(-1, 1, await execution.replayed());
  }

  turnEnded(): void {
    // Nobody outside waits for it.
  }

  /** Hears what came of a command of this execution, of which nothing may be left. */
  commandEnded(execution: number, place: number, result: Result): void {
    if (execution === this.executions.length - 1) this.hear({ type: 'ended', place, result });
  }

  completed(result: Result): void {
    this.isOver = true;
    const { world } = this.run;
    if ('error' in result && !(result.error instanceof TemporalFailure)) world.fail(result.error);
    world.soon(() => this.told(result));
  }

  continued(args: readonly unknown[]): void {
    this.isFull = false;
    // As they travel.
    const next = JSON.parse(JSON.stringify(args)) as unknown[];
    this.run.world.soon(() => this.begin(next));
  }

  call(type: string, id: string, task: object, ended: Ended): void {
    if (SYSTEM_ACTIVITIES.includes(type)) return this.callHere(type, task, ended);
    const { run } = this;
    const activity = new Activity(run, type, nameOf(type, id, task), task, (end) => {
      this.underWay.delete(activity);
      if (end.kind === 'answered') return ended({ value: end.answer });
      const cause = end.kind === 'failed' ? end.error : cancelled();
      run.requireParents(activity, cause);
      ended({ error: new ActivityFailure(undefined, type, id, RETRY_STATE, undefined, cause) });
    });
    activity.waitFailure = run.waitFailures.get(activity.knot);
    this.underWay.add(activity);
    run.world.schedule(activity);
  }

  /** What a worker does for the run without a body is done at once. */
  callHere(type: string, task: object, ended: Ended): void {
    const { world } = this.run;
    world.later(this.run.doStep(type, task), (value) => ended({ value }));
  }

  startChild(type: string, options: ChildOptions, started: Ended, ended: Ended): void {
    let child: Cancellable | undefined;
    const told: Ended = (result) => {
      if (child) this.underWay.delete(child);
      ended('error' in result ? { error: childFailure(type, result.error) } : result);
    };
    this.whenReady(() => {
      this.run.world.later(this.startWorkflow(type, options, told), (begun) => {
        child = begun;
        if (options.parentClosePolicy !== 'ABANDON') this.underWay.add(child);
        started({ value: undefined });
      });
    }, started);
  }

  signal(workflow: string, name: string, payload: unknown, ended: Ended): void {
    const { run } = this;
    const { world } = run;
    const perform = (): void => {
      const other = world.workflows.get(workflow);
      other?.hear({ type: 'signal', name, payload });
      world.soon(() => ended(resultFor(other)));
    };
    if (name !== KNOT_ENDED_SIGNAL) return world.soon(perform);
    world.push({ step: 'tell', run, knot: (payload as ChildEnd).knot, perform });
  }

  cancelWorkflow(workflow: string, ended: Ended): void {
    const { world } = this.run;
    const other = world.workflows.get(workflow);
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

/** As activities are named in schedules: by the knot or the element, or by the first of several. */
function nameOf(type: string, activityId: string, task: object): string {
  if (type === SEGMENT_ACTIVITY) return (task as SegmentTask).knots[0]!;
  const { knot = activityId, element } = task as KnotTask;
  if (type !== BATCH_ACTIVITY) return element ? activityId : knot;
  const [, first] = /:(\d+):/.exec(activityId)!;
  return `${knot}[${first}]`;
}
