import type { EventLink, BackendIdentities, RunStatus } from '../../ports';
import type { RunLimits } from '../run-limits';
import type { Envelope } from '../../scheduler/envelope';
import type { SegmentAnswer, KnotFailure } from './knot';
import type { LeftSignals, OpenWait } from './signals';
import type { SkipReason, OwnSkipReason } from '../../scheduler';

/** The client's facts about a run beside its parameters. A run started by other means has none. */
export interface RunMemo {
  /** Absent: the plan of the tapestry that the worker has registered. */
  readonly plan?: string;
  /** Content hash of the raw parameters, by which another start of the same work is recognised. */
  readonly parametersHash?: string;
  /** Names or knot ids. Absent: the plan's own terminals. */
  readonly terminals?: readonly string[];
  readonly actor?: string;
  readonly trigger?: string;
  /** The event that started the run, unique within its trigger. */
  readonly triggerKey?: string;
  /** Where that event came from. */
  readonly event?: EventLink;
  /** The parameter that gets the schedule's planned time, which is in `event`. */
  readonly plannedTime?: string;
  readonly partition?: string;
  readonly tags?: readonly string[];
  readonly vcsCommit?: string;
  /** The run with the knot that started this one. */
  readonly parentRunId?: string;
  /** The Temporal run id under which that run's records are kept. */
  readonly parentTemporalRunId?: string;
  readonly parentKnot?: string;
  /** The span in which the run was started, as W3C Trace Context writes it. */
  readonly traceparent?: string;
  /** When the run is told to end if it has not ended by then; milliseconds since the epoch. */
  readonly deadline?: number;
  readonly resume?: ResumedRun;
  /** Most encoded bytes of values in the run's history, if the starter has set it. */
  readonly inlineLimit?: number;
  /**
   * The subject for whom the run works: everything stored for it is sealed with this subject's key. Absent:
   * no subject.
   */
  readonly subject?: string;
  /**
   * Set if parameters may refer to values in the data store, whoever made them. Absent: those of a raw start
   * may not.
   */
  readonly allowReferences?: true;
  /** Whether values made by other runs are reused. Absent: yes, by knots with the option `cache`. */
  readonly reuse?: false;
  /** Identifies the starter's backends. Absent: it has none. */
  readonly backends?: BackendIdentities;
  /** Limits that differ from the defaults, for tests. Child runs inherit them. */
  readonly limits?: Partial<RunLimits>;
}

/** A run that is to run knots again does not reuse the same values from other runs. */
export function mayReuse({ reuse, resume }: RunMemo): boolean {
  return reuse !== false && resume?.from === undefined;
}

/** The run that this one resumes. It has the same plan, and its Ok outcomes are taken over. */
export interface ResumedRun {
  readonly runId: string;
  readonly temporalRunId: string;
  /** Ids of knots that run again nevertheless, with everything downstream. */
  readonly from?: readonly string[];
}

export interface BeginRunRequest extends RunMemo {
  /** The newest numbered behaviour that this interpreter knows. */
  readonly behaviour: number;
  /** Whether the first segment may begin in this step. */
  readonly beginSegment: boolean;
  /** Raw parameters, encoded, as the workflow received them; some may be a `ParameterReference`. */
  readonly parameters: unknown;
}

/** The result of the first step. */
export interface BeginRunResult {
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly plan: string;
  /** Number of layout slices. The first is included here. */
  readonly slices: number;
  readonly layout: string;
  /** The parameters in the layout, in its order. `null`: to be looked up by its record. */
  readonly parameters: readonly (Envelope | null)[];
  /**
   * Knots whose outcomes were taken over from another run, by index in the layout, as ranges. Absent if there
   * are none.
   */
  readonly takenOver?: readonly number[];
  /** Set if this step has begun the segment that the interpreter sends first. */
  readonly segment?: BegunSegment;
}

/**
 * The result of the first step if the first segment was the whole run, ended quickly, and everything is Ok:
 * the step has then ended the run record.
 */
