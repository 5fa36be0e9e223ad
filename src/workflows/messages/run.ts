import type { EventLink, BackendIdentities, RunStatus } from '../../ports';
import type { RunLimits } from '../run-limits';
import type { Envelope } from '../../scheduler/envelope';
import type { SegmentAnswer, KnotFailure } from './knot';
import type { LeftSignals, OpenWait } from './signals';
import type { SkipReason, OwnSkipReason } from '../../scheduler';

/** The client's facts about a run. A run that was not started by a client of ours has no such facts. */
export interface RunMemo {
  /** Plan hash; absent: the worker's plan of the tapestry. */
  readonly plan?: string;
  /** Content hash of the raw parameters, to recognise another start of the same work. */
  readonly parametersHash?: string;
  /** Chosen terminals: names or knot ids. Absent: the plan's own terminals. */
  readonly terminals?: readonly string[];
  readonly actor?: string;
  readonly trigger?: string;
  /** The starting event, unique within its trigger. */
  readonly triggerKey?: string;
  /** Origin of the starting event. */
  readonly event?: EventLink;
  /** The parameter for the schedule's planned time, which is in `event`. */
  readonly plannedTime?: string;
  readonly partition?: string;
  readonly tags?: readonly string[];
  readonly vcsCommit?: string;
  /** The run whose knot started this one. */
  readonly parentRunId?: string;
  /** Temporal run id of the parent's records. */
  readonly parentTemporalRunId?: string;
  readonly parentKnot?: string;
  /** Trace span of the run's start, in W3C Trace Context. */
  readonly traceparent?: string;
  /** When the run is cancelled, in milliseconds since the epoch. */
  readonly deadline?: number;
  readonly resume?: ResumedRun;
  /** At most this many encoded bytes of values in the history, if the starter has set it. */
  readonly inlineLimit?: number;
  /** Everything stored for the run is sealed with this subject's key. Absent: no subject. */
  readonly subject?: string;
  /** Parameters may refer to values in the data store, of any origin. Absent: the parameters of a raw start may not. */
  readonly allowReferences?: true;
  /** Set to reuse no values of other runs. Absent: knots with the option `cache` reuse values. */
  readonly reuse?: false;
  /** The starter's backends. Absent: the starter has no backends. */
  readonly backends?: BackendIdentities;
  /** Limits other than the defaults, for tests. Child runs inherit these limits. */
  readonly limits?: Partial<RunLimits>;
}

/** A run that runs knots again does not reuse their values from other runs. */
export function mayReuse({ reuse, resume }: RunMemo): boolean {
  return reuse !== false && resume?.from === undefined;
}

/** The resumed run has the same plan; its Ok outcomes are taken over. */
export interface ResumedRun {
  readonly runId: string;
  readonly temporalRunId: string;
  /** Knots that run again nevertheless, with everything downstream. */
  readonly from?: readonly string[];
}

export interface BeginRunRequest extends RunMemo {
  /** The newest behaviour that this interpreter knows. */
  readonly behaviour: number;
  readonly beginSegment: boolean;
  /** Parameters as the workflow received them, encoded; some may be a `ParameterReference`. */
  readonly parameters: unknown;
}

export interface BeginRunResult {
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly plan: string;
  /** Number of layout slices. The first slice is in {@link layout}. */
  readonly slices: number;
  readonly layout: string;
  /** Values of parameters, in the order of the layout. `null`: a value to be looked up by its record. */
  readonly parameters: readonly (Envelope | null)[];
  /** Ranges of knots, by index in the layout, with outcomes of another run. Absent: none. */
  readonly takenOver?: readonly number[];
  /** Set if this step has begun the first segment. */
  readonly segment?: BegunSegment;
}

/** The first step's result if its segment was the whole run, ended quickly and is all Ok. The run record is ended. */
export interface RunEnded {
  readonly behaviour: number;
  readonly answer: RunAnswer;
}

export interface BegunSegment {
  readonly size: number;
  /** Absent: the segment continues as an activity. */
  readonly answer?: SegmentAnswer;
  /** The segment's worker was lost. */
  readonly lost?: true;
}

export interface LayoutRequest {
  readonly plan: string;
  readonly terminals?: readonly string[];
  readonly slice: number;
  /** A known plan that this one extends: only additions are wanted. */
  readonly since?: string;
}

/** Asks for values that other runs have made: see `reuse`. */
export interface LookupRequest {
  readonly plan: string;
  readonly terminals?: readonly string[];
  readonly temporalRunId: string;
  /** Knots to look up: ranges of indexes in the layout. */
  readonly knots: readonly number[];
}

export interface LookupResult {
  /** Ranges of knots that are Ok by found values and now on record, also ones downstream of the request. */
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
  /** Knots without a record: skipped ones by reason, and those that failed outside of their body. */
  readonly skipped: readonly SkippedKnot[];
  readonly failed: readonly KnotFailure[];
  /** Set for the last chunk, which ends the run record. */
  readonly last: boolean;
  /** Why the run failed, if not because of a knot. */
  readonly error?: { readonly type: string; readonly message: string };
  readonly signals?: LeftSignals;
  /** Outcomes of all knots, as a scheduler saves them. Absent: records are not compared with outcomes. */
  readonly outcomes?: string;
  /** The workflow's parameters, to be recorded again if lost. Absent if an earlier execution got the values. */
  readonly parameters?: unknown;
  /** The run's first failures, to be recorded again if lost. */
  readonly failures?: readonly KnotFailure[];
  /** Values of Ok knots without a record, by index. */
  readonly values?: readonly (readonly [number, Envelope])[];
}

export interface SkippedKnot {
  readonly knot: string;
  readonly reason: SkipReason | OwnSkipReason;
  readonly anyErr?: boolean;
  readonly anySkipped?: boolean;
}

export interface FinishRunResult {
  /** How many more of each outcome there are than requested, as other records were written first. Absent: none. */
  readonly standing?: RunCounts;
  /** Content hash of the finished run record, for the last chunk. */
  readonly record?: string;
  /**
   * Ranges of ended knots that must run again, as their records or those of their elements are lost. Absent: none.
   */
  readonly lost?: readonly number[];
  /** Why the run cannot continue after a loss. */
  readonly gone?: string;
}

/** The result of the workflow, or the details of its failure. */
export interface RunAnswer {
  readonly status: RunStatus;
  readonly counts: RunCounts;
  readonly plan: string;
  readonly record: string | null;
  /**
   * Ok terminals by knot id: small values encoded, others as references. Terminals are omitted beyond 64 KiB in total,
   * and if an earlier execution settled them.
   */
  readonly terminals: Readonly<Record<string, Envelope>>;
}

/** The answer to `STATUS_QUERY`. */
export interface LiveStatus {
  readonly plan: string | null;
  readonly counts: RunCounts & { readonly running: number; readonly waiting: number; readonly total: number };
  /** Ids of running knots: at most 100, in the order started. */
  readonly running: readonly string[];
  /** At most 20. */
  readonly failures: readonly KnotFailure[];
  readonly cancelled: boolean;
  /** At most 100 waits, whose knots count as waiting. */
  readonly waits?: readonly OpenWait[];
  /** Signals; absent if there are none. */
  readonly signals?: LeftSignals;
  /** Running segments, whose knots count as running until the segment ends. Absent: none. */
  readonly segments?: number;
}

export interface RunningSegments {
  readonly temporalRunId: string;
  /** Knot ids of each segment, in the order started; at most 6,000 in total. */
  readonly segments: readonly (readonly string[])[];
}
