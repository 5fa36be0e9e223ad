/**
 * Keep a run within the limits of a Temporal server: histories of 51,200 events or 50 MiB, messages of 4 MiB, payloads
 * of 2 MiB, and 2,000 pending activities. Hosts obey these limits; `budgetOf` computes with them.
 */

/** Milliseconds that a body may continue after a cancel, unless its knot says otherwise. */
export const DEFAULT_CANCEL_GRACE_MS = 10_000;
/** Lost workers after which a knot is given up as their cause. One lost worker less makes the knot a suspect. */
export const LOST_WORKERS = 3;
/** Limit of milliseconds that a body waits for retries inside a shared activity. The server does longer waits. */
export const RETRY_WAIT_MS = 10_000;
/** At most this many activities in flight; the server refuses more than 2,000 pending ones. */
export const RUNNING_KNOTS = 500;
/** Parents' values beyond this many bytes are looked up by the activity. */
export const INLINE_BYTES_PER_ACTIVITY = 64 * 1024;
/** Terminals' values beyond this many bytes are omitted from the workflow's result. */
export const TERMINALS_INLINE_BYTES = 64 * 1024;
/**
 * Limit of knots of a segment. Larger segments delay knots outside and lose more work with a worker; from hundreds of
 * knots on, an activity's cost is negligible. With ids of 200 characters, the server does not warn of the payload.
 */
export const SEGMENT_SIZE = 2_000;
/** With more parents than this, the activity looks up all by their lineage records. */
export const PARENTS_PER_ACTIVITY = 500;
/** Commands over 4 MiB in a task fail a run for good (`GrpcMessageTooLarge`), so the host stops at a quarter. */
export const TASK_COMMAND_BYTES = 1024 * 1024;
/** Layout slices, of at most 128 KiB, per workflow task. */
export const SLICES_PER_TASK = 6;
/** Inline parameter values larger than this are looked up by their records. */
export const PARAMETER_BYTES_INLINE = 256 * 1024;
/** Number of skipped knots that one local activity records. */
export const SETTLED_KNOTS_PER_CALL = 1_000;

/** Default concurrency of a map. */
export const MAP_CONCURRENCY = 100;

/** From this many events on, an execution dispatches nothing more, and continues as new when nothing runs. */
export const HOLD_EVENTS = 20_000;
export const HOLD_BYTES = 20 * 1024 * 1024;
/** From this many events on, the server by default suggests continuing as new; a run does so when nothing runs. */
export const SUGGESTED_EVENTS = 4_096;
export const SUGGESTED_BYTES = 4 * 1024 * 1024;
/** At this many events the server fails a run for good. The server's default. */
export const FATAL_EVENTS = 51_200;
export const FATAL_BYTES = 50 * 1024 * 1024;
/** Each execution loads the layout again, so it settles at least this many knots. */
export const SETTLED_PER_EXECUTION = 500;

/** A knot that may run longer (milliseconds) gets a child run, so that it does not hold up a large run. */
export const SLOW_KNOT_MS = 3_600_000;
