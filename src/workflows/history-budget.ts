import type { WorkflowInfo } from '@temporalio/workflow';
import { HOLD_BYTES, HOLD_EVENTS, SETTLED_PER_EXECUTION } from '../engine';

/** What tells when one execution of the interpreter ends and a new one goes on (continue-as-new). */
type History = Pick<WorkflowInfo, 'historyLength' | 'historySize' | 'continueAsNewSuggested'>;

/** Plans that may take more events than this have their slow knots in child runs. */
export const CHILD_RUNS_FROM_EVENTS = HOLD_EVENTS;
/** How often child runs of earlier executions are asked whether they are still there: after this time, doubled up to the longest. */
export const FIRST_CHECK_MS = 60_000;
export const LONGEST_CHECK_MS = 3_600_000;

/** The server takes 2,000 updates of one execution. */
const SIGNALS_TO_HOLD = 1_500;
const SIGNALS_TO_CONTINUE = 500;
/** Signals that no knot has taken: all of them go to the next execution in one payload, which the server takes up to 2 MiB. */
export const KEPT_SIGNALS = 5_000;

/** Whether so many signals have come that nothing more may be dispatched. */
export function holdForSignals(received: number): boolean {
  return received >= SIGNALS_TO_HOLD;
}

/** Whether so many signals have come that a moment with nothing pending should be used to continue. */
export function continueForSignals(received: number): boolean {
  return received >= SIGNALS_TO_CONTINUE;
}

/** Whether nothing more may be dispatched, so that the history comes to rest. */
export function holdDispatch(history: History): boolean {
  return history.historyLength >= HOLD_EVENTS || history.historySize >= HOLD_BYTES;
}

/** Whether a moment with nothing pending should be used to continue. */
export function continueNow(history: History, settled: number): boolean {
  return history.continueAsNewSuggested && settled >= SETTLED_PER_EXECUTION;
}
