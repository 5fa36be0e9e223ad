import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  TemporalFailure,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  FIELD_OVERHEAD_BYTES,
  INLINE_BYTES_PER_ACTIVITY,
  PARENTS_PER_ACTIVITY,
  RUNNING_KNOTS,
  Scheduler,
  isExpanding,
  branchOf,
  countFailures,
  packRanges,
  inlineTerminals,
  isNesting,
  pathsOf,
  requiredParentsFailure,
  childRunKnots,
  sumOf,
  unpackEnds,
  wantedOutside,
  type Command,
  type CountedFailures,
  type Envelope,
  type SizedEnvelope,
  type KnotAnswer,
  type KnotOutcome,
  type Layout,
  type MemberOutcome,
  type OutcomeKind,
  type SavedScheduler,
  type SchedulerEvent,
  type SchedulerOptions,
  DEFAULT_CANCEL_GRACE_MS,
} from '../engine';
import { packHash } from '../canonical';
import { activityIdOf } from './activity-id';
import { CHILD_RUNS_SINCE, LOST_IS_CANCELLED_SINCE, RECORDS_ASKED_SINCE, SEGMENTS_SINCE } from './behaviours';
import type { ChildRuns } from './child-runs';
import { CommandBudget } from './command-budget';
import {
  CHILD_RUNS_FROM_EVENTS,
  continueForSignals,
  continueNow,
  holdDispatch,
  holdForSignals,
} from './history-budget';
import { ACTIVITY_OPTIONS, callKnot, describeFailure, isLostInCancel, isRetryable } from './knot-activity';
import {
  RUN_CONTINUES,
  SEGMENT_ACTIVITY,
  WAIT_ACTIVITY,
  type BegunSegment,
  type CarriedWait,
  type ChildEnd,
  type ChildTask,
  type ExtendRequest,
  type GivenBack,
  type KnotCall,
  type KnotFailure,
  type KnotTask,
  type LeftSignals,
  type LiveStatus,
  type OpenWait,
  type PinResult,
  type RunAnswer,
  type RunCounts,
  type RunMemo,
  type RunningSegments,
  type SignalReceipt,
  type SegmentAnswer,
  type SegmentTask,
  type SkippedKnot,
  type UnreadSignal,
  type WaitEnd,
  type Waited,
  mayReuse,
} from './messages';
import type { Refusal, Signals } from './signals';
import { failTaskIfUnknown, system } from './system-calls';
import type { Turns } from './turns';
import { Waits } from './waits';
import { workflowTime } from './workflow-clock';
import { detailsTable, type Details } from './details-table';

/** How much longer than a knot's `cancelGrace` the workflow waits for it: the time for a cancel to travel by heartbeat. */
const CANCEL_TRAVEL_MS = 15_000;
const LISTED_FAILURES = 20;
const LISTED_RUNNING = 100;
/** With the longest of ids, the answer to a query must still fit in a message. */
const LISTED_MEMBERS = 6_000;
const LISTED_WAITS = 100;
/** More than this go to the next execution in one payload, which the server takes up to 2 MiB. */
const KEPT_SIGNALS = 5_000;
/** Of an id in a summary, which has 400 bytes in all. */
const ID_IN_SUMMARY = 80;

/** A settled value: its envelope and how many bytes that takes in a payload; null where it is to be looked up by its record. */
type Slot = SizedEnvelope | null;

/** How a stretch of interpretation ended. */
export type HostEnd =
  { readonly kind: 'finished' } | { readonly kind: 'continue'; readonly saved: SavedScheduler<null> };

/** Why a run ends before its knots have. */
export type EndedBy = 'cancel' | 'deadline';

export interface TemporalHostOptions {
  readonly layout: Layout;
  readonly plan: string;
  /** The Temporal run id that the records of the whole chain of executions are kept under. */
  readonly recordRun: string;
  /** Of the run. */
  readonly behaviour: number;
  /** Where knots go that are too slow, or too much work, for the run's own history. */
  readonly children: ChildRuns;
  /** What the client said of the run. */
  readonly memo: RunMemo;
  /** Knots, by index, that earlier executions sent to child runs, with the Temporal run ids of these. */
  readonly away?: readonly (readonly [number, string])[];
  /** What child runs said to an earlier execution when it was about to end. */
  readonly unheard?: readonly ChildEnd[];
  /** Failures of earlier executions of the chain. */
  readonly failures?: readonly KnotFailure[];
  /** What segments of earlier executions said of knots that they gave back, by index. */
  readonly givenBack?: readonly (readonly [number, GivenBack])[];
  /** Of local activities. */
  readonly turns: Turns;
  /** Where signals come from. */
  readonly signals: Signals;
  /** Knots, by index, that waited in an earlier execution. */
  readonly waits?: readonly (readonly [number, CarriedWait])[];
  /** Signals that no knot of an earlier execution has taken, and those that were refused. */
  readonly unread?: readonly UnreadSignal[];
  readonly refusedSignals?: LeftSignals['refused'];
  /**
   * Takes over what other runs have made for these knots, ascending, and below them; answers the knots that are Ok by it. Absent: the run
   * makes all of it itself.
   */
  readonly lookUp?: (knots: readonly number[]) => Promise<readonly number[]>;
  /** Records knots that no activity has recorded. */
  readonly record: (unrecorded: Unrecorded) => Promise<void>;
  /**
   * Makes the plan that has what a fragment brings. Its layout begins with the present one.
   *
   * @throws TemporalFailure what is wrong with the fragment, or that it cannot be loaded
   */
  readonly extend: (wanted: WantedExtension, present: Layout) => Promise<ExtendedLayout>;
  /** Of earlier executions. */
  readonly refused?: KnotFailure;
}

/** A fragment by which the run is to be extended. */
export interface WantedExtension extends Pick<ExtendRequest, 'plan' | 'fragment' | 'by'> {
  readonly run: string;
}

export interface ExtendedLayout {
  readonly plan: string;
  readonly layout: Layout;
  /** What that has added to the history. */
  readonly bytes: number;
}

/** Knots that no activity has recorded. */
export interface Unrecorded {
  readonly skipped: readonly SkippedKnot[];
  readonly failed: readonly KnotFailure[];
}

