import type { Envelope } from '../../scheduler/envelope';
import type { SplitMap, ElementPlace } from './maps';
import type { Waited, OwnSkipReason } from '../../scheduler';
import type { RecordedAttempt } from '../../authoring/run-graph';

/**
 * Input of a knot's activity; each byte is in the history once per knot. A parent is `null` if its value is to be
 * looked up by record, as the inline budget is spent. Without `parents`, all parents are looked up, as there are too
 * many.
 */
export interface KnotTask {
  /** Packed hash: see `packHash`. */
  readonly plan: string;
  /** The knot's id. Absent: the activity's id. */
  readonly knot?: string;
  readonly parents?: readonly (Envelope | null)[];
  /** The Temporal run id of the run's records. Default: the current execution's Temporal run id. */
  readonly temporalRunId?: string;
  /** The run's workflow id, if the activity belongs to a child run. */
  readonly runId?: string;
  /** For a branch, the tags of its paths in this run, which its activity records. */
  readonly paths?: readonly string[];
  /** Set if a segment handed the knot back: there may be a record, and the body may have thrown. */
  readonly handedBack?: HandedBack;
  /** The ended run that the knot started. The outcome of that run becomes the knot's. */
  readonly nested?: EndedRun;
  /** Set for a map whose elements' outcomes are to be composed. */
  readonly map?: SplitMap;
  /** Set for an element of `knot`, a map. */
  readonly element?: ElementPlace;
  readonly reuse?: false;
  /** The knot's child run is gone. If the knot has no record, this activity records a failure. */
  readonly lost?: true;
  readonly waited?: Waited;
  /** Start of the knot's child run (milliseconds since the epoch), if the activity only concludes its work. */
  readonly since?: number;
}

/** An ended run that a knot started. */
export interface EndedRun {
  readonly runId: string;
  readonly temporalRunId: string;
  /** Why the run's workflow failed. Outcomes of the run's knots are on record. */
  readonly error?: { readonly type: string; readonly message: string };
  /** For a loop, the iteration, from 1. */
  readonly iteration?: number;
}

/** How a knot's activity is scheduled. */
export interface KnotCall {
  readonly type: string;
  readonly id: string;
  readonly taskQueue?: string;
  readonly summary?: string;
  /** Absent: the server's default. */
  readonly priority?: number;
}

export interface HandedBack {
  /** For a map, elements whose bodies have thrown, by position; at most 500. */
  readonly elements?: readonly (readonly [position: number, how: HandedBack])[];
  /** Number of throws. Default 0. */
  readonly throws?: number;
  /** Milliseconds until the next attempt. Default: at once. */
  readonly after?: number;
  /** Ends of the knot's attempts, for its record; for an element only the last. */
  readonly attempts?: readonly RecordedAttempt[];
}

export interface SegmentTask {
  readonly plan: string;
  /** Ids of the segment's knots, parents before children. */
  readonly knots: readonly string[];
  /** Ids of paths outside of `knots` whose branch is in `knots`; such paths are recorded with it. Absent: none. */
  readonly paths?: readonly string[];
  /** Ranges of positions in `knots`: their values are needed outside of the segment. */
  readonly wanted: readonly number[];
  /** Values of outside parents by id. Other parents' values are looked up by their records. */
  readonly parents: Readonly<Record<string, Envelope>>;
  readonly temporalRunId?: string;
  /** Set if a segment handed some of the knots back: these may have records. */
  readonly mayBeRecorded?: true;
  /** Set if the worker that began the segment was lost before this activity existed. */
  readonly lost?: true;
  readonly reuse?: false;
}

/** The segment's activity fails only in order to be retried. */
export interface SegmentAnswer {
  /** How each knot ended, packed. Skipped knots are `requeue`, as the skip follows from other outcomes. */
  readonly ends: string;
  /** Wanted values by knot id, at most 64 KiB in total. Other values are looked up by their records. */
  readonly values: Readonly<Record<string, Envelope>>;
  /** At most 20. */
  readonly failures?: readonly KnotFailure[];
  /** Tags that Ok branches chose, by id. */
  readonly choices?: Readonly<Record<string, string>>;
  /** Reasons of knots that their own function skipped, by id. */
  readonly skipped?: Readonly<Record<string, OwnSkipReason>>;
  /** For `retryAlone`: bodies that have thrown and are to be retried later, by id. */
  readonly handedBack?: Readonly<Record<string, HandedBack>>;
}

/** Details of the failure that ends a knot as Err, or reports a refusal. */
export interface KnotFailure {
  readonly knot: string;
  readonly type: string;
  readonly message: string;
}
