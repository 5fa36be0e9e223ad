import type { NodeKind } from '../../authoring/records';

export const BEGIN_RUN_ACTIVITY = 'selvage.beginRun';

export const LAYOUT_ACTIVITY = 'selvage.layout';

export const FINISH_RUN_ACTIVITY = 'selvage.finishRun';

export const LOOKUP_ACTIVITY = 'selvage.lookup';

export const SEGMENT_ACTIVITY = 'selvage.segment';

/** First step of a child run that runs a tapestry: returns its type and parameters. */
export const NEST_ACTIVITY = 'selvage.nest';

export const EXTEND_ACTIVITY = 'selvage.extend';

/** Activity that returns a `WaitEnd`, if the time is a value of the run. */
export const WAIT_ACTIVITY = 'selvage.wait';

export const CHECK_ACTIVITY = 'selvage.checkSignals';

/** Activities of the interpreter itself, beside bodies. */
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

export const SPLIT_ACTIVITY = 'selvage.split';

/** The map's own activity: composes the outcomes of its elements. */
export const MAP_ACTIVITY = 'selvage.map';

export const BATCH_ACTIVITY = 'selvage.batch';

/** Child run of one slow knot in a large plan. */
export const KNOT_WORKFLOW = 'selvage.knot';

export function childWorkflowType(node: NodeKind | undefined): string {
  return node === undefined ? KNOT_WORKFLOW : `selvage.${node}`;
}

/** Signal from a child run to its run: a `ChildEnd`. */
export const KNOT_ENDED_SIGNAL = 'selvage.knotEnded';

/** Checks that a child run exists: the server accepts the signal. */
export const STILL_THERE_SIGNAL = 'selvage.stillThere';

export const STATUS_QUERY = 'selvage.status';

export const SEGMENTS_QUERY = 'selvage.segments';

/** Update that takes an `ExtendMessage`; fails with the code of the fragment's problem. */
export const EXTEND_UPDATE = 'selvage.extend';

/** Failure type: this execution is about to continue as new, so the sender should try again. */
export const RUN_CONTINUES = 'RunContinues';

/** Failure type: the activity needs records or values that are lost. Knots whose records are lost must run again. */
export const RECORDS_LOST = 'selvage.recordsLost';

/** Key of the `RunMemo` in the workflow's memo. */
export const MEMO_KEY = 'selvage';

/**
 * Failure type of a signal that an earlier execution has accepted; the details are the `SignalReceipt`. A refusal
 * adds nothing to the history.
 */
export const ALREADY_ANSWERED = 'AlreadyAnswered';

/** Symbol of the interpreter's entry, by which a worker finds it in a user's bundle. */
export const INTERPRETER = 'selvage.interpreter';
