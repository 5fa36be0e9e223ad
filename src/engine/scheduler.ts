import type { ErrorPolicy } from '../model/records';
import { branchOf } from './branches';
import { IndexQueue } from './index-queue';
import { packRanges, unpackRanges } from './index-ranges';
import type { Layout } from './layout';
import { RUNNING_KNOTS, SEGMENT_SIZE } from './limits';
import { packCodes, unpackCodes } from './outcome-codes';

/*
 * The scheduler of one run: a reducer that takes events and answers with commands. It knows no clock, no promise and no
 * Temporal; a host carries the commands out and reports what came of them.
 *
 * S1  A knot is decided (run, skipped or failed) when all its parents are settled, not earlier, even if one has failed: which
 *     of them failed and which were skipped is then a function of the run and not of who was first. Where all are Ok it runs;
 *     else its error policy says what becomes of it, and an optional parent that failed counts as skipped. The members of a segment
 *     are decided by the scheduler that runs the segment, by these same rules, and settled here in the order of the layout;
 *     one that comes back without an outcome is decided here. What is taken over from another run was decided there: it is
 *     Ok from the start, whatever becomes of its parents here.
 * S2  Every knot is settled exactly once, in one place only (`settle`), and events that would do it again are refused
 *     before anything is changed. Back from `running` to `waiting` goes only what a segment gives back.
 * S3  A knot is in one of the three ready queues exactly if it is waiting, all its parents are settled so that it runs, and the
 *     run is started and not cancelled. Hence a cancel, which empties them, leaves nothing that could be dispatched.
 * S4  No more than `window` activities are in flight, a segment being one and a knot that waits none: only `dispatch` starts
 *     knots, and it counts. (A restore dispatches again what was running, whatever the window is.)
 * S5  The commands depend on the layout and on the events so far alone, and ready knots go out in the order of the layout:
 *     a replay of the same events gives the same commands.
 * S6  `finish` comes with the settling of the last knot, and so once, but for what S12 says; as a running knot is not settled, none is
 *     running then.
 * S7  A value is held exactly while someone may ask for it: an unsettled child of its knot, or the reader of a terminal.
 * S8  All but the saved fields follows from the layout, the outcomes and which knots are running; `restore` derives it anew.
 * S9  An edge is visited once when its parent settles, once when its child does, and once for each segment that its parent
 *     goes out with: the whole run is linear in knots and edges, but for the logarithm of the ready queues and for what is
 *     given back. Nothing recurses, so a chain may be as long as it likes.
 * S10 Each parent of a segment's member is Ok or a member of that segment: a local knot that takes the failure of a parent
 *     outside goes by itself. A segment is settled by one event, and until then all its members are running.
 * S11 A path of a branch never runs: it is settled with its branch, Ok with the value of its input if its tag was chosen, else
 *     skipped. So while a branch has an outcome, none of its paths waits.
 * S12 An extension adds knots behind those that are there. Nothing that has been decided is decided again: newcomers are decided by the
 *     same rules, those whose parents are settled at once. A run that had finished goes on, and finishes again.
 */

/** Of what the scheduler skips. */
export type SkipReason = 'parent_failed_or_skipped' | 'branch_not_selected' | 'cancelled';
/** Of a knot whose function said so. */
export type OwnSkipReason = 'gate_closed' | 'no_alternative';

export function isOwnSkip(reason: string | null | undefined): reason is OwnSkipReason {
  return reason === 'gate_closed' || reason === 'no_alternative';
}

export type KnotOutcome<V> =
  /** `choice`: of a branch, the tag of the path to take. */
  | { readonly kind: 'ok'; readonly value: V; readonly choice?: string }
  | { readonly kind: 'err' }
  | { readonly kind: 'skipped'; readonly reason: SkipReason | OwnSkipReason };

export type OutcomeKind = KnotOutcome<unknown>['kind'];

/** What is skipped or failed in a segment for its parents, or not selected, is not told: it follows from the others. */
export type MemberOutcome<V> =
  Exclude<KnotOutcome<V>, { kind: 'skipped' }> | { readonly kind: 'skipped'; readonly reason: OwnSkipReason };

export type SchedulerEvent<V> =
  | StartOfRun<V>
  /** A dispatched knot has ended. */
  | { readonly type: 'settled'; readonly knot: number; readonly outcome: KnotOutcome<V> }
  /**
   * A segment, named by its first knot, has ended. Members without an outcome are given back: they wait again, to go out with
   * a later segment or, those in `alone`, by themselves.
   */
  | SegmentSettled<V>
  /** Nothing more is run: what has not been dispatched is skipped, and what is running is awaited. A second one does nothing. */
  | { readonly type: 'cancel' }
  /** Nothing is dispatched until `release`. Outcomes are taken and skips go on. */
  | { readonly type: 'hold' }
  | { readonly type: 'release' }
  | Extension<V>;

