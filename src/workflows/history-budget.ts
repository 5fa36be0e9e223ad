import type { WorkflowInfo } from '@temporalio/workflow';

/**
 * When one execution of the interpreter ends and a new one goes on (continue-as-new). The server fails a run for good at
 * 51,200 events or 50 MiB of history.
 */
export const HOLD_EVENTS = 20_000;
export const HOLD_BYTES = 20 * 1024 * 1024;
/** A large plan has to be loaded again by each execution, so each does at least this much work. */
export const SETTLED_PER_EXECUTION = 500;

type History = Pick<WorkflowInfo, 'historyLength' | 'historySize' | 'continueAsNewSuggested'>;

/** Whether nothing more may be dispatched, so that the history comes to rest. */
export function holdDispatch(history: History): boolean {
  return history.historyLength >= HOLD_EVENTS || history.historySize >= HOLD_BYTES;
}

/** Whether a moment with nothing pending should be used to continue. */
export function continueNow(history: History, settled: number): boolean {
  return history.continueAsNewSuggested && settled >= SETTLED_PER_EXECUTION;
}