/**
 * The Temporal side of the engine's host port: turns the scheduler's commands into activities and their answers into
 * events. It takes no decision of its own but those that the server's limits ask for.
 *
 * H1  A knot is dispatched by exactly one activity in one execution of the workflow, but for what a segment gives back, which
 *     is dispatched again when the segment's activity has ended.
 * H2  Only an answer of Temporal becomes an outcome. Any other error is a defect of ours or of the sandbox and fails the
 *     workflow task (`fatal`), so that a repaired worker can go on.
 * H3  All decisions depend on the history alone: outcomes in the order in which they arrive, and the history's length.
 * H4  A knot that receives outcomes is scheduled when all its parents are on record: its activity reads there what became of
 *     those that are not Ok.
 * H5  One extension is made at a time, each from the plan that the last one came to. While one is being made, the run neither ends nor
 *     continues as new; and what a body extends the run by is there before its knot is settled. So none is lost.
 * H6  A knot that waits is nothing on the server but a timer: its activity, which records it, is scheduled when its wait is over. No
 *     more of these are under way than of others, though the window does not count them.
 * H7  What a lookup has taken over is on record before its answer is heard. Knots below those that it was asked for, which are not
 *     dispatched yet, are Ok as soon as they are: the scheduler decides on each, as if its activity had ended at once.
 */
export class TemporalHost {
  private layout: Layout;
  private planHash: string;
  private packedPlan: string;
  private readonly scope = CancellationScope.current();
  private readonly budget = new CommandBudget(() => workflowInfo().historyLength);
  /** What is dispatched but not yet scheduled: knots, and segments as lists of theirs. */
  private readonly deferred: (number | readonly number[])[] = [];
  /** Scheduled knots. */
  private readonly running = new Set<number>();
  /** Scheduled segments, by their first knot. */
  private readonly segments = new Map<number, readonly number[]>();
  private segmentsScheduled = 0;
  /** The first segment, until it is sent out, where the run's first step has begun it. */
  private begun: BegunSegment | undefined;
  /** So that they never keep this execution from continuing as new. */
  private readonly inChildRuns = new Set<number>();
  private readonly indexes = new Map<string, number>();
  /** Knots that are Ok from the start. */
  private readonly isTakenOver = new Set<number>();
  /** Knots that a segment gave back, to go with a later one. */
  private readonly again = new Set<number>();
  /** What segments said of knots that they gave back. */
  private readonly givenBack: Map<number, GivenBack>;
  private readonly failures: KnotFailure[];
  /** Whether one of these, or one before them, is of a knot that is not optional. */
  private isFailureCounted: boolean;
  private readonly skippedHere: SkippedKnot[] = [];
  private readonly unrecorded: KnotFailure[] = [];
  /** Knots in these two lists, by index: what receivers of outcomes wait for. */
  private readonly unrecordedKnots = new Set<number>();
  /** Dispatched receivers that wait for it, and whether it is being recorded. */
  private readonly awaitingRecords: number[] = [];
  private recording = false;
  /** Extensions that are being made or wait for their turn, and the last of them. */
  private extensions = 0;
  private lastExtension: Promise<void> = Promise.resolve();
  /** The first extension of a body that could not be made. */
  private refused: KnotFailure | undefined;
  /** Set when this execution has come to its end. */
  private leaving: 'over' | 'continues' | undefined;
  private readonly waits: Waits;
  /** Waits whose time is being looked up. */
  private readonly beginning = new Set<number>();
  /** What waits that are over came to, until their activity has ended. */
  private readonly waited = new Map<number, Waited>();
  /** Those of them whose activity is dispatched, and those that come next. */
  private readonly concluding = new Set<number>();
  private readonly toConclude: number[] = [];
  /** Dispatched knots that wait for a lookup, and those of the one that is under way. */
  private readonly toLookUp: number[] = [];
  private lookingUp: readonly number[] | undefined;
  /** Knots that lookups have taken over, dispatched or not. */
  private readonly found = new Set<number>();
  private waitKnots: { readonly layout: Layout; readonly byName: ReadonlyMap<string, number[]> } | undefined;
  private scheduler: Scheduler<Slot>;
  /** Whether the rest is to be sent with the next task. */
  private flushing = false;
  private isFlushing = false;
  private by: EndedBy | undefined;
  private standing: RunCounts | undefined;
  private held = false;
  private settledHere = 0;
  private resolveEnd!: (end: HostEnd) => void;
  private rejectEnd!: (error: unknown) => void;
  private readonly ended: Promise<HostEnd>;
  private resolveFinished!: () => void;
  /** Resolves when all knots are settled. */
  readonly finished = new Promise<void>((resolve) => {
    this.resolveFinished = resolve;
  });

  constructor(private readonly options: TemporalHostOptions) {
    this.layout = options.layout;
    this.planHash = options.plan;
    this.packedPlan = packHash(options.plan);
    this.refused = options.refused;
    this.failures = [...(options.failures ?? [])];
    const failed = new Set(this.failures.map(({ knot }) => knot));
    this.isFailureCounted = this.layout.ids.some(
      (id, knot) => failed.has(id) && this.policyOf(knot).optional !== true,
    );
    this.givenBack = new Map(options.givenBack);
    this.findChildRuns(0);
    for (const [knot] of options.away ?? []) this.keepInChildRun(knot);
    this.scheduler = new Scheduler<Slot>(this.layout, this.schedulerOptions);
    this.waits = new Waits(
      {
        over: (knot, waited) => this.inScope(() => this.conclude(knot, waited)),
        fatal: (error) => this.rejectEnd(error),
      },
      options.unread,
    );
    this.ended = new Promise((resolve, reject) => {
      this.resolveEnd = resolve;
      this.rejectEnd = reject;
    });
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
    this.begun = begun;
    for (const knot of takenOver) this.isTakenOver.add(knot);
    this.openChildren([]);
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
    const restored = Scheduler.restore<Slot>(this.layout, saved, this.schedulerOptions);
    this.scheduler = restored.scheduler;
    const away = this.options.away ?? [];
    this.openChildren(away.map(([knot, child]) => [this.layout.ids[knot]!, child]));
    const waits = this.options.waits ?? [];
    // In the order in which they began.
    for (const [knot, wait] of waits) this.takeUpWait(knot, wait);
    const isUnderWay = new Set([...away, ...waits].map(([knot]) => knot));
    this.execute(
      restored.commands.map((command) =>
        command.type === 'run'
          ? { type: 'run', knots: command.knots.filter((knot) => !isUnderWay.has(knot)) }
          : command,
      ),
    );
    this.options.children.deliver();
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
    const unsent = [
      ...this.deferred.splice(0),
      ...this.awaitingRecords.splice(0),
      ...this.toLookUp.splice(0),
    ];
    // First of all: each settled knot makes room for another one to be dispatched.
    this.apply({ type: 'cancel' });
    for (const work of unsent) {
      if (typeof work === 'number') this.settle(work, { kind: 'skipped', reason: 'cancelled' });
      else this.apply({ type: 'segmentSettled', segment: work[0]!, outcomes: new Map(), alone: [] });
    }
    for (const knot of [...this.waits.cancel(), ...this.beginning, ...this.toConclude.splice(0)])
      this.settle(knot, { kind: 'skipped', reason: 'cancelled' });
    const { children } = this.options;
    children.cancel();
    if (this.pending + children.size === 0) return;
    let grace = 0;
    for (const knots of [this.running, this.away, ...this.segments.values()]) {
      for (const knot of knots)
        grace = Math.max(grace, this.policyOf(knot).cancelGrace ?? DEFAULT_CANCEL_GRACE_MS);
    }
    const limit = CancellationScope.nonCancellable(() => sleep(grace + CANCEL_TRAVEL_MS));
    limit.then(
      () => {
        for (const knot of [...this.running, ...this.away])
          this.settle(knot, { kind: 'skipped', reason: 'cancelled' });
        for (const members of [...this.segments.values()]) this.settleSegment(members, new Map());
      },
      (error: unknown) => this.rejectEnd(error),
    );
  }

