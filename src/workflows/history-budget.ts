import type { RunLimits } from './run-limits';
import type { Facts } from './world';

/** Facts that decide when an execution ends and a new one continues (continue-as-new). */
type History = Pick<Facts, 'historyLength' | 'historySize' | 'continueAsNewSuggested'>;

/** The history is full: dispatch nothing more, then continue as new. */
export function holdDispatch(
  { holdEvents, holdBytes }: RunLimits,
  { historyLength, historySize }: Pick<History, 'historyLength' | 'historySize'>,
): boolean {
  return historyLength >= holdEvents || historySize >= holdBytes;
}

/** The history is long: continue as new when nothing is pending. */
export function continueNow(
  { settledPerExecution }: RunLimits,
  { continueAsNewSuggested }: Pick<History, 'continueAsNewSuggested'>,
  settled: number,
): boolean {
  return continueAsNewSuggested && settled >= settledPerExecution;
}
