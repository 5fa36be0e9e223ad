import type { OwnSkipReason, PlanMap, SkipReason } from '../engine';
import type { Envelope, ReferenceEnvelope } from '../engine/envelope';
import type { NodeKind } from '../model/records';
import type { BackendIdentities, RunStatus } from '../protocols';
import type { RunLimits } from './run-limits';

/**
 * All that crosses the border between the interpreter workflow, its activities and its clients. Plain data: it is in
 * histories for as long as runs are kept, so a field may be added, but never change its meaning.
 */

export const PIN_ACTIVITY = 'selvage.pin';
export const LAYOUT_ACTIVITY = 'selvage.layout';
export const SETTLE_ACTIVITY = 'selvage.settle';
export const LOOKUP_ACTIVITY = 'selvage.lookup';
export const SEGMENT_ACTIVITY = 'selvage.segment';
/** The first step of a child run that runs a tapestry: says which, and with which parameters. */
export const NEST_ACTIVITY = 'selvage.nest';
export const EXTEND_ACTIVITY = 'selvage.extend';
/** Answers a {@link WaitEnd}: until when a knot waits, where that is a value of the run. */
export const WAIT_ACTIVITY = 'selvage.wait';
/** Answers a {@link SignalCheck}. */
export const CHECK_ACTIVITY = 'selvage.checkSignal';
/** Sends a signal and hears what became of it: takes a {@link SignalRequest}, answers a {@link SignalReceipt}. */
export const SIGNAL_UPDATE = 'selvage.signal';
/** Writes slices of what a map goes over to the data store. */
export const SPLIT_ACTIVITY = 'selvage.split';
/** Puts together what the elements of a map have come to: the map's own activity. */
export const MAP_ACTIVITY = 'selvage.map';
/** Runs several elements of a map. */
export const BATCH_ACTIVITY = 'selvage.batch';
/** The workflow type of a child run: it runs one slow knot of a large plan. */
export const KNOT_WORKFLOW = 'selvage.knot';

/** Of a child run by its knot: of a node, `selvage.` and its kind. */
export function childWorkflowType(node: NodeKind | undefined): string {
  return node === undefined ? KNOT_WORKFLOW : `selvage.${node}`;
}

/** A child run tells its run what came of the knot: a {@link ChildEnd}. */
export const KNOT_ENDED_SIGNAL = 'selvage.knotEnded';
/** A run asks a child run whether it is still there; that the server takes the signal is the answer. */
export const STILL_THERE_SIGNAL = 'selvage.stillThere';
export const STATUS_QUERY = 'selvage.status';
/** Answers the {@link RunningSegments}. */
export const SEGMENTS_QUERY = 'selvage.segments';
/** Extends the run: takes an {@link ExtendMessage}, and fails with the code of what is wrong with it. */
export const EXTEND_UPDATE = 'selvage.extend';
/** The type of the failure where this execution is about to continue as new and hears of no extension: whoever sent it does it again. */
export const RUN_CONTINUES = 'RunContinues';
/** Where the workflow's memo has the {@link RunMemo}. */
export const MEMO_KEY = 'selvage';

/** What the client says of a run beside its parameters. A run started by other means has none. */
export interface RunMemo {
  /** Absent: the plan of the tapestry that the worker has registered. */
  readonly plan?: string;
  /** Content hash of the raw parameters: tells whether another start asks for the same work. */
  readonly parametersHash?: string;
  /** Names or knot ids; absent: the plan's own. */
  readonly terminals?: readonly string[];
  readonly actor?: string;
  readonly trigger?: string;
  readonly tags?: readonly string[];
  readonly vcsCommit?: string;
  /** The run that started this one by one of its knots. */
  readonly parentRunId?: string;
  /** The Temporal run id that its records are kept under. */
  readonly parentTemporalRun?: string;
  readonly parentKnot?: string;
  /** Milliseconds since the epoch at which the run is told to end, if it has not ended by then. */
  readonly deadline?: number;
  readonly resume?: ResumedRun;
  /** Encoded bytes up to which values may be in the run's history, where who started it has said so. */
  readonly inlineLimit?: number;
  /** For whom the run works: all that is stored for it is sealed with the key of this subject. Absent: for nobody in particular. */
  readonly subject?: string;
  /** Whether values that other runs have made are taken; absent: yes, by the knots that say so. */
  readonly reuse?: false;
  /** What tells the backends of who started the run from all others; absent: it has none. */
  readonly backends?: BackendIdentities;
  /** What tests want otherwise than by default. The runs that its knots start have it from here, too. */
  readonly limits?: Partial<RunLimits>;
}