  /** The plan as it is now. */
  get plan(): string {
    return this.planHash;
  }

  /** Why the run as a whole has failed, where a body's extension was on record and could not be made. */
  get refusedExtension(): KnotFailure | undefined {
    return this.refused;
  }

  /**
   * Gives the run what a fragment brings, asked for from outside.
   *
   * @throws ApplicationFailure what is wrong with it, which leaves the run as it was; `RunOver`; {@link RUN_CONTINUES}
   */
  async extend(fragment: string): Promise<void> {
    this.requireOpen();
    await this.extendInTurn(fragment);
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

  get failureList(): readonly KnotFailure[] {
    return this.failures;
  }

  /** What is to be told to the own activities of knots that have not ended, in a later execution. */
  get stillGivenBack(): readonly (readonly [number, GivenBack])[] {
    return [...this.givenBack].filter(([knot]) => this.scheduler.outcomeKind(knot) === undefined);
  }

  /** For a later execution: the knots that are in child runs, with the Temporal run ids of these. */
  get stillAway(): readonly (readonly [number, string])[] {
    return this.options.children.away.map(([knot, child]) => [this.indexes.get(knot)!, child]);
  }

  /** For a later execution: what child runs said when this one was about to end; without values, as everything there. */
  get stillUnheard(): readonly ChildEnd[] {
    return this.options.children.unheard.map((end) => (end.kind === 'ok' ? { ...end, envelope: null } : end));
  }

  /** For a later execution: the knots that wait, or whose wait is over and not concluded. */
  get stillWaiting(): readonly (readonly [number, CarriedWait])[] {
    const open = [...this.waits.entries()].map(
      ([knot, { until }]) => [knot, { ...(until !== undefined && { until }) }] as const,
    );
    return [...[...this.waited].map(([knot, waited]) => [knot, { waited }] as const), ...open];
  }

  get unreadSignals(): readonly UnreadSignal[] {
    return this.waits.unread;
  }

  get refusedSignals(): LeftSignals['refused'] | undefined {
    return this.options.signals.refused;
  }

  /** What became of signals that no knot has taken; undefined where there is none. */
  get leftSignals(): LeftSignals | undefined {
    const { unreadByCount: unread } = this.waits;
    const { refused } = this.options.signals;
    return unread || refused ? { ...(unread && { unread }), ...(refused && { refused }) } : undefined;
  }

  /** Of local activities. */
  get turns(): Turns {
    return this.options.turns;
  }

  /** Resolves when no signal is being checked. */
  async signalsAtRest(): Promise<void> {
    await this.options.signals.atRest();
  }

  /** Knots of this execution that no activity recorded, for the settle activity. */
  get toRecord(): Unrecorded {
    // Copies: what is recorded meanwhile, for the sake of a receiver, leaves the lists.
    return { skipped: [...this.skippedHere], failed: [...this.unrecorded] };
  }

  get countedFailures(): CountedFailures {
    return countFailures(this.layout, (knot) => this.scheduler.outcomeKind(knot));
  }

  status(): LiveStatus {
    const running = [...this.away, ...this.running, ...[...this.segments.values()].flat()];
    return {
      plan: this.planHash,
      ...this.details(),
      running: running.slice(0, LISTED_RUNNING).map((knot) => this.layout.ids[knot]!),
      cancelled: this.cancelled,
      ...(this.segments.size > 0 && { segments: this.segments.size }),
    };
  }

  runningSegments(): RunningSegments {
    const segments: string[][] = [];
    let listed = 0;
    for (const members of this.segments.values()) {
      listed += members.length;
      if (listed > LISTED_MEMBERS) break;
      segments.push(members.map((knot) => this.layout.ids[knot]!));
    }
    return { run: this.options.recordRun, segments };
  }

  terminals(): RunAnswer['terminals'] {
    return inlineTerminals(this.layout, (knot) => this.scheduler.value(knot));
  }

  private apply(event: SchedulerEvent<Slot>): void {
    this.execute(this.scheduler.apply(event));
  }

  private execute(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.type === 'run') this.dispatch(command.knots);
      else if (command.type === 'segment') this.deferred.push(command.knots);
      else if (command.type === 'skip') this.noteSkipped(command.knots, command.reason);
      else if (command.type === 'fail') this.noteFailed(command.knots);
      // The activity of its branch has recorded it.
      else if (command.type === 'pass') continue;
      else this.finish();
    }
    this.flush();
    this.lookUpNext();
    this.showDetails();
  }

  private showDetails(): void {
    setCurrentDetails(detailsTable(this.details()));
  }

  private details(): Details {
    const { running, waiting, ...others } = this.scheduler.counts;
    const open = this.waits.size;
    const waits: OpenWait[] = [];
    for (const [, { id, signal, until }] of this.waits.entries()) {
      if (waits.length === LISTED_WAITS) break;
      waits.push({
        knot: id,
        ...(signal !== undefined && { signal }),
        ...(until !== undefined && { until }),
      });
    }
    const { leftSignals } = this;
    return {
      counts: { ...others, running: running - open, waiting: waiting + open },
      failures: this.failures,
      ...(waits.length > 0 && { waits }),
      ...(leftSignals && { signals: leftSignals }),
    };
  }

  private dispatch(knots: readonly number[]): void {
    const found: number[] = [];
    for (const knot of knots) {
      if (this.found.has(knot)) found.push(knot);
      else if (this.isLookedUp(knot)) this.toLookUp.push(knot);
      else this.deferred.push(knot);
    }
    // Not in the middle of what dispatches them.
    if (found.length > 0) void Promise.resolve().then(() => this.settleFound(found));
  }

  /** One that a segment has given back was looked up there. */
  private isLookedUp(knot: number): boolean {
    const { cache } = this.policyOf(knot);
    return this.options.lookUp !== undefined && cache !== undefined && !this.scheduler.isAlone(knot);
  }

  /** One lookup at a time: those that become ready meanwhile are looked up together. */
  private lookUpNext(): void {
    if (this.toLookUp.length === 0 || this.lookingUp || this.held || this.scope.consideredCancelled) return;
    const knots = this.toLookUp.splice(0).sort((a, b) => a - b);
    this.lookingUp = knots;
    this.options.lookUp!(knots).then(
      (found) => {
        for (const knot of found) this.found.add(knot);
        const missed = knots.filter((knot) => !this.found.has(knot));
        if (!this.cancelled) this.deferred.push(...missed);
        this.settleFound(knots.filter((knot) => this.found.has(knot)));
        this.lookingUp = undefined;
        if (this.cancelled) for (const knot of missed) this.settle(knot, CANCELLED);
        this.flush();
        this.lookUpNext();
        this.continueAtRest();
      },
      (error: unknown) => this.rejectEnd(error),
    );
  }

  private settleFound(knots: readonly number[]): void {
    for (const knot of knots) this.settle(knot, { kind: 'ok', value: null });
  }

  private finish(): void {
    // What is being added to the run belongs to it.
    if (this.extensions > 0) return;
    this.leaving = 'over';
    this.resolveEnd({ kind: 'finished' });
    this.resolveFinished();
  }

  private noteSkipped(knots: readonly number[], reason: SkippedKnot['reason']): void {
    for (const knot of knots) {
      // Of a branch that was taken over from another run, nobody has recorded the other paths.
      if (reason === 'branch_not_selected' && !this.isTakenOver.has(branchOf(this.layout, knot)!)) continue;
      const id = this.layout.ids[knot]!;
      this.unrecordedKnots.add(knot);
      const isOfParents = reason === 'parent_failed_or_skipped';
      this.skippedHere.push({ knot: id, reason, ...(isOfParents && this.scheduler.skipDetail(knot)) });
    }
  }

  private noteFailed(knots: readonly number[]): void {
    for (const knot of knots) {
      const kinds = (parent: number): OutcomeKind | undefined => this.scheduler.outcomeKind(parent);
      const failure = requiredParentsFailure(this.layout, knot, kinds);
      this.noteUnrecorded(knot, failure);
      this.noteFailure(knot, failure);
    }
  }

  private noteUnrecorded(knot: number, failure: KnotFailure): void {
    this.unrecordedKnots.add(knot);
    this.unrecorded.push(failure);
  }

  /** The first that counts against the run is always among those that are listed. */
  private noteFailure(knot: number, failure: KnotFailure): void {
    const counts = this.policyOf(knot).optional !== true;
    if (this.failures.length < LISTED_FAILURES) this.failures.push(failure);
    else if (counts && !this.isFailureCounted) this.failures[LISTED_FAILURES - 1] = failure;
    this.isFailureCounted ||= counts;
  }

  /**
   * Schedules as many of the dispatched knots as this workflow task can carry; the rest in the next one, or, where the
   * history is full, in the next execution. Nothing goes out between a cancel and our hearing of it: `cancel` settles what
   * is left here.
   */
  private flush(): void {
    if (this.scope.consideredCancelled || this.isFlushing) return;
    this.isFlushing = true;
    try {
      this.sendDeferred();
    } finally {
      this.isFlushing = false;
    }
  }

  private sendDeferred(): void {
    // Each execution does something, or a plan whose layout alone fills the history would be loaded for ever.
    if (this.settledHere > 0 && !this.cancelled && holdDispatch(workflowInfo())) this.hold();
    if (this.held) return;
    let next = 0;
    while (next < this.deferred.length) {
      const work = this.deferred[next]!;
      const isTaken = typeof work === 'number' ? this.takeKnot(work) : this.takeSegment(work);
      if (!isTaken) break;
      next += 1;
    }
    this.deferred.splice(0, next);
    if (this.deferred.length > 0 && !this.flushing) {
      this.flushing = true;
      sleep(1).then(
        () => {
          this.flushing = false;
          this.flush();
          this.continueAtRest();
        },
        (error: unknown) => {
          this.flushing = false;
          if (!isCancellation(error)) this.rejectEnd(error);
        },
      );
    }
  }

  /** Schedules the knot if this workflow task can carry it. */
  private takeKnot(knot: number): boolean {
    if (this.awaitsRecords(knot)) {
      this.recordBefore(knot);
      return true;
    }
    const { wait } = this.policyOf(knot);
    if (wait && !this.waited.has(knot)) return this.takeWait(knot, wait);
    const { task, bytes } = this.taskOf(knot);
    if (!this.budget.take(bytes)) return false;
    // A local one that no segment could end.
    if (isExpanding(this.policyOf(knot))) this.keepInChildRun(knot);
    if (this.inChildRuns.has(knot)) this.startChild(knot, task);
    else this.schedule(knot, task);
    return true;
  }

  private takeWait(knot: number, { signal, timeout, ms, until }: PlanWait): boolean {
    const wait = { id: this.layout.ids[knot]!, ...(signal !== undefined && { signal }) };
    const duration = ms ?? timeout;
    const end = until ?? (duration === undefined ? undefined : workflowTime() + duration);
    if (end === undefined && signal === undefined) return this.lookUpWait(knot, wait.id);
    this.waits.begin(knot, { ...wait, ...(end !== undefined && { until: end }) });
    return true;
  }

  private takeUpWait(knot: number, { until, waited }: CarriedWait): void {
    const { signal } = this.policyOf(knot).wait!;
    const wait = { id: this.layout.ids[knot]!, ...(signal !== undefined && { signal }) };
    if (waited) this.conclude(knot, waited);
    else this.waits.begin(knot, { ...wait, ...(until !== undefined && { until }) });
  }

  /** Of a wait for a time that is a value of the run. */
  private lookUpWait(knot: number, id: string): boolean {
    const { task, bytes } = this.taskOf(knot);
    if (!this.budget.take(bytes)) return false;
    this.beginning.add(knot);
    const request = { task: { ...task, knot: id, run: this.options.recordRun }, now: workflowTime() };
    const lookUp = (): Promise<WaitEnd> =>
      CancellationScope.nonCancellable(() => failTaskIfUnknown(() => system[WAIT_ACTIVITY](request)));
    this.options.turns.take(lookUp).then(
      ({ until }) =>
        this.inScope(() => {
          this.beginning.delete(knot);
          // A cancel has settled it meanwhile.
          if (this.scheduler.outcomeKind(knot) !== undefined) return;
          this.waits.begin(knot, { id, until });
          this.continueAtRest();
        }),
      (error: unknown) => this.rejectEnd(error),
    );
    return true;
  }

  /** The wait of the knot is over: its activity says and records what comes of it. */
  private conclude(knot: number, waited: Waited): void {
    this.waited.set(knot, waited);
    this.toConclude.push(knot);
    this.sendConclusions();
  }

  private sendConclusions(): void {
    while (this.concluding.size < RUNNING_KNOTS && this.toConclude.length > 0) {
      const knot = this.toConclude.shift()!;
      this.concluding.add(knot);
      this.deferred.push(knot);
    }
    // What begins a wait is in the middle of it.
    if (!this.isFlushing) this.flush();
  }

  private openSignals(): void {
    this.options.signals.open(
      {
        plan: () => this.planHash,
        names: () => new Set(this.layout.policies.flatMap(({ wait }) => wait?.signal ?? [])),
        take: (signal) => this.takeSignal(signal),
        handled: () => this.inScope(() => this.heedSignals()),
      },
      this.options.refusedSignals,
    );
  }

  private takeSignal(signal: UnreadSignal): { receipt: SignalReceipt } | Refusal {
    const { ids } = this.layout;
    const isOpenFor = (knot: number): boolean =>
      this.scheduler.outcomeKind(knot) === undefined &&
      !this.waited.has(knot) &&
      signal.unfit?.includes(ids[knot]!) !== true;
    if (!this.waitsFor(signal.name).some(isOpenFor)) return tooLate(signal.name);
    if (this.waits.unreadCount >= KEPT_SIGNALS) return tooMany(signal.name, this.waits.unreadCount);
    const knot = this.waits.take(signal);
    return { receipt: knot === undefined ? {} : { takenBy: ids[knot]! } };
  }

  /** Knots that wait for signals of this name, whatever has become of them. */
  private waitsFor(name: string): readonly number[] {
    const { layout } = this;
    // An extension brings another layout.
    if (this.waitKnots?.layout !== layout) {
      const byName = new Map<string, number[]>();
      layout.policy.forEach((policy, knot) => {
        const { signal } = layout.policies[policy]!.wait ?? {};
        if (signal === undefined) return;
        const knots = byName.get(signal);
        if (knots) knots.push(knot);
        else byName.set(signal, [knot]);
      });
      this.waitKnots = { layout, byName };
    }
    return this.waitKnots.byName.get(name) ?? [];
  }

  /** Ends this execution where signals have made its history long, since no knot need be settled meanwhile. */
  private heedSignals(): void {
    if (this.cancelled) return;
    const info = workflowInfo();
    const { received } = this.options.signals;
    const isIdle = this.pending === 0 && this.deferred.length === 0;
    if (
      !this.held &&
      (holdDispatch(info) || holdForSignals(received) || (isIdle && continueForSignals(received)))
    )
      this.hold();
    this.showDetails();
    this.continueAtRest();
  }

  /** Among the knots from `first` on. */
  private findChildRuns(first: number): void {
    if (this.options.behaviour < CHILD_RUNS_SINCE) return;
    for (const knot of childRunKnots(this.layout, CHILD_RUNS_FROM_EVENTS))
      if (knot >= first) this.keepInChildRun(knot);
  }

  private keepInChildRun(knot: number): void {
    this.inChildRuns.add(knot);
    this.indexes.set(this.layout.ids[knot]!, knot);
  }

  private awaitsRecords(knot: number): boolean {
    if (this.policyOf(knot).errorPolicy !== 'receiveErrors' || this.unrecordedKnots.size === 0) return false;
    const { parents, parentStart } = this.layout;
    return parents
      .subarray(parentStart[knot], parentStart[knot + 1])
      .some((parent) => this.unrecordedKnots.has(parent));
  }

  /** Records what is to be recorded so far; then the knot, and others that have come to wait for it, go on. */
  private recordBefore(knot: number): void {
    this.awaitingRecords.push(knot);
    if (this.recording) return;
    this.recording = true;
    const { skipped, failed } = this.toRecord;
    const knots = [...this.unrecordedKnots];
    this.options.record({ skipped, failed }).then(
      () => {
        this.skippedHere.splice(0, skipped.length);
        this.unrecorded.splice(0, failed.length);
        for (const recorded of knots) this.unrecordedKnots.delete(recorded);
        this.recording = false;
        this.deferred.unshift(...this.awaitingRecords.splice(0));
        this.flush();
        this.continueAtRest();
      },
      (error: unknown) => this.rejectEnd(error),
    );
  }

  private takeSegment(members: readonly number[]): boolean {
    const { begun } = this;
    if (begun && begun.size !== members.length)
      throw new Error(`A segment of ${begun.size} knots was begun, not one of ${members.length}.`);
    if (begun?.answer) {
      this.begun = undefined;
      this.takeAnswer(members, begun.answer);
      return true;
    }
    if (!begun && members.every((knot) => this.found.has(knot))) {
      this.takeFound(members);
      return true;
    }
    const { task, bytes } = this.segmentTaskOf(members);
    if (!this.budget.take(bytes)) return false;
    this.begun = undefined;
    this.scheduleSegment(members, {
      ...task,
      ...(begun && { mayBeRecorded: true }),
      ...(begun?.lost && { lost: true }),
    });
    return true;
  }

  /** As if its activity had ended at once. */
  private takeAnswer(members: readonly number[], answer: SegmentAnswer): void {
    this.segments.set(members[0]!, members);
    // Not in the middle of what sends it out.
    void Promise.resolve().then(() => this.settleAnswer(members, answer));
  }

  /** Likewise of a segment of which nothing is left to do. */
  private takeFound(members: readonly number[]): void {
    this.segments.set(members[0]!, members);
    const outcomes = new Map(members.map((knot) => [knot, { kind: 'ok', value: null } as const]));
    void Promise.resolve().then(() => this.settleSegment(members, outcomes));
  }

  private taskOf(knot: number): { task: KnotTask; bytes: number } {
    const { layout, options } = this;
    const first = layout.parentStart[knot]!;
    const last = layout.parentStart[knot + 1]!;
    let bytes = 0;
    let parents: (Envelope | null)[] | undefined;
    if (last - first <= PARENTS_PER_ACTIVITY) {
      parents = [];
      for (let edge = first; edge < last; edge++) {
        const slot = this.scheduler.value(layout.parents[edge]!);
        if (!slot || bytes + slot.bytes > INLINE_BYTES_PER_ACTIVITY) {
          parents.push(null);
          bytes += 5;
        } else {
          parents.push(slot.envelope);
          bytes += slot.bytes;
        }
      }
    }
    const id = layout.ids[knot]!;
    const task: KnotTask = {
      plan: this.packedPlan,
      ...(activityIdOf(id) !== id && { knot: id }),
      ...(parents && { parents }),
      ...(this.policyOf(knot).node === 'branch' && {
        paths: pathsOf(layout, knot).map((path) => this.policyOf(path).path!),
      }),
      ...(options.recordRun !== workflowInfo().runId && { run: options.recordRun }),
      ...(this.refusesReuse(knot) && { reuse: false as const }),
      ...((this.scheduler.isAlone(knot) || this.hasResumedElements(knot)) && {
        givenBack: this.givenBack.get(knot) ?? {},
      }),
      ...(this.waited.has(knot) && { waited: this.waited.get(knot)! }),
    };
    return { task, bytes };
  }

  private segmentTaskOf(members: readonly number[]): { task: SegmentTask; bytes: number } {
    const { layout, options } = this;
    const isMember = new Set(members);
    const parents: Record<string, Envelope> = {};
    const paths: string[] = [];
    let parentBytes = 0;
    let idBytes = 0;
    for (const knot of members) {
      for (const path of pathsOf(layout, knot)) if (!isMember.has(path)) paths.push(layout.ids[path]!);
      idBytes += layout.ids[knot]!.length + 3;
      for (let edge = layout.parentStart[knot]!; edge < layout.parentStart[knot + 1]!; edge++) {
        const parent = layout.parents[edge]!;
        const id = layout.ids[parent]!;
        const slot = this.scheduler.value(parent);
        if (isMember.has(parent) || !slot || Object.hasOwn(parents, id)) continue;
        const cost = slot.bytes + id.length + FIELD_OVERHEAD_BYTES;
        if (parentBytes + cost > INLINE_BYTES_PER_ACTIVITY) continue;
        parents[id] = slot.envelope;
        parentBytes += cost;
      }
    }
    const task: SegmentTask = {
      plan: this.packedPlan,
      knots: members.map((knot) => layout.ids[knot]!),
      ...(paths.length > 0 && { paths }),
      wanted: packRanges(wantedOutside(layout, members)),
      parents,
      ...(this.mayBeRecorded(members) && { mayBeRecorded: true }),
      ...(members.some((knot) => this.refusesReuse(knot)) && { reuse: false as const }),
      ...(options.recordRun !== workflowInfo().runId && { run: options.recordRun }),
    };
    return { task, bytes: idBytes + parentBytes };
  }

  /** Whether its activity is to be told that nothing is taken from other runs. */
  private refusesReuse(knot: number): boolean {
    const { cache, map } = this.policyOf(knot);
    return this.options.lookUp === undefined && (cache ?? map?.cache) !== undefined;
  }

  /** Whether elements of it may have been taken over from another run. */
  private hasResumedElements(knot: number): boolean {
    return this.options.memo.resume !== undefined && this.policyOf(knot).map !== undefined;
  }

  /** Whether an attempt of another segment may have recorded, or may be about to record, one of the knots. */
  private mayBeRecorded(members: readonly number[]): boolean {
    const mayBe = (knot: number): boolean =>
      this.again.has(knot) || this.found.has(knot) || this.hasResumedElements(knot);
    if (members.some(mayBe)) return true;
    // Which knots an earlier execution had out is not carried on: to ask for the records costs one query a segment.
    return this.options.behaviour >= RECORDS_ASKED_SINCE && this.options.recordRun !== workflowInfo().runId;
  }

  private schedule(knot: number, task: KnotTask): void {
    this.running.add(knot);
    callKnot(this.callOf(knot), task).then(
      (answer) =>
        this.settleExtended(knot, outcomeOf(answer), 'skipped' in answer ? undefined : answer.extension),
      (error: unknown) => this.settleFailure(knot, error),
    );
  }

  /** @param extension by which its body extends the run: that comes first */
  private settleExtended(knot: number, outcome: KnotOutcome<Slot>, extension: string | undefined): void {
    if (extension === undefined || this.scheduler.outcomeKind(knot) !== undefined) {
      this.settle(knot, outcome);
      return;
    }
    this.extendBy(knot, extension).then(
      () => this.inScope(() => this.settle(knot, outcome)),
      (error: unknown) => this.rejectEnd(error),
    );
  }

  /** It is on record that the knot is Ok: so the run is what fails where its extension cannot be made. */
  private async extendBy(knot: number, extension: string): Promise<void> {
    const by = this.layout.ids[knot]!;
    try {
      await this.extendInTurn(extension, by);
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error;
      this.refused ??= {
        knot: by,
        type: error.type ?? 'Error',
        message: `What knot "${by}" has extended the run by could not be added: ${error.message}`,
      };
    }
  }

  private async extendInTurn(fragment: string, by?: string): Promise<void> {
    this.extensions += 1;
    const turn = this.lastExtension.then(() => this.extendNow(fragment, by));
    this.lastExtension = turn.catch(() => undefined);
    try {
      await turn;
    } finally {
      this.extensions -= 1;
      this.inScope(() => this.goOn());
    }
  }

  /** What an extension that is being made has held up. */
  private goOn(): void {
    const { running, waiting } = this.scheduler.counts;
    if (running + waiting === 0 && this.leaving === undefined) this.finish();
    else this.continueAtRest();
  }

  private async extendNow(fragment: string, by: string | undefined): Promise<void> {
    const { recordRun: run } = this.options;
    const wanted = { plan: this.planHash, run, fragment, ...(by !== undefined && { by }) };
    const { plan, layout, bytes } = await this.options.extend(wanted, this.layout);
    const first = this.layout.size;
    this.planHash = plan;
    this.packedPlan = packHash(plan);
    this.layout = layout;
    this.findChildRuns(first);
    this.inScope(() => this.apply({ type: 'extend', layout, recall: () => null }));
    // The answers of local activities are commands of the task.
    if (!this.budget.take(bytes)) await CancellationScope.nonCancellable(() => sleep(1));
  }

  private callOf(knot: number): KnotCall {
    const { layout } = this;
    const { taskQueue, priority } = this.policyOf(knot);
    const summary = layout.summaries.get(knot);
    return {
      type: layout.activityTypes[layout.definition[knot]!]!,
      id: activityIdOf(layout.ids[knot]!),
      ...(taskQueue && { taskQueue }),
      ...(summary && { summary }),
      ...(priority !== undefined && { priority }),
    };
  }

  private startChild(knot: number, task: KnotTask): void {
    const { behaviour, children, recordRun } = this.options;
    const policy = this.policyOf(knot);
    this.running.add(knot);
    children.start({
      ...(isExpanding(policy) && { node: policy.node }),
      ...(policy.map && { map: policy.map }),
      behaviour,
      knot: this.layout.ids[knot]!,
      call: this.callOf(knot),
      ...(isNesting(policy.node) && { memo: inherited(this.options.memo) }),
      task: { ...task, run: recordRun, runId: workflowInfo().workflowId },
    });
  }

  private openChildren(carried: readonly (readonly [string, string])[]): void {
    const indexOf = (knot: string): number => this.indexes.get(knot)!;
    this.options.children.open(
      {
        away: (knot) =>
          this.inScope(() => {
            this.running.delete(indexOf(knot));
            this.continueAtRest();
          }),
        ended: (knot, end) => this.inScope(() => this.settleChild(indexOf(knot), end)),
        lost: (knot) => this.inScope(() => this.settleLost(indexOf(knot))),
        cancelled: (knot) =>
          this.inScope(() => this.settle(indexOf(knot), { kind: 'skipped', reason: 'cancelled' })),
        checked: () =>
          this.inScope(() => {
            if (!this.held && !this.cancelled && holdDispatch(workflowInfo())) this.hold();
            this.continueAtRest();
          }),
        fatal: (error) => this.rejectEnd(error),
        mayContinue: (knot) => isExpanding(this.policyOf(indexOf(knot))),
      },
      carried,
      this.options.unheard ?? [],
    );
  }

  /** So that a cancel reaches what is begun here, though we are called by a signal or from where nothing is cancelled. */
  private inScope(work: () => void): void {
    this.scope
      .run(() => {
        work();
        return Promise.resolve();
      })
      .catch((error: unknown) => this.rejectEnd(error));
  }

  private settleChild(knot: number, end: ChildEnd): void {
    if (end.kind === 'ok') {
      this.settleExtended(knot, { kind: 'ok', value: end.envelope && slotOf(end.envelope) }, end.extension);
    } else if (end.kind === 'cancelled') {
      this.settle(knot, { kind: 'skipped', reason: 'cancelled' });
    } else if (this.scheduler.outcomeKind(knot) === undefined) {
      if (!end.recorded) this.noteUnrecorded(knot, end.failure);
      this.settle(knot, { kind: 'err' }, end.failure);
    }
  }

  /**
   * The body may have been recorded before its child run was lost: so an activity looks, and records a failure if there is
   * nothing. It is small, so it goes out whatever the budget and the history say.
   */
  private settleLost(knot: number): void {
    if (this.cancelled || this.scope.consideredCancelled) {
      this.settle(knot, { kind: 'skipped', reason: 'cancelled' });
      return;
    }
    const id = this.layout.ids[knot]!;
    this.schedule(knot, {
      plan: this.packedPlan,
      ...(activityIdOf(id) !== id && { knot: id }),
      run: this.options.recordRun,
      lost: true,
    });
  }

  private scheduleSegment(members: readonly number[], task: SegmentTask): void {
    this.segmentsScheduled += 1;
    const activities = proxyActivities<Record<string, (task: SegmentTask) => Promise<SegmentAnswer>>>({
      activityId: activityIdOf(`${SEGMENT_ACTIVITY}:${this.segmentsScheduled}:${task.knots[0]!}`),
      summary: segmentSummary(task.knots),
      ...ACTIVITY_OPTIONS,
    });
    this.segments.set(members[0]!, members);
    activities[SEGMENT_ACTIVITY]!(task).then(
      (answer) => this.settleAnswer(members, answer),
      (error: unknown) => {
        if (this.isCancelled(error)) {
          this.settleSegment(members, new Map());
        } else if (error instanceof TemporalFailure) {
          // Ended by the server: what it has come to is found by the knots' own activities.
          this.settleSegment(members, new Map(), members);
        } else {
          this.rejectEnd(error);
        }
      },
    );
  }

  private settleAnswer(members: readonly number[], answer: SegmentAnswer): void {
    try {
      const outcomes = new Map<number, MemberOutcome<Slot>>();
      const alone: number[] = [];
      unpackEnds(answer.ends, members.length).forEach((end, position) => {
        const knot = members[position]!;
        const id = this.layout.ids[knot]!;
        if (end === 'ok') {
          const envelope = answer.values[id];
          const choice = answer.choices?.[id];
          const value = envelope ? slotOf(envelope) : null;
          outcomes.set(knot, { kind: 'ok', value, ...(choice !== undefined && { choice }) });
        } else if (answer.skipped?.[id] !== undefined) {
          outcomes.set(knot, { kind: 'skipped', reason: answer.skipped[id] });
        } else if (end === 'err') {
          outcomes.set(knot, { kind: 'err' });
        } else if (end === 'alone') {
          alone.push(knot);
          const how = answer.givenBack?.[id];
          if (how) this.givenBack.set(knot, how);
        } else {
          this.again.add(knot);
        }
      });
      this.settleSegment(members, outcomes, alone, answer.failures);
    } catch (error) {
      this.rejectEnd(error);
    }
  }

  private settleSegment(
    members: readonly number[],
    outcomes: ReadonlyMap<number, MemberOutcome<Slot>>,
    alone: readonly number[] = [],
    failures: readonly KnotFailure[] = [],
  ): void {
    const segment = members[0]!;
    // One whose grace was over is settled already when its activity ends at last.
    if (this.segments.get(segment) !== members) return;
    try {
      this.segments.delete(segment);
      this.settledHere += outcomes.size;
      for (const failure of failures) {
        const knot = members.find((member) => this.layout.ids[member] === failure.knot);
        if (knot !== undefined) this.noteFailure(knot, failure);
      }
      this.heedHistory(1);
      this.apply({ type: 'segmentSettled', segment, outcomes, alone });
      this.continueAtRest();
    } catch (error) {
      this.rejectEnd(error);
    }
  }

  /** Whether it would not have ended so, or not yet, without the cancel. */
  private isCancelled(error: unknown): boolean {
    if (isCancellation(error)) return true;
    const isLost = this.options.behaviour >= LOST_IS_CANCELLED_SINCE && isLostInCancel(error);
    return this.cancelled && (isLost || isRetryable(error));
  }

  private settleFailure(knot: number, error: unknown): void {
    // A knot whose grace was over is settled already when its activity ends at last.
    if (this.scheduler.outcomeKind(knot) !== undefined) return;
    if (this.isCancelled(error)) {
      this.settle(knot, { kind: 'skipped', reason: 'cancelled' });
    } else if (error instanceof TemporalFailure) {
      const { failure, recorded } = describeFailure(this.layout.ids[knot]!, error);
      if (!recorded) this.noteUnrecorded(knot, failure);
      this.settle(knot, { kind: 'err' }, failure);
    } else {
      this.rejectEnd(error);
    }
  }

  private settle(knot: number, outcome: KnotOutcome<Slot>, failure?: KnotFailure): void {
    // A knot whose grace was over is settled already when its activity ends at last.
    if (this.scheduler.outcomeKind(knot) !== undefined) return;
    try {
      this.running.delete(knot);
      if (this.inChildRuns.has(knot)) this.options.children.forget(this.layout.ids[knot]!);
      this.settledHere += 1;
      const isWait = this.policyOf(knot).wait !== undefined;
      if (isWait) this.endWait(knot);
      if (failure) this.noteFailure(knot, failure);
      // What its function said is on record.
      if (outcome.kind === 'skipped' && outcome.reason === 'cancelled') {
        this.unrecordedKnots.add(knot);
        this.skippedHere.push({ knot: this.layout.ids[knot]!, reason: outcome.reason });
      }
      this.heedHistory(isWait ? 0 : 1);
      this.apply({ type: 'settled', knot, outcome });
      if (isWait) this.sendConclusions();
      this.continueAtRest();
    } catch (error) {
      this.rejectEnd(error);
    }
  }

  private endWait(knot: number): void {
    this.waited.delete(knot);
    this.concluding.delete(knot);
    this.beginning.delete(knot);
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
    const others = this.scheduler.inFlight - this.options.children.size - settling;
    const lastOne = others === 0 && this.concluding.size + this.beginning.size === 0;
    const { received } = this.options.signals;
    const isLong = continueNow(info, this.settledHere) || continueForSignals(received);
    if (holdDispatch(info) || holdForSignals(received) || (lastOne && isLong)) this.hold();
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
    this.options.children.close();
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
    const asked = Number(this.recording) + Number(isChecking) + Number(this.lookingUp !== undefined);
    return this.running.size + this.segments.size + asked + this.beginning.size + this.extensions;
  }

  /** Knots in child runs. */
  private get away(): readonly number[] {
    return this.stillAway.map(([knot]) => knot);
  }

  private get schedulerOptions(): SchedulerOptions {
    const segments = this.options.behaviour >= SEGMENTS_SINCE;
    return { window: RUNNING_KNOTS, segments, apart: this.inChildRuns };
  }

  private policyOf(knot: number): Layout['policies'][number] {
    return this.layout.policies[this.layout.policy[knot]!]!;
  }
}

