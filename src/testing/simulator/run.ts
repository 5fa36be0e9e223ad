import type { Context } from '@temporalio/activity';
import { recordUnrun } from '../../activities/unrun-knots';
import { isExpanding } from '../../plan';
import { countFailures, failsWorkflow, type Envelope, type SkipReason } from '../../scheduler';
import {
  DEFAULT_INLINE_LIMIT,
  decodeFragment,
  encodeOutput,
  envelopeOf,
  lineageRecord,
  storedValues,
  type EncodedValue,
  type Execution,
  type LoadedPlan,
} from '../../runtime';
import { nodeSha256 } from '../../node-sha256';
import type { LineageRecord } from '../../ports';
import { NEWEST_BEHAVIOUR } from '../../workflows/behaviours';
import {
  SEGMENT_ACTIVITY,
  childWorkflowType,
  type KnotTask,
  type SegmentTask,
} from '../../workflows/messages';
import { slotOf } from '../../workflows/slot';
import type { Unrecorded } from '../../workflows/unrecorded-knots';
import { Activity } from './activity';
import type { Bodies } from './bodies';
import { ChildRun } from './child-run';
import { Process, SimulatedEnvironment } from './environment';
import type { ReferenceOutcome } from './reference-interpreter';
import type { Schedule } from './schedule';
import { LIMITS, type Subject } from './subject';
import { Violation } from './violation';
import { SimulatedWorkflow, type Pending, type WorkflowHost } from './workflow';
import type { World } from './world';

/** The id of a world's first run. Those that its knots start have ids that begin with it. */
export const ROOT = 'simulated';

/** Before the names of the knots of a run, as schedules and messages have them. */
export function addressOf(run: string): string {
  return run === ROOT ? '' : `${run.slice(ROOT.length + 1)}/`;
}

/** The name of a knot of any run in schedules. */
export function nameIn(run: string, knot: string): string {
  const name = run === ROOT ? knot : addressOf(run) + knot;
  // Schedules are words, and elements of a map may have any names.
  return name.includes('[') ? name.replace(/\s/g, encodeURIComponent) : name;
}

/** What one simulated run came to. */
export interface RunEnd {
  /** With all that it was extended by. */
  readonly subject: Subject;
  readonly id: string;
  /** By knot: as the workflow has it. */
  readonly outcomes: readonly ReferenceOutcome[];
  /** The records of its knots and elements, by id. */
  readonly records: ReadonlyMap<string, LineageRecord>;
  /** The runs of its knots. */
  readonly children: readonly RunEnd[];
  readonly wasCancelled: boolean;
}

/** A run: its workflow, and all that the server has done for it. */
export class SimulatedRun implements WorkflowHost {
  readonly workflow: SimulatedWorkflow;
  isSettled = false;
  private readonly plans = new Map<string, LoadedPlan>();
  private readonly children: SimulatedRun[] = [];
  /** By knot: why what it waits for does not come. */
  private readonly waitFailures = new Map<string, Error>();
  private readonly environment: SimulatedEnvironment;

  /** @param ended hears how it ended, where a knot has started it */
  constructor(
    readonly world: World,
    readonly id: string,
    readonly bodies: Bodies,
    parameters: readonly EncodedValue[],
    schedule: Pick<Schedule, 'window' | 'segments' | 'takenOver'>,
    private readonly ended?: (error: NestedError | 'cancelled' | undefined) => void,
  ) {
    const { subject } = bodies;
    this.know(subject.plan);
    world.runs.set(id, this);
    this.environment = new SimulatedEnvironment(this, new Process());
    this.workflow = new SimulatedWorkflow(subject, schedule, world.parts, this);
    parameters.forEach((value, knot) => this.give(subject.idOf(knot), value));
    // As another run has made them.
    for (const id of schedule.takenOver) this.give(id, encodeOutput([`another ${id}`], nodeSha256));
    const slots = parameters.map((value) => slotOf(envelopeOf(value, DEFAULT_INLINE_LIMIT)));
    const knot = subject.idOf(0);
    world.push({ step: 'start', run: this, knot, perform: () => this.workflow.start(slots) });
  }