/** The first event but for `hold` and `cancel`. */
export interface StartOfRun<V> {
  readonly type: 'start';
  /** Values of knots 0 to `parameterCount` - 1, which are Ok by it. */
  readonly parameters: readonly V[];
  /** Values of other knots that are Ok already, by knot: outcomes of another run that this one goes on from. */
  readonly takenOver?: ReadonlyMap<number, V>;
}

/** The layout has more knots, behind those that are there. Not for schedulers with segments. */
export interface Extension<V> {
  readonly type: 'extend';
  readonly layout: Layout;
  /** The value of an Ok knot that nobody could ask for any more, and newcomers do. */
  recall(knot: number): V;
}

export interface SegmentSettled<V> {
  readonly type: 'segmentSettled';
  readonly segment: number;
  readonly outcomes: ReadonlyMap<number, MemberOutcome<V>>;
  readonly alone: readonly number[];
}

export type Command =
  /** These knots, ascending, as one activity that schedules them itself. Only with {@link SchedulerOptions.segments}. */
  | { readonly type: 'segment'; readonly knots: number[] }
  | { readonly type: 'run'; readonly knots: number[] }
  /** Already counted as settled; told so that the host can record it. */
  | { readonly type: 'skip'; readonly knots: number[]; readonly reason: SkipReason }
  /** These require parents that are not Ok, and are Err for it: told for the same reason. */
  | { readonly type: 'fail'; readonly knots: number[] }
  /** These paths are Ok, with the value of the second of their parents. */
  | { readonly type: 'pass'; readonly knots: number[] }
  | { readonly type: 'finish' };

export interface SchedulerOptions {
  /** Activities in flight at once. Default 500. */
  readonly window?: number;
  /** Whether `local` knots go out in segments rather than one by one. Default false. */
  readonly segments?: boolean;
  /** Local knots that never go in a segment. Default: none. */
  readonly apart?: ReadonlySet<number>;
  /** Knots of one segment. Default 2,000. */
  readonly segmentSize?: number;
}

/** Knots by state. Parameters count as knots: they are Ok from the start. */
export interface SchedulerCounts {
  readonly ok: number;
  readonly err: number;
  readonly skipped: number;
  readonly running: number;
  readonly waiting: number;
  readonly total: number;
}

/** Plain data, to go on from in another process; JSON if the values are. */
export interface SavedScheduler<V> {
  readonly started: boolean;
  readonly cancelled: boolean;
  /** Two bits a knot. */
  readonly outcomes: string;
  /** What runs by itself, ascending. */
  readonly running: readonly number[];
  /** Members of each running segment, as ranges; absent where there is none. */
  readonly segments?: readonly (readonly number[])[];
  /** Local knots that segments gave back to go by themselves, as ranges; absent where there is none. */
  readonly alone?: readonly number[];
  /** Whether outcomes were taken over, so that an Ok knot may have parents that are not. */
  readonly takenOver?: true;
  /** The values that are still needed, in the order of their knots. */
  readonly values: readonly V[];
}

/** The first four are the codes in {@link SavedScheduler.outcomes}, where a running knot is one that waits. */
const WAITING = 0;
const OK = 1;
const ERR = 2;
const SKIPPED = 3;
const RUNNING = 4;
const KINDS = [undefined, 'ok', 'err', 'skipped', undefined] as const;
const STATES = { ok: OK, err: ERR, skipped: SKIPPED } as const;

const NO_SEGMENT = -1;
/** How a knot goes out that is not simply queued (0): in segments, or alone since a segment has given it back. */
const LOCAL = 1;
const ALONE = 2;

const PARENT_ERR = 1;
const PARENT_SKIPPED = 2;
/** What a settled parent marks its children with, by its state. */
const MARKS = [0, 0, PARENT_ERR, PARENT_SKIPPED] as const;

type Settled = typeof OK | typeof ERR | typeof SKIPPED;

const SKIP_REASONS: readonly SkipReason[] = ['parent_failed_or_skipped', 'branch_not_selected', 'cancelled'];

