import { ApplicationFailure } from '@temporalio/common';
import {
  encodeOutput,
  recordWithoutBody,
  storedValues,
  type EncodedValue,
  type Execution as KnotExecution,
  type LoadedPlan,
} from '../../runtime';
import { nodeSha256 } from '../../node/node-sha256';
import { MAP_CONCURRENCY, type Layout } from '../../plan';
import type { LineageRecord } from '../../ports';
import { interpret } from '../../workflows/interpreter';
import {
  RECORDS_LOST,
  SEGMENT_ACTIVITY,
  SYSTEM_ACTIVITIES,
  type ChildTask,
  type KnotTask,
  type RunMemo,
  type SegmentTask,
} from '../../workflows/messages';
import { outcomeKinds } from '../../scheduler';
import type { Continuation } from '../../workflows/carried-over';
import type { Slot } from '../../workflows/slot';
import type { ActivityOptions, ChildOptions } from '../../workflows/world';
import type { Activity } from './activity';
import type { Bodies } from './bodies';
import { Books, type BooksListener, type Outcomes } from './books';
import { ChildRun } from './child-run';
import type { Ended, Event, Execution, Result } from './execution';
import { DEADLINE, Outside } from './outside';
import type { ReferenceOutcome } from './reference-interpreter';
import type { Schedule } from './schedule';
import { Steps } from './steps';
import type { Subject } from './subject';
import { Violation } from './violation';
import { SimulatedWorkflow } from './workflow';
import type { SimulatedWorld } from './world';

/** The id of a world's first run, and the prefix of the ids of its knots' runs. */
export const ROOT = 'simulated';
/** Ends the id of a run that a knot has started again; no id of a knot has it. */
const AGAIN = '~';

/** A knot's run has another id if the knot starts it again: as on a server, the records of the first are not its own. */
export function firstRunOf(run: string): string {
  return run.replaceAll(AGAIN, '');
}

/** Prefix of the names of a run's knots in schedules and messages. */
export function addressOf(run: string): string {
  return run === ROOT ? '' : `${firstRunOf(run).slice(ROOT.length + 1)}/`;
}

/** The name of a knot of any run in schedules. */
export function nameIn(run: string, knot: string): string {
  const name = run === ROOT ? knot : addressOf(run) + knot;
  // Schedules are words, and elements of a map may have any names.
  return name.includes('[') ? name.replace(/\s/g, encodeURIComponent) : name;
}

export interface RunEnd {
  /** Including all extensions. */
  readonly subject: Subject;
  readonly id: string;
  /** The workflow's outcomes, by knot. */
  readonly outcomes: readonly ReferenceOutcome[];
  /** Whether a knot whose record was lost came to something else when it ran again: others may have used the first. */
  readonly hasChanged: boolean;
  /** Records by id of the knot or element. */
  readonly records: ReadonlyMap<string, LineageRecord>;
  readonly children: readonly RunEnd[];
  readonly wasCancelled: boolean;
}

export class SimulatedRun extends SimulatedWorkflow implements BooksListener {
  readonly run = this;
  override readonly memo: RunMemo;
  /** Including all extensions. */
  subject: Subject;
  readonly takenOver: readonly number[];
  /** The reason why the signal of a knot does not come, by knot. */
  readonly waitFailures = new Map<string, Error>();
  readonly outside = new Outside(this);
  private readonly steps = new Steps(this);
  private readonly plans = new Map<string, LoadedPlan>();
  private readonly children: SimulatedRun[] = [];
  /** The number of elements in progress, by map. */
  private readonly elements = new Map<string, number>();
  /** The books of each execution, and its initial outcomes. */
  private readonly books = new WeakMap<Execution, Books>();
  private readonly before: Outcomes[];
  /** First outcomes of knots that run again, as their records are lost. */
  private readonly lost = new Map<number, ReferenceOutcome>();

