/** Stands in for src/workflows/history-budget.ts in a bundle of its own, so that a test need not fill a real history. */
import { continueNow } from '../../src/workflows/history-budget';
import type { WorkflowInfo } from '@temporalio/workflow';

export const LOW_HOLD_EVENTS = 1_500;

export { continueNow };

export const CHILD_RUNS_FROM_EVENTS = 2 * LOW_HOLD_EVENTS;
export const FIRST_CHECK_MS = 500;
export const LONGEST_CHECK_MS = 500;
export const KEPT_SIGNALS = 70;

export function holdDispatch({ historyLength }: Pick<WorkflowInfo, 'historyLength'>): boolean {
  return historyLength >= LOW_HOLD_EVENTS;
}

export function holdForSignals(received: number): boolean {
  return received >= 60;
}

export function continueForSignals(received: number): boolean {
  return received >= 20;
}