/** What a knot with a parent that is not Ok comes to, by its error policy; undefined: it runs all the same. */
const FATES: Readonly<Record<ErrorPolicy, typeof ERR | typeof SKIPPED | undefined>> = {
  skipIfParentFailed: SKIPPED,
  requireAllParents: ERR,
  receiveErrors: undefined,
};

/**
 * Schedules one run of a layout. `V` is what stands for a value; the scheduler only keeps it. An event that makes no sense
 * (a knot settled twice, or without having been dispatched) is a defect of the host: it throws a plain `Error` and changes
 * nothing.
 */
export class Scheduler<V> {
  private layout: Layout;
  private readonly window: number;
  private readonly segmentSize: number;
  private states: Uint8Array;
  private unsettledParents: Uint32Array;
  private unsettledChildren: Uint32Array;
  private marks: Uint8Array;
  private isTerminal: Uint8Array;
  private isOptional: Uint8Array;
  /** Whether it waits for a signal or a time, and is no activity meanwhile. */
  private isWait: Uint8Array;
  /** Of each path of a branch its tag. */
  private readonly tags: (string | undefined)[];
  /** What the present event has settled so. */
  private readonly decidedByParents = new Set<number>();
  /** By branch: what it chose. Not kept over a save: its paths are settled with it. */
  private readonly choices = new Map<number, string>();
  /** What each knot comes to if a parent is not Ok. */
  private readonly fates: (typeof ERR | typeof SKIPPED | undefined)[];
  private readonly values: (V | undefined)[];
  private readonly ready = new IndexQueue();
  /** Those that go out in segments. */
  private readonly readyForSegment = new IndexQueue();
  /** Those that wait for something from outside, for which there is always room. */
  private readonly readyToWait = new IndexQueue();
  /** How each knot goes out. */
  private ways: Uint8Array;
  /** The first knot of the running segment that the knot is in, else -1. */
  private segmentOf: Int32Array;
  /** Running segments by their first knot. */
  private readonly segments = new Map<number, readonly number[]>();
  /** Members of all running segments. */
  private memberCount = 0;
  /** How many of the running ones wait. */
  private waits = 0;
  /** Knots by state. */
  private readonly tally = [0, 0, 0, 0, 0];
  private started = false;
  private cancelled = false;
  private held = false;
  private finished = false;
  private hasTakenOver = false;

  constructor(layout: Layout, options: SchedulerOptions = {}) {
    const { window = RUNNING_KNOTS, segments = false, apart, segmentSize = SEGMENT_SIZE } = options;
    if (!Number.isInteger(window) || window < 1)
      throw new Error(`The window must be a positive integer, not ${window}.`);
    const { size, parentStart, childStart } = layout;
    this.layout = layout;
    this.window = window;
    this.segmentSize = segmentSize;
    this.ways = new Uint8Array(size);
    this.segmentOf = new Int32Array(size).fill(NO_SEGMENT);
    this.states = new Uint8Array(size);
    this.unsettledParents = new Uint32Array(size);
    this.unsettledChildren = new Uint32Array(size);
    this.marks = new Uint8Array(size);
    this.isTerminal = new Uint8Array(size);
    this.isOptional = new Uint8Array(size);
    this.isWait = new Uint8Array(size);
    const fateOf = layout.policies.map(({ errorPolicy }) => FATES[errorPolicy ?? 'skipIfParentFailed']);
    this.fates = Array.from(layout.policy, (policy) => fateOf[policy]);
    this.tags = Array.from(layout.policy, (policy) => layout.policies[policy]!.path);
    this.values = new Array<V | undefined>(size).fill(undefined);
    this.tally[WAITING] = size;
    for (let knot = 0; knot < size; knot++) {
      this.unsettledParents[knot] = parentStart[knot + 1]! - parentStart[knot]!;
      this.unsettledChildren[knot] = childStart[knot + 1]! - childStart[knot]!;
      const policy = layout.policies[layout.policy[knot]!];
      if (segments && policy?.local && !apart?.has(knot)) this.ways[knot] = LOCAL;
      if (policy?.optional) this.isOptional[knot] = 1;
      if (policy?.wait) this.isWait[knot] = 1;
    }
    for (const knot of layout.terminals) this.isTerminal[knot] = 1;
  }

  /**
   * Commands in the order `pass`, `skip` (one for each reason), `fail`, `segment` (any number), `run`, `finish`, their knots in
   * the order of the layout.
   */
  apply(event: SchedulerEvent<V>): Command[] {
    switch (event.type) {
      case 'start':
        return this.commands(this.start(event));
      case 'settled':
        return this.commands(this.settleRunning(event.knot, event.outcome));
      case 'segmentSettled':
        return this.commands(this.settleSegment(event));
      case 'cancel':
        return this.commands(this.cancel());
      case 'hold':
        this.held = true;
        return [];
      case 'release':
        this.held = false;
        return this.commands([]);
      case 'extend':
        return this.commands(this.extend(event));
    }
  }