/** A run that is to run knots again does not take what other runs have made of the same. */
export function mayReuse({ reuse, resume }: RunMemo): boolean {
  return reuse !== false && resume?.from === undefined;
}

/** The run that this one goes on from: of the same plan, its Ok outcomes are taken over. */
export interface ResumedRun {
  readonly run: string;
  /** The Temporal run id that its records are kept under. */
  readonly temporalRun: string;
  /** Ids of knots that are run again all the same, with all that is below them. */
  readonly from?: readonly string[];
}

export interface PinRequest extends RunMemo {
  /** The newest numbered behaviour that this interpreter knows. */
  readonly behaviour: number;
  /** Whether the first segment may begin in this step. */
  readonly beginSegment: boolean;
  /** Raw parameters, encoded, as the workflow got them; some may be a `ParameterReference`. */
  readonly parameters: unknown;
}

/** What the first step answers. */
export interface PinResult {
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly plan: string;
  /** How many slices the layout has; the first comes along. */
  readonly slices: number;
  readonly layout: string;
  /** Of the parameters in the layout, in its order; `null`: to be looked up by its record. */
  readonly parameters: readonly (Envelope | null)[];
  /** Knots whose outcome was taken over from another run, by their indexes in the layout, as ranges; absent where there is none. */
  readonly takenOver?: readonly number[];
  /** Present where this step has begun the segment that the interpreter sends out first. */
  readonly segment?: BegunSegment;
}

/**
 * What the first step answers instead where the first segment was the whole of the run, ended soon, and all of it is Ok: the step has ended
 * the run record.
 */
export interface RunEnded {
  readonly behaviour: number;
  /** What the workflow answers. */
  readonly answer: RunAnswer;
}

export interface BegunSegment {
  /** Of how many knots. */
  readonly size: number;
  /** Absent: it goes on as an activity. */
  readonly answer?: SegmentAnswer;
  /** Whether the worker that began it was lost. */
  readonly lost?: true;
}

export interface LayoutRequest {
  readonly plan: string;
  readonly terminals?: readonly string[];
  readonly slice: number;
  /** The plan whose layout is there already, and which this one extends: only what comes behind it is wanted. */
  readonly since?: string;
}

/** The input of the update that extends a run. The fragment is in the data store. */
export interface ExtendMessage {
  /** Content hash of the fragment. */
  readonly fragment: string;
}

export interface ExtendRequest {
  /** The plan that is to be extended. */
  readonly plan: string;
  /** As of {@link RunMemo}. */
  readonly terminals?: readonly string[];
  /** The Temporal run id that the records of the run are kept under. */
  readonly run: string;
  readonly fragment: string;
  /** The knot whose body has said so, which a worker has checked; absent: it comes from outside. */
  readonly by?: string;
}

export interface ExtendResult {
  /** The extended plan. The one of the request: it had all of the fragment already. */
  readonly plan: string;
  /** Of the layout behind that of the plan of the request; the first slice comes along. */
  readonly slices: number;
  readonly layout: string;
}

/** Asks what others have made for knots that are ready: see `reuse`. */
export interface LookupRequest {
  readonly plan: string;
  readonly terminals?: readonly string[];
  /** The Temporal run id under which the records of this run are kept. */
  readonly run: string;
  /** By their indexes in the layout, as ranges. */
  readonly knots: readonly number[];
}

export interface LookupResult {
  /** Knots that are Ok by what was found and on record now, also below those that were asked for; as ranges. */
  readonly found: readonly number[];
}

/**
 * The input of the activity that runs one knot; every byte of it is in the history once a knot. A parent is `null` where its
 * value is to be looked up by its lineage record (the inline budget of the activity is spent); `parents` as a whole is
 * absent where there are more of them than the limit, which comes to the same for all.
 */
export interface KnotTask {
  /** Packed hash: see `packHash`. */
  readonly plan: string;
  /** Absent where the activity's id is the knot's. */
  readonly knot?: string;
  readonly parents?: readonly (Envelope | null)[];
  /** The Temporal run id under which the records of this run are kept, where it is not that of the present execution. */
  readonly run?: string;
  /** The run's id (workflow id), where the activity is not the run's own but that of a child run. */
  readonly runId?: string;
  /** Of a branch: the tags of its paths in this run, which its activity records. */
  readonly paths?: readonly string[];
  /** Present where a segment has given the knot back: there may be a record, and the body may have thrown before. */
  readonly givenBack?: GivenBack;
  /** The run that the knot has started and that is over: what it came to is the knot's outcome. */
  readonly nested?: EndedRun;
  /** Of a map: what its elements have come to is put together. */
  readonly map?: SplitMap;
  /** Present where the activity is that of an element of `knot`, which is a map. */
  readonly element?: ElementPlace;
  /** The run takes no values that others have made; absent: it does. */
  readonly reuse?: false;
  /** The child run that ran the knot is gone: there may be a record; if there is none, this activity writes that the knot failed. */
  readonly lost?: true;
  /** Of a knot that has waited. */
  readonly waited?: Waited;
  /** When the knot's child run was started, in milliseconds since the epoch, if the activity only concludes what that has done. */
  readonly since?: number;
}

