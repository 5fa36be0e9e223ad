import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  DEFAULT_CANCEL_GRACE_MS,
  RUNNING_KNOTS,
  Scheduler,
  branchOf,
  countFailures,
  inlineTerminals,
  requiredParentsFailure,
  sumOf,
  type Command,
  type CountedFailures,
  type KnotOutcome,
  type Layout,
  type OutcomeKind,
  type SavedScheduler,
  type SchedulerEvent,
  type SchedulerOptions,
} from '../engine';
import type { CarriedOver } from './carried-over';
import { ChildRunKnots } from './child-run-knots';
import type { ChildRuns } from './child-runs';
import { CommandBudget } from './command-budget';
import { detailsTable, type Details } from './details-table';
import { DispatchQueue } from './dispatch-queue';
import { Extensions, type MakeExtension } from './extensions';
import { FailureList } from './failure-list';
import { continueForSignals, continueNow, holdDispatch, holdForSignals } from './history-budget';
import { isLostInCancel, isRetryable } from './knot-activity';
import { KnotTasks } from './knot-tasks';
import { Lookups } from './lookups';
import {
  RUN_CONTINUES,
  type BegunSegment,
  type KnotFailure,
  type LeftSignals,
  type LiveStatus,
  type PinResult,
  type RunAnswer,
  type RunCounts,
  type RunningSegments,
  type SkippedKnot,
} from './messages';
import { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';
import { RunningKnots } from './running-knots';
import { Segments, type SegmentEnd } from './segments';
import type { Signals } from './signals';
import { CANCELLED, slotOf, type Slot } from './slot';
import type { Turns } from './turns';
import { UnrecordedKnots, type Unrecorded } from './unrecorded-knots';
import { WaitingKnots } from './waiting-knots';

/** How much longer than a knot's `cancelGrace` the workflow waits for it: the time for a cancel to travel by heartbeat. */
const CANCEL_TRAVEL_MS = 15_000;
const LISTED_RUNNING = 100;

/** How a stretch of interpretation ended. */
export type HostEnd =
  { readonly kind: 'finished' } | { readonly kind: 'continue'; readonly saved: SavedScheduler<null> };

/** Why a run ends before its knots have. */
export type EndedBy = 'cancel' | 'deadline';

export interface TemporalHostOptions extends RunFacts {
  readonly layout: Layout;
  readonly plan: string;
  /** Where knots go that are too slow, or too much work, for the run's own history. */
  readonly children: ChildRuns;
  /** Of what a worker is asked. */
  readonly turns: Turns;
  /** Where signals come from. */
  readonly signals: Signals;
  /** Of earlier executions of the chain. */
  readonly carried?: CarriedOver | undefined;
  /**
   * Takes over what other runs have made for these knots, ascending, and below them; answers the knots that are Ok by it. Absent: the run
   * makes all of it itself.
   */
  readonly lookUp?: (knots: readonly number[]) => Promise<readonly number[]>;
  /** Records knots that no activity has recorded. */
  readonly record: (unrecorded: Unrecorded) => Promise<void>;
  readonly extend: MakeExtension;
}

/**
 * The Temporal side of the engine's host port: turns the scheduler's commands into activities and their answers into
 * events. It takes no decision of its own but those that the server's limits ask for.
 * Each of its parts keeps what it is about, and tells the host by a listener; the host alone talks to the scheduler, and settles.
 *
 * H1  A knot is dispatched by exactly one activity in one execution of the workflow, but for what a segment gives back, which
 *     is dispatched again when the segment's activity has ended.
 * H2  Only an answer of Temporal becomes an outcome. Any other error is a defect of ours or of the sandbox and fails the
 *     workflow task (`fatal`), so that a repaired worker can go on.
 * H3  All decisions depend on the history alone: outcomes in the order in which they arrive, and the history's length.
 */
export class TemporalHost {
  private readonly scope = CancellationScope.current();
  private readonly budget = new CommandBudget(() => workflowInfo().historyLength);
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
  /** Knots that are Ok from the start. */
  private readonly isTakenOver = new Set<number>();
  /** Set when this execution has come to its end. */
  private leaving: 'over' | 'continues' | undefined;
  private by: EndedBy | undefined;
  private standing: RunCounts | undefined;
  private held = false;
  private settledHere = 0;
  private resolveEnd!: (end: HostEnd) => void;
  /** Fails the workflow task. */
  private fatal!: (error: unknown) => void;
  private readonly ended = new Promise<HostEnd>((resolve, reject) => {
    this.resolveEnd = resolve;
    this.fatal = reject;
  });
  private resolveFinished!: () => void;
  /** Resolves when all knots are settled. */
  readonly finished = new Promise<void>((resolve) => {
    this.resolveFinished = resolve;
  });

  constructor(private readonly options: TemporalHostOptions) {
    const { carried } = options;
    const { budget, fatal } = this;
    const inScope = (work: () => void): void => this.inScope(work);
    const isSettled = (knot: number): boolean => this.isSettled(knot);
    const isCancelled = (error: unknown): boolean => this.isCancelled(error);
    const isFound = (knot: number): boolean => this.lookups.isFound(knot);
    const present = new PresentPlan(options.plan, options.layout);
    this.present = present;
    this.standing = carried?.standing;
    this.children = new ChildRunKnots(options, present, options.children);
    this.children.find(0);
    for (const [knot] of carried?.away ?? []) this.children.add(knot);
    this.scheduler = new Scheduler<Slot>(present.layout, this.schedulerOptions);
    this.queue = new DispatchQueue({
      maySend: () => this.maySend(),
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
      carried?.givenBack,
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
        isSettled,
        inScope,
        fatal,
      },
      carried?.unread,
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
        away: () => this.continueAtRest(),
        checked: () => this.heedChecks(),
        isSettled,
        isCancelling: () => this.cancelled || this.scope.consideredCancelled,
        isCancelled,
        inScope,
        fatal,
      },
    );
    this.failures = new FailureList(present, carried?.failures);
  }

  /**
   * Runs until all knots are settled or the history asks for a new execution. Rejects only to fail the workflow task.
   *
   * @param takenOver knots that are Ok already; their values are looked up by their records
   * @param begun the first segment that the scheduler sends out, where the run's first step has begun it
   */
  async run(
    parameters: PinResult['parameters'],
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

  /** Goes on from what an earlier execution of the chain saved. */
  async resume(saved: SavedScheduler<null>): Promise<HostEnd> {
    const restored = Scheduler.restore<Slot>(this.present.layout, saved, this.schedulerOptions);
    this.scheduler = restored.scheduler;
    const { away = [], unheard, waits = [] } = this.options.carried ?? {};
    this.running.open(away, unheard);
    // In the order in which they began.
    for (const [knot, wait] of waits) this.waiting.takeUp(knot, wait);
    const isUnderWay = new Set([...away, ...waits].map(([knot]) => knot));
    this.execute(
      restored.commands.map((command) =>
        command.type === 'run'
          ? { type: 'run', knots: command.knots.filter((knot) => !isUnderWay.has(knot)) }
          : command,
      ),
    );
    this.children.deliver();
    this.openSignals();
    return await this.ended;
  }

  /**
   * Dispatches nothing more and waits for what is running, at the longest until its grace is over; what has not ended by
   * then is skipped, and a late commit of it loses against the record that settling writes.
   */
  cancel(by: EndedBy = 'cancel'): void {
    if (this.cancelled) return;
    this.by = by;
    const unsent = [...this.queue.takeBack(), ...this.unrecorded.takeBack(), ...this.lookups.takeBack()];
    // First of all: each settled knot makes room for another one to be dispatched.
    this.apply({ type: 'cancel' });
    for (const work of unsent) {
      if (typeof work === 'number') this.settle(work, CANCELLED);
      else this.apply({ type: 'segmentSettled', segment: work[0]!, outcomes: new Map(), alone: [] });
    }
    for (const knot of this.waiting.cancel()) this.settle(knot, CANCELLED);
    this.children.cancel();
    if (this.pending + this.children.size === 0) return;
    const limit = CancellationScope.nonCancellable(() => sleep(this.grace + CANCEL_TRAVEL_MS));
    limit.then(() => this.giveUp(), this.fatal);
  }

  /** The plan as it is now. */
  get plan(): string {
    return this.present.hash;
  }

  /** Why the run as a whole has failed, where a body's extension was on record and could not be made. */
  get refusedExtension(): KnotFailure | undefined {
    return this.extensions.refused;
  }

  /**
   * Gives the run what a fragment brings, asked for from outside.
   *
   * @throws ApplicationFailure what is wrong with it, which leaves the run as it was; `RunOver`; {@link RUN_CONTINUES}
   */
  async extend(fragment: string): Promise<void> {
    this.requireOpen();
    await this.extensions.extend(fragment);
  }

  /** @throws ApplicationFailure `RunOver`, {@link RUN_CONTINUES} */
  requireOpen(): void {
    if (this.leaving === 'continues')
      throw ApplicationFailure.nonRetryable('The run is about to continue as new.', RUN_CONTINUES);
    if (this.leaving === 'over' || this.cancelled) throw runIsOver(this.cancelled);
  }

  /** What ended the run early; undefined while nothing has. */
  get endedBy(): EndedBy | undefined {
    return this.by;
  }

  get counts(): RunCounts {
    const { ok, err, skipped } = this.scheduler.counts;
    return sumOf({ ok, err, skipped }, this.standing);
  }

  /** Of knots that were settled here, other outcomes are on record. */
  noteStanding(standing: RunCounts): void {
    this.standing = sumOf(standing, this.standing);
  }

  /** The first failure that counts against the run. */
  get firstFailure(): KnotFailure | undefined {
    return this.failures.firstCounted;
  }

  /** For the next execution of the chain. */
  get carriedOver(): CarriedOver {
    const { away, unheard } = this.children;
    const { stillGivenBack: givenBack } = this.tasks;
    const { refused } = this.extensions;
    const { stillWaiting: waits, unread } = this.waiting;
    const { refused: refusedSignals } = this.options.signals;
    return {
      failures: this.failures.all,
      ...(away.length > 0 && { away }),
      ...(unheard.length > 0 && { unheard }),
      ...(givenBack.length > 0 && { givenBack }),
      ...(refused && { refused }),
      ...(waits.length > 0 && { waits }),
      ...(unread.length > 0 && { unread }),
      ...(refusedSignals && { refusedSignals }),
      ...(this.standing && { standing: this.standing }),
    };
  }

  /** What became of signals that no knot has taken; undefined where there is none. */
  get leftSignals(): LeftSignals | undefined {
    const { unreadByCount: unread } = this.waiting;
    const { refused } = this.options.signals;
    if (!unread && !refused) return undefined;
    const payloads = [...new Set(this.waiting.unread.map(({ payload }) => payload.hash))];
    return { ...(unread && { unread, payloads }), ...(refused && { refused }) };
  }

  /** Of what a worker is asked. */
  get turns(): Turns {
    return this.options.turns;
  }

  /** The run ends: what comes from now on is too late. */
  closeSignals(): void {
    this.options.signals.close();
  }

  /** Resolves when no signal is being checked. */
  async signalsAtRest(): Promise<void> {
    await this.options.signals.atRest();
  }

  /** Knots of this execution that no activity recorded, for the settle activity. */
  get toRecord(): Unrecorded {
    return this.unrecorded.all;
  }

  get countedFailures(): CountedFailures {
    return countFailures(this.present.layout, (knot) => this.scheduler.outcomeKind(knot));
  }

  status(): LiveStatus {
    const running = [...this.awayKnots, ...this.running.here, ...this.segments.all.flat()];
    return {
      plan: this.plan,
      ...this.details(),
      running: running.slice(0, LISTED_RUNNING).map((knot) => this.present.idOf(knot)),
      cancelled: this.cancelled,
      ...(this.segments.size > 0 && { segments: this.segments.size }),
    };
  }

  runningSegments(): RunningSegments {
    return { run: this.options.recordRun, segments: this.segments.list() };
  }

  terminals(): RunAnswer['terminals'] {
    return inlineTerminals(this.present.layout, (knot) => this.scheduler.value(knot));
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
      // The activity of its branch has recorded it.
      else if (command.type === 'pass') continue;
      else this.finish();
    }
    this.queue.flush();
    this.lookUpNext();
    this.showDetails();
  }

  private showDetails(): void {
    setCurrentDetails(detailsTable(this.details()));
  }

  private details(): Details {
    const { running, waiting, total } = this.scheduler.counts;
    const open = this.waiting.size;
    const waits = this.waiting.list();
    const { leftSignals } = this;
    return {
      counts: { ...this.counts, running: running - open, waiting: waiting + open, total },
      failures: this.failures.all,
      ...(waits.length > 0 && { waits }),
      ...(leftSignals && { signals: leftSignals }),
    };
  }

  private dispatch(knots: readonly number[]): void {
    const found: number[] = [];
    for (const knot of knots) {
      if (this.lookups.isFound(knot)) found.push(knot);
      else if (this.isLookedUp(knot)) this.lookups.add(knot);
      else this.queue.add(knot);
    }
    // Not in the middle of what dispatches them.
    if (found.length > 0) void Promise.resolve().then(() => this.settleFound(found));
  }

  /** One that a segment has given back was looked up there. */
  private isLookedUp(knot: number): boolean {
    const { cache } = this.present.policyOf(knot);
    return this.options.lookUp !== undefined && cache !== undefined && !this.scheduler.isAlone(knot);
  }

  private lookUpNext(): void {
    if (!this.held && !this.scope.consideredCancelled) this.lookups.next();
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
    // What is being added to the run belongs to it.
    if (this.extensions.underWay > 0) return;
    this.leaving = 'over';
    this.resolveEnd({ kind: 'finished' });
    this.resolveFinished();
  }

  private noteSkipped(knots: readonly number[], reason: SkippedKnot['reason']): void {
    for (const knot of knots) {
      // Of a branch that was taken over from another run, nobody has recorded the other paths.
      if (reason === 'branch_not_selected' && !this.isTakenOver.has(branchOf(this.present.layout, knot)!))
        continue;
      const isOfParents = reason === 'parent_failed_or_skipped';
      this.unrecorded.noteSkipped(knot, { reason, ...(isOfParents && this.scheduler.skipDetail(knot)) });
    }
  }

  private noteFailed(knots: readonly number[]): void {
    for (const knot of knots) {
      const kinds = (parent: number): OutcomeKind | undefined => this.scheduler.outcomeKind(parent);
      const failure = requiredParentsFailure(this.present.layout, knot, kinds);
      this.unrecorded.noteFailed(knot, failure);
      this.failures.note(knot, failure);
    }
  }

  /**
   * Nothing goes out where the history is full, but in the next execution; nor between a cancel and our hearing of it: `cancel`
   * settles what is left.
   */
  private maySend(): boolean {
    if (this.scope.consideredCancelled) return false;
    // Each execution does something, or a plan whose layout alone fills the history would be loaded for ever.
    if (this.settledHere > 0 && !this.cancelled && holdDispatch(this.options.limits, workflowInfo()))
      this.hold();
    return !this.held;
  }

  private sendConclusions(knots: readonly number[]): void {
    this.queue.add(...knots);
    this.queue.flush();
    // A wait may be over just when the history is full, and then nothing else comes.
    this.continueAtRest();
  }

  /** Schedules the knot, or begins its wait, if this workflow task can carry it. */
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

  /** What an extension that is being made has held up. */
  private goOn(): void {
    const { running, waiting } = this.scheduler.counts;
    if (running + waiting === 0 && this.leaving === undefined) this.finish();
    else this.continueAtRest();
  }

  /** So that a cancel reaches what is begun here, though we are called by a signal or from where nothing is cancelled. */
  private inScope(work: () => void): void {
    this.scope
      .run(() => {
        work();
        return Promise.resolve();
      })
      .catch(this.fatal);
  }

  private settleSegment(members: readonly number[], { outcomes, alone, failures }: SegmentEnd): void {
    this.settledHere += outcomes.size;
    for (const failure of failures) {
      const knot = members.find((member) => this.present.idOf(member) === failure.knot);
      if (knot !== undefined) this.failures.note(knot, failure);
    }
    this.heedHistory(1);
    this.apply({ type: 'segmentSettled', segment: members[0]!, outcomes, alone });
    this.continueAtRest();
  }

  /** Whether it would not have ended so, or not yet, without the cancel. */
  private isCancelled(error: unknown): boolean {
    if (isCancellation(error)) return true;
    return this.cancelled && (isLostInCancel(error) || isRetryable(error));
  }

  private isSettled(knot: number): boolean {
    return this.scheduler.outcomeKind(knot) !== undefined;
  }

  private settle(knot: number, outcome: KnotOutcome<Slot>, failure?: KnotFailure): void {
    // A knot whose grace was over is settled already when its activity ends at last.
    if (this.isSettled(knot)) return;
    try {
      this.running.forget(knot);
      this.settledHere += 1;
      const isWait = this.present.policyOf(knot).wait !== undefined;
      if (isWait) this.waiting.forget(knot);
      if (failure) this.failures.note(knot, failure);
      // What its function said is on record.
      if (outcome.kind === 'skipped' && outcome.reason === 'cancelled')
        this.unrecorded.noteSkipped(knot, { reason: outcome.reason });
      this.heedHistory(isWait ? 0 : 1);
      this.apply({ type: 'settled', knot, outcome });
      if (isWait) this.waiting.sendConclusions();
      this.continueAtRest();
    } catch (error) {
      this.fatal(error);
    }
  }

  /** The longest grace of what is under way, in milliseconds. */
  private get grace(): number {
    let grace = 0;
    for (const knots of [this.running.here, this.awayKnots, ...this.segments.all]) {
      for (const knot of knots)
        grace = Math.max(grace, this.present.policyOf(knot).cancelGrace ?? DEFAULT_CANCEL_GRACE_MS);
    }
    return grace;
  }

  /** What has not ended within its grace after a cancel is not waited for. */
  private giveUp(): void {
    for (const knot of [...this.running.here, ...this.awayKnots]) this.settle(knot, CANCELLED);
    this.segments.giveUp();
  }

  /**
   * Stops dispatching where the history has grown so far that this execution should end.
   *
   * @param settling how many of those in flight are being settled
   */
  private heedHistory(settling: 0 | 1): void {
    if (this.held || this.cancelled) return;
    const info = workflowInfo();
    // What is away, or waits, needs no rest.
    const others = this.scheduler.inFlight - this.children.size - settling;
    const lastOne = others === 0 && this.waiting.restless === 0;
    const { limits, signals } = this.options;
    const { received } = signals;
    const isLong = continueNow(limits, info, this.settledHere) || continueForSignals(limits, received);
    if (holdDispatch(limits, info) || holdForSignals(limits, received) || (lastOne && isLong)) this.hold();
  }

  /** Ends this execution where signals have made its history long, since no knot need be settled meanwhile. */
  private heedSignals(): void {
    if (this.cancelled) return;
    const info = workflowInfo();
    const { limits, signals } = this.options;
    const { received } = signals;
    const isIdle = this.pending === 0 && this.queue.size === 0;
    if (
      !this.held &&
      (holdDispatch(limits, info) ||
        holdForSignals(limits, received) ||
        (isIdle && continueForSignals(limits, received)))
    )
      this.hold();
    this.showDetails();
    this.continueAtRest();
  }

  /** Ends this execution where asking after child runs has made its history long. */
  private heedChecks(): void {
    if (!this.held && !this.cancelled && holdDispatch(this.options.limits, workflowInfo())) this.hold();
    this.continueAtRest();
  }

  private hold(): void {
    this.held = true;
    this.scheduler.apply({ type: 'hold' });
  }

  /** Ends this execution where it is held, nothing is pending and something is left to do. */
  private continueAtRest(): void {
    const { running, waiting } = this.scheduler.counts;
    if (!this.held || this.cancelled || this.pending > 0 || running + waiting === 0) return;
    const saved = this.scheduler.save();
    // What they say from now on is for the next execution, which goes on from this state.
    this.children.close();
    this.leaving = 'continues';
    // Values stay behind: the next execution looks them up by their records.
    this.resolveEnd({ kind: 'continue', saved: { ...saved, values: saved.values.map(() => null) } });
  }

  private get cancelled(): boolean {
    return this.by !== undefined;
  }

  /**
   * What keeps this execution from continuing as new: activities, what is being recorded, looked up or checked, child runs that are
   * being started, and extensions that are being made.
   */
  private get pending(): number {
    const { isChecking } = this.options.signals;
    const asked = Number(this.unrecorded.isRecording) + Number(isChecking) + Number(this.lookups.isUnderWay);
    return (
      this.running.here.size + this.segments.size + asked + this.waiting.beginning + this.extensions.underWay
    );
  }

  /** Knots in child runs. */
  private get awayKnots(): readonly number[] {
    return this.children.away.map(([knot]) => knot);
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

/** The failure that ends a cancelled workflow. */
export function cancelledFailure(): CancelledFailure {
  return new CancelledFailure('The run was cancelled');
}