  /** The value of an Ok knot while one of its children is unsettled, or for ever if it is a terminal; else undefined. */
  value(knot: number): V | undefined {
    return this.values[knot];
  }

  /** Undefined until the knot is settled. */
  outcomeKind(knot: number): OutcomeKind | undefined {
    return KINDS[this.states[knot]!];
  }

  /** How many knots are dispatched and unsettled. */
  get running(): number {
    return this.tally[RUNNING]!;
  }

  /** How many activities the dispatched and unsettled knots are: each segment is one, and a knot that waits is none. */
  get inFlight(): number {
    return this.running - this.memberCount - this.waits + this.segments.size;
  }

  /** Of a knot that runs: whether it goes by itself though it is local, and so may have been in a segment before. */
  isAlone(knot: number): boolean {
    return this.ways[knot] === ALONE || (this.ways[knot] === LOCAL && this.segmentOf[knot] === NO_SEGMENT);
  }

  get counts(): SchedulerCounts {
    const [waiting, ok, err, skipped, running] = this.tally as [number, number, number, number, number];
    return { ok, err, skipped, running, waiting, total: this.layout.size };
  }

  /** Of a knot with parents that are not Ok: what these came to. An optional one that failed counts as skipped. */
  skipDetail(knot: number): { anyErr: boolean; anySkipped: boolean } {
    const marks = this.marks[knot]!;
    return { anyErr: (marks & PARENT_ERR) !== 0, anySkipped: (marks & PARENT_SKIPPED) !== 0 };
  }

  /** May be called between any two events. A hold is not saved. */
  save(): SavedScheduler<V> {
    const running: number[] = [];
    const values: V[] = [];
    const alone: number[] = [];
    for (let knot = 0; knot < this.layout.size; knot++) {
      if (this.states[knot] === RUNNING && this.segmentOf[knot] === NO_SEGMENT) running.push(knot);
      if (this.ways[knot] === ALONE && this.outcomeKind(knot) === undefined) alone.push(knot);
      if (this.isValueNeeded(knot)) values.push(this.values[knot] as V);
    }
    const segments = [...this.segments.values()].map(packRanges);
    const { started, cancelled } = this;
    const outcomes = packCodes(this.layout.size, (knot) =>
      this.states[knot] === RUNNING ? WAITING : this.states[knot]!,
    );
    return {
      started,
      cancelled,
      outcomes,
      running,
      ...(segments.length > 0 && { segments }),
      ...(alone.length > 0 && { alone: packRanges(alone) }),
      ...(this.hasTakenOver && { takenOver: true as const }),
      values,
    };
  }

  /**
   * Goes on from a save. The commands dispatch again what was running then, and what the window has room for beside it; a
   * run that was finished gets its `finish` again. Throws a plain `Error` if the save is not of this layout.
   */
  static restore<V>(
    layout: Layout,
    saved: SavedScheduler<V>,
    options: SchedulerOptions = {},
  ): { scheduler: Scheduler<V>; commands: Command[] } {
    const scheduler = new Scheduler<V>(layout, options);
    return { scheduler, commands: scheduler.takeUp(saved) };
  }

  private start({ parameters, takenOver = new Map<number, V>() }: StartOfRun<V>): number[] {
    const { size, parameterCount } = this.layout;
    if (this.started) throw new Error('The run has already been started.');
    if (parameters.length !== parameterCount) {
      throw new Error(`${parameterCount} parameters are needed and ${parameters.length} were given.`);
    }
    for (const knot of takenOver.keys()) {
      if (knot < parameterCount || !(knot in this.states))
        throw new Error(`Knot ${knot} cannot be taken over: it is a parameter or not in the layout.`);
    }
    this.started = true;
    this.hasTakenOver = takenOver.size > 0;
    for (const [knot, value] of [...parameters.entries(), ...takenOver]) {
      this.values[knot] = value;
      this.move(knot, OK);
    }
    this.countSettled();
    for (let knot = 0; knot < size; knot++) this.releaseValue(knot);
    if (this.cancelled) return this.skipWaiting();
    return this.decide(
      Array.from(this.states.keys()).filter(
        (knot) => this.states[knot] === WAITING && this.unsettledParents[knot] === 0,
      ),
    );
  }