/** What the runs that a knot starts have from their parent. Its deadline is not among it: that ends them by a cancel, as it ends all knots. */
function inherited(memo: RunMemo): NonNullable<ChildTask['memo']> {
  const { actor, vcsCommit } = memo;
  return {
    ...(actor !== undefined && { actor }),
    ...(vcsCommit !== undefined && { vcsCommit }),
    ...(!mayReuse(memo) && { reuse: false as const }),
  };
}

type PlanWait = NonNullable<Layout['policies'][number]['wait']>;

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

const CANCELLED = { kind: 'skipped', reason: 'cancelled' } as const;

const encoder = new TextEncoder();

function slotOf(envelope: Envelope): Slot {
  return { envelope, bytes: encoder.encode(JSON.stringify(envelope)).length };
}

function outcomeOf(answer: KnotAnswer): KnotOutcome<Slot> {
  if ('skipped' in answer) return { kind: 'skipped', reason: answer.skipped };
  const { choice, extension: _extension, ...envelope } = answer;
  return { kind: 'ok', value: slotOf(envelope), ...(choice !== undefined && { choice }) };
}

function segmentSummary(ids: readonly string[]): string {
  const [first] = ids as [string];
  if (ids.length === 1) return `1 knot: ${first.slice(0, ID_IN_SUMMARY)}`;
  const named = [first, ids.at(-1)!].map((id) => id.slice(0, ID_IN_SUMMARY));
  return `${ids.length} knots: ${named.join(ids.length === 2 ? ', ' : ' … ')}`;
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
