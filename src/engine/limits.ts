/**
 * What a run keeps to so that it stays within what a Temporal server takes: a history of 51,200 events or 50 MiB, a message of
 * 4 MiB, a payload of 2 MiB and 2,000 pending activities. The hosts heed these; `budgetOf` counts with them.
 */

/** Milliseconds that a body may go on after its signal was aborted by a cancel, where its knot says nothing else. */
export const DEFAULT_CANCEL_GRACE_MS = 10_000;
/** So many workers in a row may be lost before the knot is given up as their killer. */
export const LOST_WORKERS = 3;
/** Milliseconds in all that a body waits for its retries in an activity that runs others as well; longer waits are the server's. */
export const RETRY_WAIT_MS = 10_000;
/** Activities in flight at once; the server refuses more than 2,000 pending ones. */
export const RUNNING_KNOTS = 500;
/** Parents' values beyond this are left for the activity to look up. */
export const INLINE_BYTES_PER_ACTIVITY = 64 * 1024;
/** Terminals' values beyond this are not in what the workflow answers. */
export const TERMINALS_INLINE_BYTES = 64 * 1024;
/**
 * Knots of one segment. What is lost with a worker (nothing that is committed) and what waits for a segment's end (all that
 * depends on it from outside) grow with a segment, while an activity's own cost is next to nothing from some hundred knots
 * on. And with ids of 200 characters this many still fit in a payload below the size that the server warns of.
 */
export const SEGMENT_SIZE = 2_000;
/** More parents than this are all left for the activity to look up by their lineage records. */
export const PARENTS_PER_ACTIVITY = 500;
/**
 * Over 4 MiB of commands in one workflow task fail a run for good (`GrpcMessageTooLarge`), so the host stops at a quarter
 * of that and goes on in the next task.
 */
export const TASK_COMMAND_BYTES = 1024 * 1024;
/** Layout slices are at most 128 KiB; so many of them may be in one workflow task. */
export const SLICES_PER_TASK = 6;
/** Inline values of parameters beyond this are looked up by their records. */
export const PARAMETER_BYTES_INLINE = 256 * 1024;
/** Skipped knots that are recorded by one local activity. */
export const SETTLED_KNOTS_PER_CALL = 1_000;

/** Elements of a map whose bodies run at once, where it does not say. */
export const MAP_CONCURRENCY = 100;

/** From here on, an execution of a run dispatches nothing more, comes to rest and continues as new. */
export const HOLD_EVENTS = 20_000;
export const HOLD_BYTES = 20 * 1024 * 1024;
/** From here on, the server suggests to continue, which a run does at the next moment of rest. Its defaults. */
export const SUGGESTED_EVENTS = 4_096;
export const SUGGESTED_BYTES = 4 * 1024 * 1024;
/** Here the server fails a run for good. Its defaults. */
export const FATAL_EVENTS = 51_200;
export const FATAL_BYTES = 50 * 1024 * 1024;
/** A large plan has to be loaded again by each execution, so each does at least this much work. */
export const SETTLED_PER_EXECUTION = 500;

/** A knot that may run for longer than this (milliseconds) is kept from holding up a large run: it gets a child run. */
export const SLOW_KNOT_MS = 3_600_000;
