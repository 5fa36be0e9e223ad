import type { WorkflowInfo } from '@temporalio/workflow';
import type { RunLimits } from './run-limits';

/** What tells when one execution of the interpreter ends and a new one goes on (continue-as-new). */
type History = Pick<WorkflowInfo, 'historyLength' | 'historySize' | 'continueAsNewSuggested'>;

/** Whether so many signals have come that nothing more may be dispatched. */
export function holdForSignals({ signalsToHold }: RunLimits, received: number): boolean {
  return received >= signalsToHold;
}

/** Whether so many signals have come that a moment with nothing pending should be used to continue. */
export function continueForSignals({ signalsToContinue }: RunLimits, received: number): boolean {
  return received >= signalsToContinue;
}

/** Whether nothing more may be dispatched, so that the history comes to rest. */
export function holdDispatch(
  { holdEvents, holdBytes }: RunLimits,
  { historyLength, historySize }: Pick<History, 'historyLength' | 'historySize'>,
): boolean {
  return historyLength >= holdEvents || historySize >= holdBytes;
}

/** Whether a moment with nothing pending should be used to continue. */
export function continueNow(
  { settledPerExecution }: RunLimits,
  { continueAsNewSuggested }: Pick<History, 'continueAsNewSuggested'>,
  settled: number,
): boolean {
  return continueAsNewSuggested && settled >= settledPerExecution;
}
