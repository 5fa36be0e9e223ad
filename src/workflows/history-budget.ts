import type { RunLimits } from './run-limits';
import type { Facts } from './world';

/**
 * The facts that decide when an execution of the interpreter ends and a new one continues (continue-as-new).
 */
type History = Pick<Facts, 'historyLength' | 'historySize' | 'continueAsNewSuggested'>;

/** Whether so many signals have arrived that nothing more may be dispatched. */
export function holdForSignals({ signalsToHold }: RunLimits, received: number): boolean {
  return received >= signalsToHold;
}

/**
 * Whether so many signals have arrived that the next moment with nothing pending should be used to continue
 * as new.
 */
export function continueForSignals({ signalsToContinue }: RunLimits, received: number): boolean {
  return received >= signalsToContinue;
}

/** Whether nothing more may be dispatched, so that the execution can continue as new. */
export function holdDispatch(
  { holdEvents, holdBytes }: RunLimits,
  { historyLength, historySize }: Pick<History, 'historyLength' | 'historySize'>,
): boolean {
  return historyLength >= holdEvents || historySize >= holdBytes;
}

/** Whether a moment with nothing pending should be used to continue as new. */
export function continueNow(
  { settledPerExecution }: RunLimits,
  { continueAsNewSuggested }: Pick<History, 'continueAsNewSuggested'>,
  settled: number,
): boolean {
  return continueAsNewSuggested && settled >= settledPerExecution;
}