/** What the wait of a knot came to, which its activity concludes from. */
export type Waited = {
  /** Milliseconds since the epoch at which the wait began. */
  readonly since?: number;
} & (
  | { readonly kind: 'signal'; readonly payload: ReferenceEnvelope }
  /** The signal did not come in time. */
  | { readonly kind: 'timeout' }
  | { readonly kind: 'time' }
);

/** The input of the activity that reads for how long a knot waits. */
export interface WaitRequest {
  /** As its activity gets it. */
  readonly task: KnotTask & { readonly knot: string; readonly run: string };
  /** Milliseconds since the epoch at which the wait begins. */
  readonly now: number;
}

export interface WaitEnd {
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** A signal as a client sends it. */
export interface SignalRequest {
  readonly name: string;
  /** As it was given. By reference where it is large: the client has put it into the data store. */
  readonly payload: Envelope;
}

/** What became of a signal that was accepted. */
export interface SignalReceipt {
  /** The knot that takes it. Absent: it is kept for the next wait of that name. */
  readonly takenBy?: string;
}

export interface SignalCheckRequest {
  readonly plan: string;
  readonly name: string;
  /** Absent: none was given. */
  readonly payload?: Envelope;
}

export type SignalCheck =
  | {
      /** The payload as it was given, which the data store has. */
      readonly payload: ReferenceEnvelope;
      /** Ids of the knots that wait for a signal of that name whose schemas refuse it; absent: none does. */
      readonly unfit?: readonly string[];
    }
  /** Why no knot could take it. */
  | { readonly refused: string };

/** A signal that was accepted and that no knot has taken. */
export interface UnreadSignal {
  readonly name: string;
  readonly payload: ReferenceEnvelope;
  readonly unfit?: readonly string[];
}

/** A signal that was not accepted, where nobody could be told. */
export interface RefusedSignal {
  readonly name: string;
  /** A code of an error. */
  readonly type: string;
  readonly message: string;
}

/** What became of signals that no knot took. */
export interface LeftSignals {
  /** How many there are, by name. */
  readonly unread?: Readonly<Record<string, number>>;
  /** Content hashes of what was given with them. */
  readonly payloads?: readonly string[];
  /** How many were refused that nobody could be told of, and the last 20 of them. */
  readonly refused?: { readonly total: number; readonly last: readonly RefusedSignal[] };
}

/** A knot that waits for something from outside. */
export interface OpenWait {
  readonly knot: string;
  readonly signal?: string;
  /** Milliseconds since the epoch. */
  readonly until?: number;
}

/** Of a wait, for a later execution. */
export interface CarriedWait {
  /** Milliseconds since the epoch, as `until`. */
  readonly since?: number;
  readonly until?: number;
  /** What it came to, where it is over. */
  readonly waited?: Waited;
}

/** A run that a knot has started, when it is over. */
export interface EndedRun {
  readonly run: string;
  /** The Temporal run id that its records are kept under. */
  readonly child: string;
  /** Where its workflow failed: why. What its knots came to is on record. */
  readonly error?: { readonly type: string; readonly message: string };
  /** Of a loop: which iteration it was, from 1. */
  readonly iteration?: number;
}

/** What the activity of a loop answers that goes on: the parameters that change, as those of {@link NestResult}. */
export interface NextIteration {
  readonly next: Readonly<Record<string, unknown>>;
}

/** What a map goes over, when it has been split. */
export interface SplitMap {
  readonly count: number;
  /** Whether it is a plain object. */
  readonly keyed?: true;
  /** Whether it cannot be gone over: the map's activity says why. */
  readonly refused?: true;
}

/** Where an element is. */
export interface ElementPlace {
  /** Packed hash of the slice in the data store. */
  readonly slice: string;
  /** In the slice. */
  readonly offset: number;
}

/** A slice of a map: the packed hash of it, and how many elements are in it. */
export type SliceRef = readonly [hash: string, elements: number];

/** The input of {@link SPLIT_ACTIVITY}: that of the map's own activity, and where to begin. */
export interface SplitTask extends KnotTask {
  readonly knot: string;
  /** Position of the first element. */
  readonly from: number;
}

export interface SplitAnswer extends SplitMap {
  /** From the element that was asked for. */
  readonly slices: readonly SliceRef[];
  /** Where the slices do not come to the end: the position of the next element. */
  readonly next?: number;
  /** Positions that are on record already, as ranges; absent where there is none. */
  readonly done?: readonly number[];
}

/** The input of {@link BATCH_ACTIVITY}. */
export interface BatchTask extends Pick<KnotTask, 'plan' | 'run' | 'runId' | 'reuse'> {
  readonly knot: string;
  readonly slice: string;
  /** Offsets in the slice, as ranges. */
  readonly offsets: readonly number[];
  /** Elements whose bodies run at once. */
  readonly concurrency: number;
}

/** What it answers when all its elements have ended, but for some that go on by themselves. */
export interface BatchAnswer {
  readonly alone?: readonly (readonly [offset: number, how: GivenBack])[];
}

/** The input of the child run of a part of a map: what the whole map has, and its slices. */
export interface MapPart extends MapWork {
  readonly slices: readonly PartSlice[];
}

/** What all elements of a map have in common. */
export interface MapWork {
  readonly behaviour: number;
  readonly limits: RunLimits;
  /** Of each element; in place of its id the map's. */
  readonly call: KnotCall;
  readonly task: Pick<KnotTask, 'plan' | 'reuse'> & { readonly run: string; readonly runId: string };
  readonly knot: string;
  /** Activities at once. */
  readonly window: number;
  /** Absent: an activity has one element. */
  readonly batch?: { readonly size: number; readonly concurrency: number };
  /** Elements whose bodies have thrown before, by position. */
  readonly givenBack?: GivenBack['elements'];
  /** Whether some may be on record. */
  readonly mayBeRecorded?: true;
}

export interface PartSlice {
  readonly hash: string;
  /** Position of its first element. */
  readonly first: number;
  /** Offsets of the elements that are to run, as ranges. */
  readonly offsets: readonly number[];
}

export interface NestRequest {
  /** Not the task of this activity, but of the knot that it works for. */
  readonly task: ChildTask['task'];
}

/** The run that a knot is to start. */
export interface NestResult {
  /** The workflow type. */
  readonly tapestry: string;
  readonly plan: string;
  /** Encoded, by name; what is large, or may not be in a history, as a `ParameterReference`. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What the activity of a knot is scheduled with, beside its task. */
export interface KnotCall {
  /** The name of the definition. */
  readonly type: string;
  /** The activity's id. */
  readonly id: string;
  readonly taskQueue?: string;
  readonly summary?: string;
  /** Absent: the server's default. */
  readonly priority?: number;
}

/** The input of a child run. */
export interface ChildTask {
  /** Absent: the knot's activity is all that there is to do. */
  readonly node?: NodeKind;
  /** Of a map. */
  readonly map?: PlanMap;
  /** Of a map that goes on in a new execution: the position of its next element. */
  readonly from?: number;
  /** The behaviour of its run. */
  readonly behaviour: number;
  /** Those of its run. */
  readonly limits: RunLimits;
  readonly knot: string;
  readonly call: KnotCall;
  /** Of a node that starts runs: what they have from their parent. */
  readonly memo?: Pick<RunMemo, 'actor' | 'vcsCommit' | 'inlineLimit' | 'subject' | 'reuse' | 'limits'>;
  readonly task: KnotTask & { readonly run: string; readonly runId: string };
}

/** What came of the knot of a child run. */
export type ChildEnd = {
  readonly knot: string;
  /** The Temporal run id of the child run. */
  readonly child: string;
} &
  /** `null`: to be looked up by its record. */
  (
    | { readonly kind: 'ok'; readonly envelope: Envelope | null; readonly extension?: string }
    | { readonly kind: 'err'; readonly failure: KnotFailure; readonly recorded: boolean }
    | { readonly kind: 'cancelled' }
  );

/** What the memo of a child run says, under {@link MEMO_KEY}. */
export interface ChildMemo {
  /** The Temporal run id under which the records of its run are kept. */
  readonly run: string;
}

export interface GivenBack {
  /** Of a map: elements whose bodies have thrown, by position; at most 500. */
  readonly elements?: readonly (readonly [position: number, how: GivenBack])[];
  /** How often the body has thrown. Default 0. */
  readonly throws?: number;
  /** Milliseconds after which it is to be tried again. Default: at once. */
  readonly after?: number;
}

/** The input of the activity that runs a segment. */
export interface SegmentTask {
  /** As of {@link KnotTask}. */
  readonly plan: string;
  /** Ids, parents before children. */
  readonly knots: readonly string[];
  /** Ids of paths of this run that are not among `knots`, and whose branch is: recorded with it. Absent where there is none. */
  readonly paths?: readonly string[];
  /** Which of `knots`, as ranges of positions, have a value that is needed outside of the segment. */
  readonly wanted: readonly number[];
  /** By id, of the parents outside of the segment; what is not here is to be looked up by its lineage record. */
  readonly parents: Readonly<Record<string, Envelope>>;
  /** As of {@link KnotTask}. */
  readonly run?: string;
  /** Whether an earlier segment has given some of the knots back, so that there may be records of them. */
  readonly mayBeRecorded?: true;
  /** Whether a worker was lost that had begun it before this activity was there. */
  readonly lost?: true;
  /** As of {@link KnotTask}. */
  readonly reuse?: false;
}

/** What the activity that runs a segment answers; it fails only to be tried again. */
export interface SegmentAnswer {
  /** What became of each of the task's knots, packed; of one that was skipped: `again`, for it follows from the others. */
  readonly ends: string;
  /** By id, of the knots whose value is wanted; left out beyond 64 KiB in all, to be looked up by their records. */
  readonly values: Readonly<Record<string, Envelope>>;
  /** At most 20. */
  readonly failures?: readonly KnotFailure[];
  /** By id, of branches that are Ok: the tags of the paths that they take. */
  readonly choices?: Readonly<Record<string, string>>;
  /** By id, of knots whose function said that they are skipped: why. */
  readonly skipped?: Readonly<Record<string, OwnSkipReason>>;
  /** By id, of the knots that end as `alone` because their body has thrown and is to be tried again later. */
  readonly givenBack?: Readonly<Record<string, GivenBack>>;
}

/** The details of the failure that ends a knot as Err, and of the one that reports a refusal. */
export interface KnotFailure {
  readonly knot: string;
  readonly type: string;
  readonly message: string;
}

export interface RunCounts {
  readonly ok: number;
  readonly err: number;
  readonly skipped: number;
}

export interface SettleRequest extends RunMemo {
  readonly plan: string;
  readonly run: string;
  readonly status: RunStatus;
  readonly counts: RunCounts;
  /** Knots (by id) without a record of their own: skipped ones by reason, and those that ended as Err outside of their body. */
  readonly skipped: readonly SkippedKnot[];
  readonly failed: readonly KnotFailure[];
  /** Whether this is the last chunk, which ends the run record. */
  readonly last: boolean;
  /** Why the run as a whole has failed, where that is not the failure of a knot. */
  readonly error?: { readonly type: string; readonly message: string };
  /** Absent where there is none. */
  readonly signals?: LeftSignals;
}

export interface SkippedKnot {
  readonly knot: string;
  readonly reason: SkipReason;
  readonly anyErr?: boolean;
  readonly anySkipped?: boolean;
}

export interface SettleResult {
  /**
   * How many more there are of each outcome than the request says, since other records stand of knots that it names: a look-up, or a body that
   * nobody waited for any more, came first. Absent: none.
   */
  readonly standing?: RunCounts;
  /** Content hash of the finished run record; only in the answer to the last chunk. */
  readonly record?: string;
}

/** What the workflow answers (and carries in the details of the failure where the run failed). */
export interface RunAnswer {
  readonly status: RunStatus;
  readonly counts: RunCounts;
  readonly plan: string;
  readonly record: string | null;
  /**
   * By knot id: the encoded value of small ones, references of others; only Ok ones; left out beyond 64 KiB in all and where
   * an earlier execution of a continued run settled them.
   */
  readonly terminals: Readonly<Record<string, Envelope>>;
}

/** The answer to {@link STATUS_QUERY}. */
export interface LiveStatus {
  readonly plan: string | null;
  readonly counts: RunCounts & { readonly running: number; readonly waiting: number; readonly total: number };
  /** At most 100 ids, in the order in which they were started. */
  readonly running: readonly string[];
  /** At most 20. */
  readonly failures: readonly KnotFailure[];
  readonly cancelled: boolean;
  /** At most 100. They count as waiting. */
  readonly waits?: readonly OpenWait[];
  /** Absent where there is none. */
  readonly signals?: LeftSignals;
  /** How many segments are running; their knots count as running until their segment ends. Absent: none. */
  readonly segments?: number;
}

/** The answer to {@link SEGMENTS_QUERY}. */
export interface RunningSegments {
  /** The Temporal run id under which their records are kept. */
  readonly run: string;
  /** The ids of the knots of each, in the order in which they were started; at most 6,000 knots in all. */
  readonly segments: readonly (readonly string[])[];
}
