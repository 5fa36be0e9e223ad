import type { Envelope } from '../../scheduler/envelope';
import type { SplitMap, ElementPlace } from './maps';
import type { Waited, OwnSkipReason } from '../../scheduler';
import type { RecordedAttempt } from '../../authoring/run-graph';

/**
 * The input of the activity that runs one knot; each of its bytes is in the history once per knot. A parent is `null`
 * if its value is to be looked up by its lineage record (because the activity's inline budget is spent). `parents` is
 * absent if there are more than the limit, which means the same for all of them.
 */
export interface KnotTask {
  /** Packed hash: see `packHash`. */
  readonly plan: string;
  /** Absent if it equals the activity's id. */
  readonly knot?: string;
  readonly parents?: readonly (Envelope | null)[];
  /** The Temporal run id under which the run's records are kept, if it differs from that of the current execution. */
  readonly temporalRunId?: string;
  /** The run's id (workflow id), if the activity belongs to a child run rather than to the run itself. */
  readonly runId?: string;
  /** For a branch: the tags of its paths in this run, which its activity records. */
  readonly paths?: readonly string[];
  /** Set if a segment has handed the knot back: there may be a record, and the body may have thrown before. */
  readonly handedBack?: HandedBack;
  /** The ended run that the knot started, whose outcome becomes the knot's. */
  readonly nested?: EndedRun;
  /** For a map: the elements' outcomes are to be composed. */
  readonly map?: SplitMap;
  /** Set if the activity belongs to an element of `knot`, which is a map. */
  readonly element?: ElementPlace;
  /** The run reuses no values of others. Absent: it does. */
  readonly reuse?: false;
  /** The child run that ran the knot is gone. There may be a record; if not, this activity records a failure. */
  readonly lost?: true;
  /** For a knot that has waited. */
  readonly waited?: Waited;
  /** When the knot's child run was started (milliseconds since the epoch), if the activity only concludes its work. */
  readonly since?: number;
}

/** A run started by a knot, once it is over. */
export interface EndedRun {
  readonly runId: string;
  readonly temporalRunId: string;
  /** Why its workflow failed, if it did. The outcomes of its knots are on record. */
  readonly error?: { readonly type: string; readonly message: string };
  /** For a loop: the number of the iteration, from 1. */
  readonly iteration?: number;
}

/** How a knot's activity is scheduled, beside its task. */
export interface KnotCall {
  /** Name of the definition. */
  readonly type: string;
  readonly id: string;
  readonly taskQueue?: string;
  readonly summary?: string;
  /** Absent: the server's default. */
  readonly priority?: number;
}

export interface HandedBack {
  /** For a map: elements whose bodies have thrown, by position; at most 500. */
  readonly elements?: readonly (readonly [position: number, how: HandedBack])[];
  /** How often the body has thrown. Default 0. */
  readonly throws?: number;
  /** Milliseconds until the next attempt. Default: at once. */
  readonly after?: number;
  /** How its attempts ended, for its record; for an element, only the last one. */
  readonly attempts?: readonly RecordedAttempt[];
}

/** The input of the activity that runs a segment. */
export interface SegmentTask {
  /** As in {@link KnotTask}. */
  readonly plan: string;
  /** Ids, parents before children. */
  readonly knots: readonly string[];
  /**
   * Ids of paths of this run outside of `knots` whose branch is in `knots`; they are recorded with it. Absent if there
   * are none.
   */
  readonly paths?: readonly string[];
  /** Which of `knots` have a value that is needed outside of the segment, as ranges of positions. */
  readonly wanted: readonly number[];
  /** Values of parents outside of the segment, by id. Missing ones are to be looked up by their lineage records. */
  readonly parents: Readonly<Record<string, Envelope>>;
  /** As in {@link KnotTask}. */
  readonly temporalRunId?: string;
  /** Set if an earlier segment handed some of the knots back, so that there may be records. */
  readonly mayBeRecorded?: true;
  /** Set if the worker that had begun it before this activity existed was lost. */
  readonly lost?: true;
  /** As in {@link KnotTask}. */
  readonly reuse?: false;
}

/** The answer of the activity that runs a segment. It fails only in order to be retried. */
export interface SegmentAnswer {
  /**
   * How each of the task's knots ended, packed. A skipped one is reported as `requeue`, as that follows from the
   * others.
   */
  readonly ends: string;
  /** Wanted values by knot id. Omitted beyond 64 KiB in total, to be looked up by their records. */
  readonly values: Readonly<Record<string, Envelope>>;
  /** At most 20. */
  readonly failures?: readonly KnotFailure[];
  /** For branches that are Ok, by id: the tags of the chosen paths. */
  readonly choices?: Readonly<Record<string, string>>;
  /** By id, for knots that their own function skipped: the reason. */
  readonly skipped?: Readonly<Record<string, OwnSkipReason>>;
  /** By id, for knots that end as `retryAlone` because their body has thrown and is to be retried later. */
  readonly handedBack?: Readonly<Record<string, HandedBack>>;
}

/** Details of the failure that ends a knot as Err, and of the failure that reports a refusal. */
export interface KnotFailure {
  readonly knot: string;
  readonly type: string;
  readonly message: string;
}