  /** @param told a callback at the end, for a run of a knot */
  constructor(
    readonly world: SimulatedWorld,
    id: string,
    readonly bodies: Bodies,
    readonly parameters: readonly EncodedValue[],
    private readonly schedule: Pick<Schedule, 'window' | 'segments' | 'takenOver'>,
    told: Ended = () => undefined,
  ) {
    super(id, told);
    const { subject } = bodies;
    const { takenOver } = schedule;
    this.subject = subject;
    this.know(subject.plan);
    const { ids, parameterCount } = subject.layout;
    this.before = [ids.map((_, knot) => (knot < parameterCount ? 'ok' : undefined))];
    world.runs.set(id, this);
    world.workflows.set(id, this);
    this.takenOver = takenOver.map((knot) => subject.plan.indexOf(knot)).sort((a, b) => a - b);
    this.memo = { ...(id === ROOT && { deadline: DEADLINE }), ...(takenOver.length > 0 && RESUMED) };
    parameters.forEach((value, knot) => this.give(subject.idOf(knot), value));
    // Values that are taken over from another run.
    for (const knot of takenOver) this.give(knot, encodeOutput([`another ${knot}`], nodeSha256));
    const { knot } = this;
    world.push({ step: 'start', run: this, knot, perform: () => this.begin([{}]) });
  }

  protected get knot(): string {
    return this.subject.idOf(0);
  }

  /** The id of the present execution in the server's terms. */
  get execution(): { readonly workflowId: string; readonly runId: string } {
    return { workflowId: this.id, runId: this.executions.at(-1)!.runId };
  }

  /** A cancel after the end would come too late. */
  get isFinished(): boolean {
    return this.isOver || this.present?.isFinished === true;
  }

  /** The outcome of a knot, by knot; undefined if it is not settled. */
  get outcomes(): Outcomes {
    return this.present?.outcomes ?? this.before.at(-1)!;
  }