  get subject(): Subject {
    return this.workflow?.subject ?? this.bodies.subject;
  }

  /** As the server knows the present execution. */
  get execution(): { readonly workflowId: string; readonly runId: string } {
    return { workflowId: this.id, runId: this.workflow.isContinued ? `${this.id} continued` : this.id };
  }

  nameOf(knot: string): string {
    return nameIn(this.id, knot);
  }

  plan(hash: string): LoadedPlan {
    return this.plans.get(hash)!;
  }

  know(plan: LoadedPlan): void {
    this.plans.set(plan.hash, plan);
  }

  /** Does what the worker of a step of the run's, or of a child run's, does. */
  async system<T>(
    activityType: string,
    work: (environment: SimulatedEnvironment['asWorker'], context: Context) => Promise<T>,
  ): Promise<T> {
    const { environment, execution: workflowExecution } = this;
    const info = { activityType, activityId: activityType, attempt: 1, workflowExecution };
    return await work(environment.asWorker, { info } as unknown as Context);
  }

  /** Starts a run for one of its knots. */
  nest(
    id: string,
    bodies: Bodies,
    parameters: readonly EncodedValue[],
    ended: NonNullable<SimulatedRun['ended']>,
  ): SimulatedRun {
    const { window, segments } = this.world.script;
    const child = new SimulatedRun(
      this.world,
      id,
      bodies,
      parameters,
      { window, segments, takenOver: [] },
      ended,
    );
    this.children.push(child);
    return child;
  }

  /** Throws a {@link Violation} where the run contradicts itself, or has not ended. */
  checkAtEnd(): void {
    const { id, subject, workflow, world, isSettled } = this;
    if (!isSettled) {
      const name = this.nameOf(subject.idOf(Math.max(0, workflow.outcomes.indexOf(undefined))));
      throw new Violation(
        'never ends',
        `Nothing is left to be done, and knot "${name}" is not settled`,
        name,
      );
    }
    workflow.checkAtEnd();
    const { ledger } = world;
    workflow.outcomes.forEach((outcome, knot) =>
      ledger.checkAtEnd(id, subject.idOf(knot), outcome!, workflow.isCancelled),
    );
    ledger.checkValues(id);
  }

  end(): RunEnd {
    const { id, subject, workflow, world, children } = this;
    const records = world.ledger.store.recordsOf(id);
    return {
      subject,
      id,
      outcomes: workflow.outcomes as readonly ReferenceOutcome[],
      records: new Map(records.map((record) => [record.knot_id, record])),
      children: children.map((child) => child.end()),
      wasCancelled: workflow.isCancelled,
    };
  }

  // What the workflow asks for.

  send(pending: Pending, task: KnotTask): void {
    const [knot] = pending.knots as [number];
    const id = this.subject.idOf(knot);
    const policy = this.subject.policyOf(knot);
    const type = typeOf(this.subject, knot);
    if (!isExpanding(policy)) return this.schedule(pending, type, id, task);
    const child = new ChildRun(this, id, childWorkflowType(policy.node), `${this.id}/${id}`, (end) =>
      this.workflow.hear(pending, end),
    );
    pending.isAway = true;
    pending.underWay = child;
    child.begin({
      behaviour: NEWEST_BEHAVIOUR,
      limits: LIMITS,
      knot: id,
      call: { type, id },
      task: { ...task, temporalRunId: this.id, runId: this.id },
      ...(policy.map && { map: policy.map }),
    });
  }

  sendSegment(pending: Pending, task: SegmentTask): void {
    this.schedule(pending, SEGMENT_ACTIVITY, task.knots[0]!, task);
  }

