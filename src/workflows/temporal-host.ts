/* eslint-disable max-lines -- what the host does with each event of the scheduler and of its parts is read together: their order is what a replay notices */
import { ApplicationFailure } from '@temporalio/common';
import { DEFAULT_CANCEL_GRACE_MS, RUNNING_KNOTS, type Layout } from '../plan';
import {
  Scheduler,
  branchOf,
  reopened,
  requiredParentsFailure,
  type Command,
  type KnotOutcome,
  type OutcomeKind,
  type SavedScheduler,
  type SchedulerEvent,
  type SchedulerOptions,
} from '../scheduler';
import { isCancellation } from './cancellation';
import { carriedAgain, carriedOver, type CarriedOver } from './carried-over';
import { ChildRunKnots } from './child-run-knots';
import type { ChildRuns } from './child-runs';
import { CommandBudget } from './command-budget';
import { DispatchQueue } from './dispatch-queue';
import { Extensions, type MakeExtension } from './extensions';
import { FailureList } from './failure-list';
import { HistoryWatch } from './history-watch';
import { isLostInCancel, isRetryable } from './knot-activity';
import { KnotTasks } from './knot-tasks';
import { Lookups } from './lookups';
import {
  RUN_CONTINUES,
  type BegunSegment,
  type KnotFailure,
  type BeginRunResult,
  type RunningSegments,
  type SkippedKnot,
} from './messages';
import { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';
import { RunReport } from './run-report';
import { RunningKnots } from './running-knots';
import { Segments, type SegmentEnd } from './segments';
import type { Signals } from './signals';
import { CANCELLED, slotOf, type Slot } from './slot';
import type { SerialQueue } from './serial-queue';
import { UnrecordedKnots, type Unrecorded } from './unrecorded-knots';
import { WaitingKnots } from './waiting-knots';
import type { Scope, World } from './world';

/** How much longer than a knot's `cancelGrace` the workflow waits: a cancel travels by heartbeat. */
const CANCEL_TRAVEL_MS = 15_000;

export type HostEnd =
  { readonly kind: 'finished' } | { readonly kind: 'continue'; readonly saved: SavedScheduler<null> };

/** `lost`: the history has lost something that cannot be made again. */
export type EndedBy = 'cancel' | 'deadline' | 'lost';

export interface Schedulers {
  create(layout: Layout, options: SchedulerOptions): Scheduler<Slot>;
  restore(
    layout: Layout,
    saved: SavedScheduler<Slot>,
    options: SchedulerOptions,
  ): { readonly scheduler: Scheduler<Slot>; readonly commands: Command[] };
}

export const SCHEDULERS: Schedulers = {
  create: (layout, options) => new Scheduler<Slot>(layout, options),
  restore: (layout, saved, options) => Scheduler.restore<Slot>(layout, saved, options),
};

export interface TemporalHostOptions extends RunFacts {
  readonly schedulers: Schedulers;
  readonly layout: Layout;
  readonly plan: string;
  /** Child runs for knots that are too slow, or too much work, for the run's own history. */
  readonly children: ChildRuns;
  readonly calls: SerialQueue;
  readonly signals: Signals;
  /** State from earlier executions of the chain. */
  readonly carried?: CarriedOver | undefined;
  /**
   * Takes over values of other runs for these knots (ascending) and for knots downstream, and returns the knots that
   * are Ok by them. If this function is omitted, nothing is reused.
   */
  readonly lookUp?: (knots: readonly number[]) => Promise<readonly number[]>;
  readonly record: (unrecorded: Unrecorded) => Promise<void>;
  readonly extend: MakeExtension;
}

/**
 * The Temporal side of the scheduler's host port: turns commands into activities, and their answers into events. The
 * host decides only what the server's limits demand. Each part of the host keeps its own state and informs the host by
 * a listener. Only the host talks to the scheduler and settles knots.
 *
 * H1  A knot is dispatched by exactly one activity in one execution. Only a knot that a segment hands back is
 *     dispatched again, after the segment's activity has ended.
 * H2  Only an answer of Temporal becomes an outcome. Any other error is a defect, and fails the workflow task
 *     (`fatal`), so that a repaired worker can continue.
 * H3  All decisions depend only on the history: outcomes in order of arrival, and the history's length.
 */
export class TemporalHost {
  private readonly scope: Scope;
  private readonly budget: CommandBudget;
  private readonly present: PresentPlan;
  private scheduler: Scheduler<Slot>;
  private readonly queue: DispatchQueue;
  private readonly tasks: KnotTasks;
  private readonly running: RunningKnots;
  private readonly segments: Segments;
  private readonly children: ChildRunKnots;
  private readonly waiting: WaitingKnots;
  private readonly lookups: Lookups;
  private readonly extensions: Extensions;
  private readonly unrecorded: UnrecordedKnots;
  private readonly failures: FailureList;
  private readonly watch: HistoryWatch;
  readonly report: RunReport;
  /** Knots that are Ok from the start, in the run's first execution. */
  private readonly isTakenOver = new Set<number>();
  /** An earlier execution has taken over knots, now unknown which. */
  private hasTakenOver = false;
  /** How this execution ends, set at its end. */
  private leaving: 'over' | 'continues' | undefined;
  private by: EndedBy | undefined;
  /**
   * Knots that run for the scheduler, but that the next execution dispatches: their needs must first be made again.
   */
  private readonly inNeed = new Set<number>();
  private resolveEnd!: (end: HostEnd) => void;
  private fatal!: (error: unknown) => void;
  private readonly ended = new Promise<HostEnd>((resolve, reject) => {
    this.resolveEnd = resolve;
    this.fatal = reject;
  });
  private resolveFinished!: () => void;
  readonly finished = new Promise<void>((resolve) => {
    this.resolveFinished = resolve;
  });

  constructor(private readonly options: TemporalHostOptions) {
    const { carried, world } = options;
    this.scope = world.scope();
    this.budget = new CommandBudget(() => world.facts().historyLength);
    const { budget, fatal } = this;
    const inScope = (work: () => void): void => this.inScope(work);
    const isSettled = (knot: number): boolean => this.isSettled(knot);
    const isCancelled = (error: unknown): boolean => this.isCancelled(error);
    const isFound = (knot: number): boolean => this.lookups.isFound(knot);
    const present = new PresentPlan(options.plan, options.layout);
    this.present = present;
    this.children = new ChildRunKnots(options, present, options.children);
    this.children.find(0);
    for (const [knot] of carried?.childRuns ?? []) this.children.add(knot);
    this.scheduler = options.schedulers.create(present.layout, this.schedulerOptions);
    this.queue = new DispatchQueue(world, {
      maySend: () => !this.scope.consideredCancelled && this.watch.maySend(),
      take: (work) => (typeof work === 'number' ? this.takeKnot(work) : this.segments.take(work)),
      sent: () => this.continueAtRest(),
      fatal,
    });
    this.tasks = new KnotTasks(
      options,
      present,
      {
        value: (knot) => this.scheduler.value(knot),
        isAlone: (knot) => this.scheduler.isAlone(knot),
        isSettled,
        isFound,
      },
      carried?.handedBack,
    );
    this.segments = new Segments(options, present, this.tasks, budget, {
      ended: (members, end) => this.settleSegment(members, end),
      isCancelled,
      isFound,
      fatal,
    });
    this.waiting = new WaitingKnots(
      options,
      present,
      this.tasks,
      budget,
      {
        conclude: (knots) => this.sendConclusions(knots),
        begun: () => this.continueAtRest(),
        needsRecords: (knot) => this.inScope(() => this.waitForRecords(knot)),
        isSettled,
        inScope,
        fatal,
      },
      carried?.unread,
      carried?.answered,
    );
    this.lookups = new Lookups(options.lookUp, {
      answered: (found, missed) => this.settleLookedUp(found, missed),
      over: () => {
        this.queue.flush();
        this.lookUpNext();
        this.continueAtRest();
      },
      fatal,
    });
    this.extensions = new Extensions(
      options,
      present,
      options.extend,
      budget,
      {
        made: (first) => this.takeExtension(first),
        over: () => this.inScope(() => this.goOn()),
      },
      carried?.refused,
    );
    this.unrecorded = new UnrecordedKnots(present, options.record, {
      recorded: (receivers) => {
        this.queue.addFirst(...receivers);
        this.queue.flush();
        this.continueAtRest();
      },
      fatal,
    });
    this.running = new RunningKnots(
      options,
      present,
      this.tasks,
      this.children,
      this.extensions,
      this.unrecorded,
      {
        ended: (knot, outcome, failure) => this.settle(knot, outcome, failure),
        needsRecords: (knot) => this.waitForRecords(knot),
        away: () => this.continueAtRest(),
        checked: () => {
          this.watch.heedChecks();
          this.continueAtRest();
        },
        isSettled,
        isCancelling: () => this.cancelled || this.scope.consideredCancelled,
        isCancelled,
        inScope,
        fatal,
      },
    );
    this.failures = new FailureList(present, carried?.failures);
    this.watch = new HistoryWatch(world, options.limits, options.signals, {
      isCancelled: () => this.cancelled,
      // Knots in child runs, and waits, do not prevent continuing as new.
      inFlight: () => this.scheduler.inFlight - this.children.runs.size,
      restless: () => this.waiting.restless,
      isIdle: () => this.pending === 0 && this.queue.size === 0,
      held: () => void this.scheduler.apply({ type: 'hold' }),
    });
    const parts = {
      world,
      present,
      running: this.running,
      segments: this.segments,
      children: this.children,
      waiting: this.waiting,
      failures: this.failures,
      signals: options.signals,
      scheduler: () => this.scheduler,
      isCancelled: () => this.cancelled,
    };
    this.report = new RunReport(parts, carried?.standing);
  }

  /**
   * Runs until all knots are settled or the history demands a new execution. Rejects only to fail the workflow task.
   *
   * @param takenOver knots that are already Ok; their values are looked up by their records
   * @param begun the first segment that the scheduler sends, if the run's first step has begun it
   */
  async run(
    parameters: BeginRunResult['parameters'],
    takenOver: readonly number[] = [],
    begun?: BegunSegment,
  ): Promise<HostEnd> {
    this.segments.takeUp(begun);
    for (const knot of takenOver) this.isTakenOver.add(knot);
    this.running.open();
    this.openSignals();
    this.apply({
      type: 'start',
      parameters: parameters.map((envelope) => envelope && slotOf(envelope)),
      takenOver: new Map(takenOver.map((knot) => [knot, null])),
    });
    return await this.ended;
  }

  async resume(saved: SavedScheduler<null>): Promise<HostEnd> {
    const restored = this.options.schedulers.restore(this.present.layout, saved, this.schedulerOptions);
    this.scheduler = restored.scheduler;
    this.hasTakenOver = saved.takenOver === true;
    const { childRuns: away = [], unheard, waits = [] } = this.options.carried ?? {};
    this.running.open(away, unheard);
    const isRunning = new Set(saved.running);
    // Waits continue in the order in which they began.
    for (const [knot, wait] of waits) this.waiting.takeUp(knot, wait, isRunning.has(knot));
    const isUnderWay = new Set(
      [...away, ...waits].map(([knot]) => knot).filter((knot) => isRunning.has(knot)),
    );
    this.execute(
      restored.commands.map((command) =>
        command.type === 'run'
          ? { type: 'run', knots: command.knots.filter((knot) => !isUnderWay.has(knot)) }
          : command,
      ),
    );
    this.children.runs.deliver();
    this.openSignals();
    return await this.ended;
  }

  /**
   * Dispatches nothing more and waits for running knots until their grace is over. Knots that run longer are skipped: a
   * late commit loses against the record that settling writes.
   */
  cancel(by: EndedBy = 'cancel'): void {
    if (this.cancelled) return;
    this.by = by;
    // There will be no next execution.
    if (this.leaving === 'continues') this.leaving = undefined;
    const unsent = [...this.queue.takeBack(), ...this.unrecorded.takeBack(), ...this.lookups.takeBack()];
    // This call must come first: each settled knot would make room to dispatch another.
    this.apply({ type: 'cancel' });
    for (const work of unsent) {
      if (typeof work === 'number') this.settle(work, CANCELLED);
      else this.apply({ type: 'segmentSettled', segment: work[0]!, outcomes: new Map(), alone: [] });
    }
    for (const knot of [...this.waiting.cancel(), ...this.inNeed]) this.settle(knot, CANCELLED);
    this.children.runs.cancel();
    if (this.pending + this.children.runs.size === 0) return;
    const { world } = this;
    const limit = world.shielded(() => world.sleep(this.grace + CANCEL_TRAVEL_MS));
    limit.then(() => this.giveUp(), this.fatal);
  }

  get world(): World {
    return this.options.world;
  }

  get plan(): string {
    return this.present.hash;
  }

  /** A body's extension was recorded but could not be made, so the run has failed. */
  get refusedExtension(): KnotFailure | undefined {
    return this.extensions.refused;
  }

  /**
   * Adds a fragment, as requested from outside. Throws an `ApplicationFailure`: the fragment's problem (the run is
   * then unchanged), `RunOver` or {@link RUN_CONTINUES}.
   */
  async extend(fragment: string): Promise<void> {
    this.requireOpen();
    await this.extensions.extend(fragment);
  }

  /** Throws `RunOver` or {@link RUN_CONTINUES} if the run takes no knots now. */
  requireOpen(): void {
    if (this.leaving === 'continues')
      throw ApplicationFailure.nonRetryable('The run is about to continue as new.', RUN_CONTINUES);
    if (this.leaving === 'over' || this.cancelled) throw runIsOver(this.cancelled);
  }

  get endedBy(): EndedBy | undefined {
    return this.by;
  }

  /** Whether knots wait for lost records. */
  get needsRecords(): boolean {
    return this.inNeed.size > 0;
  }

  get carriedOver(): CarriedOver {
    const { children, extensions, failures, report, tasks, waiting } = this;
    const { signals } = this.options;
    return carriedOver({ children, extensions, failures, report, signals, tasks, waiting });
  }

  /** The state from which the next execution runs these ended knots again. */
  reopened(knots: readonly number[]): {
    readonly saved: SavedScheduler<null>;
    readonly carried: CarriedOver;
  } {
    const waits = knots.filter((knot) => this.present.policyOf(knot).wait);
    const maps = knots.filter((knot) => this.present.policyOf(knot).map);
    const saved = { ...this.scheduler.save(), values: [] };
    return {
      saved: reopened(this.present.layout, saved, knots, this.inNeed),
      carried: carriedAgain(this.carriedOver, { maps, waits }),
    };
  }

  runningSegments(): RunningSegments {
    return { temporalRunId: this.options.temporalRunId, segments: this.segments.list() };
  }

  get calls(): SerialQueue {
    return this.options.calls;
  }

  closeSignals(): void {
    this.options.signals.close();
  }

  async signalsAtRest(): Promise<void> {
    await this.options.signals.atRest();
  }

  /** Knots of this execution without a record, for settling. */
  get toRecord(): Unrecorded {
    return this.unrecorded.all;
  }

  private apply(event: SchedulerEvent<Slot>): void {
    this.execute(this.scheduler.apply(event));
  }

  private execute(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.type === 'run') this.dispatch(command.knots);
      else if (command.type === 'segment') this.queue.add(command.knots);
      else if (command.type === 'skip') this.noteSkipped(command.knots, command.reason);
      else if (command.type === 'fail') this.noteFailed(command.knots);
      // The activity of the path's branch has recorded the path.
      else if (command.type === 'pass') continue;
      else this.finish();
    }
    this.queue.flush();
    this.lookUpNext();
    this.report.show();
  }

  private dispatch(knots: readonly number[]): void {
    const found: number[] = [];
    for (const knot of knots) {
      if (this.lookups.isFound(knot)) found.push(knot);
      else if (this.isLookedUp(knot)) this.lookups.add(knot);
      else this.queue.add(knot);
    }
    // The settling is deferred, as it must not happen while dispatching.
    if (found.length > 0) void Promise.resolve().then(() => this.settleFound(found));
  }

  /** A knot that a segment has handed back was looked up in the segment. */
  private isLookedUp(knot: number): boolean {
    const { cache } = this.present.policyOf(knot);
    return this.options.lookUp !== undefined && cache !== undefined && !this.scheduler.isAlone(knot);
  }

  private lookUpNext(): void {
    if (!this.watch.isHeld && !this.scope.consideredCancelled) this.lookups.next();
  }

  private settleLookedUp(found: readonly number[], missed: readonly number[]): void {
    if (!this.cancelled) this.queue.add(...missed);
    this.settleFound(found);
    if (this.cancelled) for (const knot of missed) this.settle(knot, CANCELLED);
  }

  private settleFound(knots: readonly number[]): void {
    for (const knot of knots) this.settle(knot, { kind: 'ok', value: null });
  }

  private finish(): void {
    // An extension in progress still belongs to the run.
    if (this.extensions.underWay > 0) return;
    this.leaving = 'over';
    this.resolveEnd({ kind: 'finished' });
    this.resolveFinished();
  }

  private noteSkipped(knots: readonly number[], reason: SkippedKnot['reason']): void {
    for (const knot of knots) {
      // If the branch was taken over from another run, its unchosen paths are not recorded. An earlier record of a path
      // stands.
      if (reason === 'branch_not_selected' && !this.mayBeTakenOver(branchOf(this.present.layout, knot)!))
        continue;
      const isOfParents = reason === 'parent_failed_or_skipped';
      this.unrecorded.noteSkipped(knot, { reason, ...(isOfParents && this.scheduler.skipDetail(knot)) });
    }
  }

  private mayBeTakenOver(knot: number): boolean {
    return this.hasTakenOver || this.isTakenOver.has(knot);
  }

  private noteFailed(knots: readonly number[]): void {
    for (const knot of knots) {
      const kinds = (parent: number): OutcomeKind | undefined => this.scheduler.outcomeKind(parent);
      const failure = requiredParentsFailure(this.present.layout, knot, kinds);
      this.unrecorded.noteFailed(knot, failure);
      this.failures.note(knot, failure);
    }
  }

  private sendConclusions(knots: readonly number[]): void {
    this.queue.add(...knots);
    this.queue.flush();
    // A wait may end when the history is full; then nothing else happens that would continue the run.
    this.continueAtRest();
  }

  /** Schedules the knot or begins its wait if this workflow task can carry it, and returns whether it did. */
  private takeKnot(knot: number): boolean {
    if (this.unrecorded.isReceiver(knot)) {
      this.unrecorded.recordBefore(knot);
      return true;
    }
    const policy = this.present.policyOf(knot);
    const waited = this.waiting.waitedOf(knot);
    if (policy.wait && !waited) return this.waiting.begin(knot, policy.wait);
    const { task, bytes } = this.tasks.taskOf(knot, waited);
    if (!this.budget.take(bytes)) return false;
    this.running.start(knot, task);
    return true;
  }

  private openSignals(): void {
    this.options.signals.open(
      {
        limits: this.options.limits,
        plan: () => this.plan,
        names: () => this.waiting.signalNames(),
        answerTo: (id) => this.waiting.answerTo(id),
        // A knot that is being added may wait for the signal.
        refuse: (name) => (this.extensions.underWay > 0 ? undefined : this.waiting.refuse(name)),
        takesMore: () => this.takesSignals,
        take: (signal) => this.waiting.take(signal),
        handled: () => this.inScope(() => this.heedSignals()),
      },
      this.options.carried?.refusedSignals,
    );
  }

  private takeExtension(first: number): void {
    this.children.find(first);
    this.inScope(() => this.apply({ type: 'extend', layout: this.present.layout, recall: () => null }));
  }

  private goOn(): void {
    const { running, waiting } = this.scheduler.counts;
    if (running + waiting === 0 && this.leaving === undefined) this.finish();
    else this.continueAtRest();
  }

  /** A cancel reaches everything that `work` begins, even if called by a signal or from a shielded scope. */
  private inScope(work: () => void): void {
    this.scope
      .run(() => {
        work();
        return Promise.resolve();
      })
      .catch(this.fatal);
  }

  private settleSegment(members: readonly number[], { outcomes, alone, failures }: SegmentEnd): void {
    this.watch.noteSettled(outcomes.size);
    for (const failure of failures) {
      const knot = members.find((member) => this.present.idOf(member) === failure.knot);
      if (knot !== undefined) this.failures.note(knot, failure);
    }
    this.watch.heedSettled(1);
    this.apply({ type: 'segmentSettled', segment: members[0]!, outcomes, alone });
    this.continueAtRest();
  }

  /** The next execution dispatches the knot. */
  private waitForRecords(knot: number): void {
    if (this.isSettled(knot)) return;
    if (this.cancelled) return this.settle(knot, CANCELLED);
    this.running.forget(knot);
    this.inNeed.add(knot);
    this.watch.hold();
    this.continueAtRest();
  }

  private isCancelled(error: unknown): boolean {
    if (isCancellation(error)) return true;
    return this.cancelled && (isLostInCancel(error) || isRetryable(error));
  }

  private isSettled(knot: number): boolean {
    return this.scheduler.outcomeKind(knot) !== undefined;
  }

  private settle(knot: number, outcome: KnotOutcome<Slot>, failure?: KnotFailure): void {
    // A knot whose grace was over is settled before its activity ends.
    if (this.isSettled(knot)) return;
    try {
      this.running.forget(knot);
      this.inNeed.delete(knot);
      this.watch.noteSettled(1);
      const isWait = this.present.policyOf(knot).wait !== undefined;
      if (isWait) this.waiting.forget(knot);
      if (failure) this.failures.note(knot, failure);
      // The outcome of the knot's function is on record.
      if (outcome.kind === 'skipped' && outcome.reason === 'cancelled')
        this.unrecorded.noteSkipped(knot, { reason: outcome.reason });
      this.watch.heedSettled(isWait ? 0 : 1);
      this.apply({ type: 'settled', knot, outcome });
      if (isWait) this.waiting.sendConclusions();
      this.continueAtRest();
    } catch (error) {
      this.fatal(error);
    }
  }

  /** The longest grace of running knots, in milliseconds. */
  private get grace(): number {
    let grace = 0;
    for (const knots of [this.running.here, this.children.knotsAway, ...this.segments.all]) {
      for (const knot of knots)
        grace = Math.max(grace, this.present.policyOf(knot).cancelGrace ?? DEFAULT_CANCEL_GRACE_MS);
    }
    return grace;
  }

  /** Skips all knots that have not ended within their grace. */
  private giveUp(): void {
    for (const knot of [...this.running.here, ...this.children.knotsAway]) this.settle(knot, CANCELLED);
    this.segments.giveUp();
  }

  /** Signals may make the history long while no knot settles. */
  private heedSignals(): void {
    if (this.cancelled) return;
    this.watch.heedSignals();
    this.report.show();
    this.continueAtRest();
  }

  /** Ends this execution if it is held, nothing is pending and something is left to do. */
  private continueAtRest(): void {
    const { running, waiting } = this.scheduler.counts;
    if (!this.watch.isHeld || this.cancelled || this.pending > 0 || running + waiting === 0) return;
    const saved = this.scheduler.save();
    // Further messages go to the next execution, which continues from this state.
    this.children.runs.close();
    this.leaving = 'continues';
    // The next execution looks values up by record.
    this.resolveEnd({ kind: 'continue', saved: { ...saved, values: saved.values.map(() => null) } });
  }

  private get cancelled(): boolean {
    return this.by !== undefined;
  }

  /** Number of reasons against continuing as new. */
  private get pending(): number {
    return this.underWay + Number(this.options.signals.isChecking);
  }

  /** Work under way: activities, recordings, lookups, starting child runs and extensions; not checks of signals. */
  private get underWay(): number {
    const asked = Number(this.unrecorded.isRecording) + Number(this.lookups.isUnderWay);
    return (
      this.running.here.size + this.segments.size + asked + this.waiting.beginning + this.extensions.underWay
    );
  }

  /** Whether new signals are for this execution: not if it only waits for checks before it continues as new. */
  private get takesSignals(): boolean {
    if (this.leaving === 'continues') return false;
    return !this.watch.isHeld || this.cancelled || this.underWay > 0;
  }

  private get schedulerOptions(): SchedulerOptions {
    return { window: RUNNING_KNOTS, segments: true, apart: this.children.all };
  }
}

function runIsOver(isCancelled: boolean): ApplicationFailure {
  const why = isCancelled ? 'is being cancelled' : 'has come to its end';
  return ApplicationFailure.nonRetryable(
    `The run ${why} and takes no more knots. Start a new one, or resume it and extend that.`,
    'RunOver',
  );
}