  private extend({ layout, recall }: Extension<V>): number[] {
    const first = this.layout.size;
    const { size, parameterCount, parentStart, parents, policies } = layout;
    if (size < first || parameterCount !== this.layout.parameterCount)
      throw new Error('The extended layout does not begin with the present one.');
    this.layout = layout;
    this.states = grown(this.states, new Uint8Array(size));
    this.unsettledParents = grown(this.unsettledParents, new Uint32Array(size));
    this.unsettledChildren = grown(this.unsettledChildren, new Uint32Array(size));
    this.marks = grown(this.marks, new Uint8Array(size));
    this.isTerminal = grown(this.isTerminal, new Uint8Array(size));
    this.isOptional = grown(this.isOptional, new Uint8Array(size));
    this.isWait = grown(this.isWait, new Uint8Array(size));
    this.ways = grown(this.ways, new Uint8Array(size));
    this.segmentOf = grown(this.segmentOf, new Int32Array(size).fill(NO_SEGMENT));
    this.tally[WAITING]! += size - first;
    if (size > first) this.finished = false;
    for (let knot = first; knot < size; knot++) {
      const policy = policies[layout.policy[knot]!]!;
      this.values.push(undefined);
      this.tags.push(policy.path);
      this.fates.push(FATES[policy.errorPolicy ?? 'skipIfParentFailed']);
      if (policy.optional) this.isOptional[knot] = 1;
      if (policy.wait) this.isWait[knot] = 1;
      for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
        const parent = parents[edge]!;
        this.unsettledChildren[parent]! += 1;
        this.marks[knot]! |= this.markOf(parent);
        if (this.states[parent] === WAITING || this.states[parent] === RUNNING)
          this.unsettledParents[knot]! += 1;
        else this.recallValue(parent, recall);
      }
    }
    for (const knot of layout.terminals) {
      this.isTerminal[knot] = 1;
      this.recallValue(knot, recall);
    }
    if (!this.started) return [];
    const newcomers = Array.from({ length: size - first }, (_, place) => first + place);
    return this.decide(newcomers.filter((knot) => this.cancelled || this.unsettledParents[knot] === 0));
  }

  private recallValue(knot: number, recall: (knot: number) => V): void {
    if (this.states[knot] === OK) this.values[knot] ??= recall(knot);
  }

  /** What waits, and has all its parents settled, runs or is settled by that; answers what is settled, also below. */
  private decide(knots: readonly number[]): number[] {
    const decided: number[] = [];
    // What becomes decidable by one of these is decided with it.
    const byCancel = new Set<number>();
    for (const knot of knots) {
      // Also after a cancel: others may have been told of it in the segment that gives it back.
      const isDecidable = this.unsettledParents[knot] === 0 && !this.hasParentIn(byCancel, knot);
      const own = isDecidable ? this.fate(knot) : undefined;
      const fate = own ?? (this.cancelled ? SKIPPED : undefined);
      if (own !== undefined) this.decidedByParents.add(knot);
      else if (this.cancelled) byCancel.add(knot);
      if (fate === undefined) this.addReady(knot);
      else decided.push(knot, ...this.settle(knot, fate));
    }
    return decided;
  }

  private settleRunning(knot: number, outcome: KnotOutcome<V>): number[] {
    if (this.states[knot] !== RUNNING || this.segmentOf[knot] !== NO_SEGMENT) {
      const state =
        this.outcomeKind(knot) ??
        (this.states[knot] === RUNNING
          ? 'in a segment'
          : knot in this.states
            ? 'waiting'
            : 'not in the layout');
      throw new Error(
        `Knot ${knot} (${this.layout.ids[knot]}) cannot be settled: it is not running but ${state}.`,
      );
    }
    const state = STATES[outcome.kind] as Settled | undefined;
    if (state === undefined) throw new Error(`Knot ${knot} cannot be settled as '${outcome.kind}'.`);
    if (outcome.kind === 'ok') this.keep(knot, outcome);
    return this.settle(knot, state);
  }

  private keep(knot: number, { value, choice }: Extract<KnotOutcome<V>, { kind: 'ok' }>): void {
    this.values[knot] = value;
    if (choice !== undefined) this.choices.set(knot, choice);
  }

  private settleSegment({ segment, outcomes, alone }: SegmentSettled<V>): number[] {
    const members = this.segments.get(segment);
    if (!members) throw new Error(`No segment that begins with knot ${segment} is running.`);
    this.checkOutcomes(segment, members, outcomes);
    this.segments.delete(segment);
    this.memberCount -= members.length;
    const decided: number[] = [];
    const givenBack: number[] = [];
    for (const knot of members) {
      this.segmentOf[knot] = NO_SEGMENT;
      const outcome = outcomes.get(knot);
      if (outcome === undefined) {
        givenBack.push(knot);
      } else {
        if (outcome.kind === 'ok') this.keep(knot, outcome);
        decided.push(...this.settle(knot, STATES[outcome.kind]));
      }
    }
    for (const knot of alone) this.ways[knot] = ALONE;
    for (const knot of givenBack) this.move(knot, WAITING);
    const decidable = givenBack.filter((knot) => this.cancelled || this.unsettledParents[knot] === 0);
    return [...decided, ...this.decide(decidable)];
  }

  /** That each knot with an outcome is a member that could run, so that nothing is changed by a wrong event. */
  private checkOutcomes(
    segment: number,
    members: readonly number[],
    outcomes: ReadonlyMap<number, MemberOutcome<V>>,
  ): void {
    const { parentStart, parents } = this.layout;
    let known = 0;
    for (const knot of members) {
      const outcome = outcomes.get(knot);
      if (outcome === undefined) continue;
      known += 1;
      const isOwn = outcome.kind !== 'skipped' || isOwnSkip(outcome.reason);
      if (!Object.hasOwn(STATES, outcome.kind) || !isOwn) {
        throw new Error(
          `Knot ${knot} of segment ${segment} cannot be settled as '${String(outcome['kind'])}'.`,
        );
      }
      for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
        const parent = parents[edge]!;
        if (this.states[parent] === OK || outcomes.get(parent)?.kind === 'ok') continue;
        // It may have run on what its parents came to, and of those that were skipped nothing is told.
        if (this.fates[knot] === undefined) continue;
        throw new Error(
          `Knot ${knot} of segment ${segment} cannot be settled: its parent ${parent} is not ok.`,
        );
      }
    }
    if (known !== outcomes.size) throw new Error(`An outcome is of no member of segment ${segment}.`);
  }

  private cancel(): number[] {
    if (this.cancelled) return [];
    this.cancelled = true;
    return this.started ? this.skipWaiting() : [];
  }

  private skipWaiting(): number[] {
    this.ready.clear();
    this.readyForSegment.clear();
    this.readyToWait.clear();
    const skipped: number[] = [];
    for (let knot = 0; knot < this.layout.size; knot++) {
      if (this.states[knot] !== WAITING) continue;
      this.settle(knot, SKIPPED);
      skipped.push(knot);
    }
    return skipped;
  }

  /** Settles a knot and all that is skipped or failed for it; answers the latter. */
  private settle(first: number, state: Settled): number[] {
    const { parentStart, parents, childStart, children } = this.layout;
    this.move(first, state);
    const settled = [first];
    for (let next = 0; next < settled.length; next++) {
      const knot = settled[next]!;
      for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
        const parent = parents[edge]!;
        this.unsettledChildren[parent]! -= 1;
        this.releaseValue(parent);
      }
      this.releaseValue(knot);
      const mark = this.markOf(knot);
      for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) {
        const child = children[edge]!;
        this.marks[child]! |= mark;
        this.unsettledParents[child]! -= 1;
        if (this.unsettledParents[child] !== 0 || this.states[child] !== WAITING || this.cancelled) continue;
        const fate = this.fate(child);
        if (fate === undefined) {
          this.addReady(child);
        } else {
          this.move(child, fate);
          if (fate === OK) this.values[child] = this.values[this.inputOf(child)];
          settled.push(child);
        }
      }
    }
    return settled.slice(1);
  }

  private hasParentIn(knots: ReadonlySet<number>, knot: number): boolean {
    if (knots.size === 0) return false;
    const { parents, parentStart } = this.layout;
    return parents.subarray(parentStart[knot], parentStart[knot + 1]).some((parent) => knots.has(parent));
  }

  /** What a knot whose parents are all settled comes to by that alone; undefined: it runs. */
  private fate(knot: number): Settled | undefined {
    if (this.marks[knot] !== 0) return this.fates[knot];
    const tag = this.tags[knot];
    if (tag === undefined) return undefined;
    return this.choices.get(branchOf(this.layout, knot)!) === tag ? OK : SKIPPED;
  }

  /** Of a path, whose branch has the same. */
  private inputOf(path: number): number {
    return this.layout.parents[this.layout.parentStart[path]! + 1]!;
  }

  private isSelectable(knot: number): boolean {
    return this.tags[knot] !== undefined && this.marks[knot] === 0;
  }

  /** What the knot, if it is settled, marks its children with. */
  private markOf(knot: number): number {
    const state = this.states[knot] as typeof WAITING | Settled;
    return state === ERR && this.isOptional[knot] === 1 ? PARENT_SKIPPED : MARKS[state];
  }

  private releaseValue(knot: number): void {
    if (!this.isValueNeeded(knot)) this.values[knot] = undefined;
  }

  private isValueNeeded(knot: number): boolean {
    return this.states[knot] === OK && (this.isTerminal[knot] === 1 || this.unsettledChildren[knot]! > 0);
  }

  private addReady(knot: number): void {
    const goesInSegment = this.ways[knot] === LOCAL && this.marks[knot] === 0;
    if (this.isWait[knot] === 1) this.readyToWait.add(knot);
    else (goesInSegment ? this.readyForSegment : this.ready).add(knot);
  }

  private move(knot: number, state: number): void {
    const before = this.states[knot]!;
    if (this.isWait[knot] === 1) this.waits += Number(state === RUNNING) - Number(before === RUNNING);
    this.tally[before]! -= 1;
    this.tally[state]! += 1;
    this.states[knot] = state;
  }

  /**
   * After a cancel, only what a segment gives back is decided by its parents: all else that could be is skipped already.
   *
   * @param decided what has been settled without running
   */
  private commands(
    decided: number[],
    runAgain: readonly number[] = [],
    segmentsAgain: readonly number[][] = [],
  ): Command[] {
    const commands: Command[] = [];
    decided.sort((a, b) => a - b);
    const passed = decided.filter((knot) => this.states[knot] === OK);
    if (passed.length > 0) commands.push({ type: 'pass', knots: passed });
    const reasonOf = (knot: number): SkipReason => {
      if (this.cancelled && !this.decidedByParents.has(knot)) return 'cancelled';
      return this.isSelectable(knot) ? 'branch_not_selected' : 'parent_failed_or_skipped';
    };
    const skipped = decided.filter((knot) => this.states[knot] === SKIPPED);
    for (const reason of SKIP_REASONS) {
      const knots = skipped.filter((knot) => reasonOf(knot) === reason);
      if (knots.length > 0) commands.push({ type: 'skip', knots, reason });
    }
    this.decidedByParents.clear();
    const failed = decided.filter((knot) => this.states[knot] === ERR);
    if (failed.length > 0) commands.push({ type: 'fail', knots: failed });
    for (const knots of [...segmentsAgain, ...this.dispatchSegments()])
      commands.push({ type: 'segment', knots });
    const knots = [...runAgain, ...this.dispatch()];
    if (knots.length > 0) commands.push({ type: 'run', knots });
    if (this.isOver() && !this.finished) {
      this.finished = true;
      commands.push({ type: 'finish' });
    }
    return commands;
  }

  private dispatch(): number[] {
    const knots: number[] = [];
    const start = (knot: number): void => {
      this.move(knot, RUNNING);
      knots.push(knot);
    };
    while (!this.held && this.readyToWait.size > 0) start(this.readyToWait.take()!);
    const waits = knots.length;
    while (!this.held && this.inFlight < this.window && this.ready.size > 0) start(this.ready.take()!);
    return waits === 0 ? knots : knots.sort((a, b) => a - b);
  }

  /** Before single knots: one activity of the window for many knots. */
  private dispatchSegments(): number[][] {
    const segments: number[][] = [];
    while (!this.held && this.inFlight < this.window && this.readyForSegment.size > 0) {
      const members = this.gather();
      this.enroll(members);
      segments.push(members);
    }
    return segments;
  }

  /**
   * The ready local knots and those local descendants all of whose other parents are settled or gathered, the first of them
   * in the order of the layout; parents come before children in that, so that whatever is cut off leaves nobody behind.
   */
  private gather(): number[] {
    const { childStart, children } = this.layout;
    const members: number[] = [];
    const found = new IndexQueue();
    /** By child: how many of its parents are gathered. */
    const gathered = new Map<number, number>();
    while (members.length < this.segmentSize) {
      const knot = takeSmallest(this.readyForSegment, found);
      if (knot === undefined) break;
      members.push(knot);
      for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) {
        const child = children[edge]!;
        if (this.ways[child] !== LOCAL || this.states[child] !== WAITING || this.marks[child] !== 0) continue;
        const count = (gathered.get(child) ?? 0) + 1;
        gathered.set(child, count);
        if (count === this.unsettledParents[child]) found.add(child);
      }
    }
    return members;
  }

  private enroll(members: readonly number[]): void {
    const [first] = members as [number];
    this.segments.set(first, members);
    this.memberCount += members.length;
    for (const knot of members) {
      this.move(knot, RUNNING);
      this.segmentOf[knot] = first;
    }
  }

  private isOver(): boolean {
    return this.started && this.tally[WAITING] === 0 && this.tally[RUNNING] === 0;
  }

  private takeUp(saved: SavedScheduler<V>): Command[] {
    const { size } = this.layout;
    const states = unpackCodes(saved.outcomes, size);
    if (!states) throw damaged(`the outcomes are not those of ${size} knots`);
    this.started = saved.started;
    this.cancelled = saved.cancelled;
    this.hasTakenOver = saved.takenOver ?? false;
    for (let knot = 0; knot < size; knot++) this.move(knot, states[knot]!);
    this.countSettled();
    for (const knot of saved.running) {
      if (this.states[knot] !== WAITING) throw damaged(`knot ${knot} cannot be running`);
      this.move(knot, RUNNING);
    }
    const segments = (saved.segments ?? []).map(unpackRanges);
    for (const members of segments) {
      for (const knot of members) {
        if (this.states[knot] !== WAITING) throw damaged(`knot ${knot} cannot be in a segment`);
      }
      this.enroll(members);
    }
    for (const knot of unpackRanges(saved.alone ?? [])) this.ways[knot] = ALONE;
    this.takeUpValues(saved.values);
    for (let knot = 0; knot < size; knot++) this.checkTakenUp(knot);
    if (this.started) this.addAllReady();
    return this.commands([], saved.running, segments);
  }

  /** Derives from the outcomes what is counted along the edges, when none of it has been counted yet. */
  private countSettled(): void {
    const { size, parentStart, parents } = this.layout;
    for (let knot = 0; knot < size; knot++) {
      for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
        const parent = parents[edge]!;
        this.marks[knot]! |= this.markOf(parent);
        if (this.states[parent] !== WAITING) this.unsettledParents[knot]! -= 1;
        if (this.states[knot] !== WAITING) this.unsettledChildren[parent]! -= 1;
      }
    }
  }

  private addAllReady(): void {
    for (let knot = 0; knot < this.layout.size; knot++) {
      if (this.states[knot] === WAITING && this.unsettledParents[knot] === 0) this.addReady(knot);
    }
  }

  /** That S1 to S3 hold, which a save of another layout would break. */
  private checkTakenUp(knot: number): void {
    const state = this.states[knot];
    const isDecidable = this.unsettledParents[knot] === 0;
    const fate = this.fate(knot);
    const isRunnable = isDecidable && fate === undefined;
    const isWrong =
      state === WAITING
        ? this.started &&
          (this.cancelled || knot < this.layout.parameterCount || (isDecidable && !isRunnable))
        : !this.started ||
          (state !== SKIPPED &&
            !(state === ERR && isDecidable && fate === ERR) &&
            !(state === OK && isDecidable && this.isSelectable(knot)) &&
            !(state === OK && this.hasTakenOver) &&
            !isRunnable &&
            !this.isMemberThatMayRun(knot));
    if (isWrong) throw damaged(`knot ${knot} contradicts its parents`);
  }

  private isMemberThatMayRun(knot: number): boolean {
    const { parentStart, parents } = this.layout;
    const segment = this.segmentOf[knot];
    if (segment === NO_SEGMENT) return false;
    for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
      const parent = parents[edge]!;
      if (this.states[parent] !== OK && this.segmentOf[parent] !== segment) return false;
    }
    return true;
  }

  private takeUpValues(values: readonly V[]): void {
    let taken = 0;
    for (let knot = 0; knot < this.layout.size; knot++) {
      if (this.isValueNeeded(knot)) this.values[knot] = values[taken++];
    }
    if (taken !== values.length) {
      throw damaged(`${taken} values are needed and ${values.length} are there`);
    }
  }
}

function grown<A extends Uint8Array | Uint32Array | Int32Array>(column: A, larger: A): A {
  larger.set(column);
  return larger;
}

function takeSmallest(one: IndexQueue, other: IndexQueue): number | undefined {
  const [a, b] = [one.smallest, other.smallest];
  if (a === undefined || b === undefined) return a === undefined ? other.take() : one.take();
  return a < b ? one.take() : other.take();
}

function damaged(what: string): Error {
  return new Error(`The saved state is damaged or of another layout: ${what}.`);
}