  get hasLost(): boolean {
    return this.world.ledger.losses > 0;
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

  /** Starts a run for one of its knots. */
  nest(id: string, bodies: Bodies, parameters: readonly EncodedValue[], told: Ended): SimulatedRun {
    const { window, segments } = this.world.script;
    const schedule = { window, segments, takenOver: [] };
    let own = id;
    while (this.world.runs.has(own)) own += AGAIN;
    const child = new SimulatedRun(this.world, own, bodies, parameters, schedule, told);
    this.children.push(child);
    this.world.workflows.set(id, child);
    return child;
  }

  work(execution: Execution, [parameters, continuation]: readonly unknown[]): Promise<unknown> {
    const { parts } = this.world.setting;
    const { window, segments } = this.schedule;
    const before = this.before[execution.number]!;
    const open = (layout: Layout): Books => {
      const books = new Books(layout, window, before, this, () => execution.facts());
      this.books.set(execution, books);
      return books;
    };
    return interpret(execution, parameters, continuation as never, {
      create: (layout, options) =>
        open(layout).watch(parts.createScheduler(layout, { ...options, window, segments })),
      restore: (layout, saved, options) =>
        open(layout).restore(() => parts.restoreScheduler(layout, saved, { ...options, window, segments })),
    });
  }

  override hear(event: Event): void {
    if (event.type === 'signal' && this.isIdle) this.present?.requireContinued();
    super.hear(event);
  }

  override completed(result: Result): void {
    if (!this.outside.isGraceOver) this.world.requireNoneLeft(this);
    super.completed(result);
  }

  override continued(args: readonly unknown[]): void {
    const [, { saved }] = args as [unknown, Continuation];
    const kinds = outcomeKinds(saved.outcomes, this.outcomes.length);
    const reopened = this.outcomes.map((outcome, knot) => {
      if (outcome === undefined || kinds[knot] !== undefined) return outcome;
      this.lost.set(knot, outcome);
      if (this.hasLost) return undefined;
      const name = this.nameOf(this.subject.idOf(knot));
      throw new Violation('ran again', `Knot "${name}" is to run again, and nothing was lost`, name);
    });
    this.before.push(reopened);
    super.continued(args);
  }

  /** Whether the run would make a lost record of this knot or element again. */
  canMakeAgain(knot: string): boolean {
    // What an ended run has lost, nobody but an operator looks for. Payloads of signals came from outside.
    if (this.world.history.hasEnded(this.id)) return false;
    const { plan } = this.subject;
    return !plan.has(knot) || plan.knot(knot).policy.wait?.signal === undefined;
  }

  override turnEnded(): void {
    if (!this.isOver) this.outside.sendSignals();
  }

  override call(type: string, options: ActivityOptions, task: object, ended: Ended): void {
    if (type === SEGMENT_ACTIVITY) this.requireRunning((task as SegmentTask).knots);
    else if (!SYSTEM_ACTIVITIES.includes(type)) {
      const { knot = options.activityId!, lost } = task as KnotTask;
      this.requireRunning([knot]);
      if (!lost) this.present!.requireRoom(this.subject.plan.indexOf(knot));
      this.outside.requireWaited(knot, task as KnotTask);
    }
    super.call(type, options, task, ended);
  }

  hearCancel(): void {
    this.cancel();
  }

  sleep(ms: number, ended: Ended): void {
    this.outside.sleep(ms, ended);
  }

  doStep(type: string, task: object): Promise<unknown> {
    return this.steps.do(type, task);
  }

  validate(update: string, request: unknown): void {
    this.executions.at(-1)!.validate(update, request);
  }

  query(name: string): unknown {
    return this.executions.at(-1)!.query(name);
  }

  fail(error: Error): void {
    this.world.fail(error);
  }

  requireRecorded(knot: string, slot: Slot): void {
    this.world.ledger.requireRecorded(this.id, knot, slot?.envelope);
  }

  /** An attempt must find the records of all its knot's parents. */
  requireParents({ knot }: Activity, cause: Error): void {
    if (!(cause instanceof ApplicationFailure) || cause.type !== RECORDS_LOST) return;
    if (this.hasLost) return;
    const name = this.nameOf(knot);
    const what = `Knot "${name}" finds no record of a parent: ${cause.message}`;
    this.world.fail(new Violation('value missing', what, name));
  }

  /** Throws a {@link Violation} if a map has more elements in progress than its concurrency. */
  countElements(map: string, change: number): void {
    const count = (this.elements.get(map) ?? 0) + change;
    this.elements.set(map, count);
    const { concurrency = MAP_CONCURRENCY } = this.subject.plan.knot(map).policy.map!;
    if (count <= concurrency) return;
    const name = this.nameOf(map);
    const what = `Map "${name}" has ${count} elements under way, and its concurrency is ${concurrency}`;
    throw new Violation('wrong command', what, name);
  }

  /** Throws a {@link Violation} if the run contradicts itself, or has not ended. */
  checkOutcomes(): void {
    const { id, subject, world, outcomes } = this;
    const open = outcomes.indexOf(undefined);
    if (!this.isOver || open >= 0) {
      const name = this.nameOf(subject.idOf(Math.max(0, open)));
      const what = `${this.isOver ? 'The run has ended' : 'Nothing is left to be done'}, and knot "${name}" is not settled`;
      throw new Violation(this.isOver ? 'left behind' : 'never ends', what, name);
    }
    this.present!.checkAtEnd();
    const { ledger } = world;
    outcomes.forEach((outcome, knot) =>
      ledger.checkAtEnd(id, subject.idOf(knot), outcome!, this.isCancelled),
    );
    ledger.checkValues(id);
  }

  end(): RunEnd {
    const { id, subject, world, children, outcomes, isCancelled } = this;
    const records = world.ledger.store.recordsOf(id);
    return {
      subject,
      id,
      outcomes: outcomes as readonly ReferenceOutcome[],
      hasChanged: [...this.lost].some(([knot, outcome]) => outcomes[knot] !== outcome),
      records: new Map(records.map((record) => [record.knot_id, record])),
      children: children.map((child) => child.end()),
      wasCancelled: isCancelled,
    };
  }

  stepOf(attempt: number): KnotExecution {
    const where = {
      runId: this.id,
      temporalRunId: this.id,
      dispatcher: 'workflow',
      taskQueue: null,
      worker: null,
    };
    return { ...where, attempt, scheduledAt: 0, startedAt: 0, finishedAt: 0 };
  }

  protected whenReady(work: () => void): void {
    work();
  }

  protected startWorkflow(type: string, options: ChildOptions, told: Ended): Promise<SimulatedWorkflow> {
    const [{ knot }] = options.args as [ChildTask];
    this.requireRunning([knot]);
    const child = new ChildRun(this, knot, type, options.workflowId!, told);
    child.begin(options.args);
    return Promise.resolve(child);
  }

  private requireRunning(knots: readonly string[]): void {
    for (const knot of knots) this.present!.requireRunning(this.subject.plan.indexOf(knot));
  }

  /** The books of the present execution. */
  private get present(): Books | undefined {
    const execution = this.executions.at(-1);
    return execution && this.books.get(execution);
  }

  /** Records a value before the run begins. */
  private give(id: string, value: EncodedValue): void {
    const { world, subject } = this;
    world.ledger.put(storedValues(value));
    const outcome = { kind: 'ok', value } as const;
    world.ledger.insert(
      recordWithoutBody(subject.plan, subject.plan.knot(id), this.stepOf(1), outcome),
      undefined,
      0,
    );
  }
}

const RESUMED: RunMemo = { resume: { runId: 'another', temporalRunId: 'another' } };