  wait(pending: Pending): void {
    const { world, workflow, subject } = this;
    const knot = subject.idOf(pending.knots[0]!);
    pending.isAway = true;
    pending.underWay = { cancel: () => workflow.hear(pending, { kind: 'cancelled' }) };
    const perform = (): void =>
      this.later(
        world.waits.over(this.nameOf(knot), subject.plan.knot(knot), world.ledger.store.data),
        ({ waited, error }) => {
          if (error) this.waitFailures.set(knot, error);
          workflow.wake(pending, waited);
        },
      );
    world.push({ step: 'wake', run: this, knot, perform });
  }

  async record({ skipped, failed }: Unrecorded): Promise<void> {
    if (skipped.length + failed.length === 0) return;
    const { subject, environment } = this;
    await recordUnrun(environment.asWorker, subject.plan, this.stepOf(0), { skipped, failed });
  }

  requireRecorded(knot: string, told: Envelope | undefined): void {
    this.world.ledger.requireRecorded(this.id, knot, told);
  }

  extended(fragment: string): Subject {
    const bytes = this.world.ledger.store.at(fragment)!;
    const extended = this.subject.extendedBy({ fragment: decodeFragment(bytes), hash: fragment });
    this.know(extended.plan);
    return extended;
  }

  settle(): void {
    const { world, workflow } = this;
    const { skipped, failed } = workflow.toRecord;
    const some = { skipped: skipped.slice(0, Math.ceil(skipped.length / 2)), failed: [] };
    world.push({
      step: 'settle',
      run: this,
      knot: this.subject.idOf(0),
      half: () => this.later(this.record(some), () => {}),
      perform: () =>
        this.later(this.record({ skipped, failed }), () => {
          this.isSettled = true;
          this.ended?.(this.error);
        }),
    });
  }

  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fatal(error);
    }
  }

  fatal(error: unknown): void {
    this.world.ledger.failure ??= error as Error;
  }

  /** Goes on when it is done. What either throws fails the simulation. */
  later<T>(work: Promise<T>, goOn: (result: T) => void): void {
    work.then(goOn).catch((error: unknown) => this.fatal(error));
  }

  /** How its workflow fails, for the knot that has started it. */
  private get error(): NestedError | 'cancelled' | undefined {
    const { workflow, subject } = this;
    const cancelled: `skipped: ${SkipReason}` = 'skipped: cancelled';
    if (workflow.isCancelled && workflow.outcomes.includes(cancelled)) return 'cancelled';
    const { layout } = subject;
    const failures = countFailures(layout, (knot) => workflow.outcomes[knot]!.split(':')[0] as 'ok');
    return failsWorkflow(layout.failOn, failures)
      ? { type: 'RunFailed', message: `${failures.counted} knots failed` }
      : undefined;
  }

  private schedule(pending: Pending, type: string, knot: string, task: object): void {
    const { world, workflow } = this;
    const activity = new Activity(this, type, knot, task, (end) => workflow.hear(pending, end));
    activity.waitFailure = this.waitFailures.get(knot);
    pending.underWay = activity;
    world.schedule(activity);
  }

  /** What is recorded by the run itself. */
  private stepOf(attempt: number): Execution {
    const where = {
      runId: this.id,
      temporalRunId: this.id,
      dispatcher: 'workflow',
      taskQueue: null,
      worker: null,
    };
    return { ...where, attempt, scheduledAt: 0, startedAt: 0, finishedAt: 0 };
  }

  /** It is on record before the run begins. */
  private give(id: string, value: EncodedValue): void {
    const { world, subject } = this;
    world.ledger.put(storedValues(value));
    const outcome = { kind: 'ok', value } as const;
    world.ledger.insert(
      lineageRecord(subject.plan, subject.plan.knot(id), this.stepOf(1), outcome, () => null, null),
      undefined,
      0,
    );
  }
}

/** Why a run came to nothing that a knot has started. */
export interface NestedError {
  readonly type: string;
  readonly message: string;
}

function typeOf({ layout }: Subject, knot: number): string {
  return layout.activityTypes[layout.definition[knot]!]!;
}
