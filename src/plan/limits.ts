/**
 * The limits by which a run stays within what a Temporal server accepts: a history of 51,200 events or 50 MiB, a
 * message of 4 MiB, a payload of 2 MiB and 2,000 pending activities. The hosts obey them; `budgetOf` computes with
 * them.
 */

/** Milliseconds that a body may continue after a cancel has aborted its signal, unless its knot says otherwise. */
export const DEFAULT_CANCEL_GRACE_MS = 10_000;
/** After this many lost workers a knot is given up as their killer; after one less it is suspected. */
export const LOST_WORKERS = 3;
/**
 * Most milliseconds in total that a body waits for its retries inside an activity that runs others as well. Longer
 * waits are left to the server.
 */
export const RETRY_WAIT_MS = 10_000;
/** Most activities in flight at once; the server refuses more than 2,000 pending ones. */
export const RUNNING_KNOTS = 500;
/** Parents' values beyond this size are left for the activity to look up. */
export const INLINE_BYTES_PER_ACTIVITY = 64 * 1024;
/** Terminals' values beyond this size are omitted from the workflow's result. */
export const TERMINALS_INLINE_BYTES = 64 * 1024;
/**
 * Most knots of one segment. A larger segment delays everything outside that depends on it, and a lost worker loses
 * more uncommitted work, while an activity's own cost is negligible from some hundred knots on. With ids of 200
 * characters, this many still fit in a payload below the size that the server warns of.
 */
export const SEGMENT_SIZE = 2_000;
/** A knot with more parents than this leaves all of them for the activity to look up by their lineage records. */
export const PARENTS_PER_ACTIVITY = 500;
/**
 * Commands over 4 MiB in one workflow task fail a run for good (`GrpcMessageTooLarge`), so the host stops at a quarter
 * of that and continues in the next task.
 */
export const TASK_COMMAND_BYTES = 1024 * 1024;
/** Most layout slices (of at most 128 KiB each) in one workflow task. */
export const SLICES_PER_TASK = 6;
/** Inline parameter values beyond this size are looked up by their records. */
export const PARAMETER_BYTES_INLINE = 256 * 1024;
/** Most skipped knots that one local activity records. */
export const SETTLED_KNOTS_PER_CALL = 1_000;

/** Elements of a map whose bodies run at once, by default. */
export const MAP_CONCURRENCY = 100;

/** From this many events on, an execution dispatches nothing more, waits until nothing runs and continues as new. */
export const HOLD_EVENTS = 20_000;
export const HOLD_BYTES = 20 * 1024 * 1024;
/**
 * From this many events on, the server suggests continuing as new, which a run does when nothing is running. The
 * server's default.
 */
export const SUGGESTED_EVENTS = 4_096;
export const SUGGESTED_BYTES = 4 * 1024 * 1024;
/** At this many events the server fails a run for good. The server's default. */
export const FATAL_EVENTS = 51_200;
export const FATAL_BYTES = 50 * 1024 * 1024;
/** Each execution must load the plan again, so with a large plan it settles at least this many knots. */
export const SETTLED_PER_EXECUTION = 500;

/** A knot that may run longer than this (milliseconds) gets a child run, so that it does not hold up a large run. */
export const SLOW_KNOT_MS = 3_600_000;
