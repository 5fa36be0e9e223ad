import type { NodeKind } from '../../authoring/records';

export const BEGIN_RUN_ACTIVITY = 'selvage.beginRun';

export const LAYOUT_ACTIVITY = 'selvage.layout';

export const FINISH_RUN_ACTIVITY = 'selvage.finishRun';

export const LOOKUP_ACTIVITY = 'selvage.lookup';

export const SEGMENT_ACTIVITY = 'selvage.segment';

/** The first step of a child run that runs a tapestry: returns which one, and its parameters. */
export const NEST_ACTIVITY = 'selvage.nest';

export const EXTEND_ACTIVITY = 'selvage.extend';

/** Returns a `WaitEnd`: until when a knot waits, if that is a value of the run. */
export const WAIT_ACTIVITY = 'selvage.wait';

/** Returns a `SignalCheck` for each signal. */
export const CHECK_ACTIVITY = 'selvage.checkSignals';

/** The activities that the interpreter itself needs, beside running bodies. */
export const SYSTEM_ACTIVITIES: readonly string[] = [
  BEGIN_RUN_ACTIVITY,
  LAYOUT_ACTIVITY,
  FINISH_RUN_ACTIVITY,
  LOOKUP_ACTIVITY,
  NEST_ACTIVITY,
  EXTEND_ACTIVITY,
  WAIT_ACTIVITY,
  CHECK_ACTIVITY,
];

/** Sends a signal and waits for its fate: takes a `SignalRequest`, returns a `SignalReceipt`. */
export const SIGNAL_UPDATE = 'selvage.signal';

/** Splits a map's list into slices in the data store. */
export const SPLIT_ACTIVITY = 'selvage.split';

/** Composes the outcomes of a map's elements: the map's own activity. */
export const MAP_ACTIVITY = 'selvage.map';

/** Runs several elements of a map. */
export const BATCH_ACTIVITY = 'selvage.batch';

/** The workflow type of a child run: it runs one slow knot of a large plan. */
export const KNOT_WORKFLOW = 'selvage.knot';

/** The workflow type of a child run by its knot; for a node, `selvage.` and its kind. */
export function childWorkflowType(node: NodeKind | undefined): string {
  return node === undefined ? KNOT_WORKFLOW : `selvage.${node}`;
}

/** A child run tells its run the outcome of the knot: a `ChildEnd`. */
export const KNOT_ENDED_SIGNAL = 'selvage.knotEnded';

/** A run checks whether a child run still exists. The answer is whether the server accepts the signal. */
export const STILL_THERE_SIGNAL = 'selvage.stillThere';

export const STATUS_QUERY = 'selvage.status';

/** Returns the `RunningSegments`. */
export const SEGMENTS_QUERY = 'selvage.segments';

/** Extends the run: takes an `ExtendMessage`, and fails with the code of what is wrong with it. */
export const EXTEND_UPDATE = 'selvage.extend';

/**
 * Failure type: this execution is about to continue as new and accepts nothing more, so the sender should try again.
 */
export const RUN_CONTINUES = 'RunContinues';

/**
 * Failure type: an activity needs records or values that existed and are now lost. The knots that they belong to must
 * run again.
 */
export const RECORDS_LOST = 'selvage.recordsLost';

/** The key of the `RunMemo` in the workflow's memo. */
export const MEMO_KEY = 'selvage';

/**
 * Failure type that refuses a signal because an earlier execution has accepted it; the details are the `SignalReceipt`.
 * A refusal adds nothing to the history.
 */
export const ALREADY_ANSWERED = 'AlreadyAnswered';

/** The registered symbol of the interpreter's entry, by which a worker finds it in a bundle of the user's. */
export const INTERPRETER = 'selvage.interpreter';