export interface RunEnded {
  readonly behaviour: number;
  /** The result of the workflow. */
  readonly answer: RunAnswer;
}

export interface BegunSegment {
  readonly size: number;
  /** Absent: it continues as an activity. */
  readonly answer?: SegmentAnswer;
  /** Set if the worker that began it was lost. */
  readonly lost?: true;
}

export interface LayoutRequest {
  readonly plan: string;
  readonly terminals?: readonly string[];
  readonly slice: number;
  /** The plan whose layout is already known, and which this one extends: only the additions are wanted. */
  readonly since?: string;
}

/** Asks whether others have made the values of ready knots: see `reuse`. */
export interface LookupRequest {
  readonly plan: string;
  readonly terminals?: readonly string[];
  readonly temporalRunId: string;
  /** By index in the layout, as ranges. */
  readonly knots: readonly number[];
}

export interface LookupResult {
  /**
   * Knots that are Ok by what was found and are now on record, including ones downstream of those asked for;
   * as ranges.
   */
  readonly found: readonly number[];
}

export interface RunCounts {
  readonly ok: number;
  readonly err: number;
  readonly skipped: number;
}

export interface FinishRunRequest extends RunMemo {
  readonly plan: string;
  readonly temporalRunId: string;
  readonly status: RunStatus;
  readonly counts: RunCounts;
  /**
   * Ids of knots without a record: skipped ones by reason, and those that ended as Err outside of their body.
   */
  readonly skipped: readonly SkippedKnot[];
  readonly failed: readonly KnotFailure[];
  /** Set for the last chunk, which ends the run record. */
  readonly last: boolean;
  /** Why the run as a whole failed, if not because of a knot. */
  readonly error?: { readonly type: string; readonly message: string };
  /** Absent if there are none. */
  readonly signals?: LeftSignals;
  /** The outcomes of all knots, as a scheduler saves them. Absent: records are not compared with them. */
  readonly outcomes?: string;
  /**
   * As the workflow received them. Absent if an earlier execution did. They are recorded again if the history
   * has lost them.
   */
  readonly parameters?: unknown;
  /** The first failures, for the same purpose. */
  readonly failures?: readonly KnotFailure[];
  /** Values of Ok knots that have no record, by index. */
  readonly values?: readonly (readonly [number, Envelope])[];
}

export interface SkippedKnot {
  readonly knot: string;
  readonly reason: SkipReason | OwnSkipReason;
  readonly anyErr?: boolean;
  readonly anySkipped?: boolean;
}

export interface FinishRunResult {
  /**
   * How many more of each outcome there are than the request states, because other records of its knots
   * stand: a lookup, or an abandoned body, was first. Absent: none.
   */
  readonly standing?: RunCounts;
  /** Content hash of the finished run record; only in the answer to the last chunk. */
  readonly record?: string;
  /**
   * Ended knots whose records, or those of their elements, are lost: they must run again. As ranges. Absent:
   * none.
   */
  readonly lost?: readonly number[];
  /** Why the run cannot continue, if something is lost that cannot be made again. */
  readonly gone?: string;
}

/** The result of the workflow; also in the details of the failure if the run failed. */
export interface RunAnswer {
  readonly status: RunStatus;
  readonly counts: RunCounts;
  readonly plan: string;
  readonly record: string | null;
  /**
   * By knot id, only Ok ones: small values encoded, others as references. Omitted beyond 64 KiB in total, and
   * if an earlier execution of a continued run settled them.
   */
  readonly terminals: Readonly<Record<string, Envelope>>;
}

/** The answer to `STATUS_QUERY`. */
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
  /** Absent if there are none. */
  readonly signals?: LeftSignals;
  /** Number of running segments. Their knots count as running until the segment ends. Absent: none. */
  readonly segments?: number;
}

/** The answer to `SEGMENTS_QUERY`. */
export interface RunningSegments {
  readonly temporalRunId: string;
  /** The knot ids of each segment, in the order in which they were started; at most 6,000 knots in total. */
  readonly segments: readonly (readonly string[])[];
}
