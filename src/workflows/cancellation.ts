import { ActivityFailure, CancelledFailure, ChildWorkflowFailure } from '@temporalio/common';

export function isCancellation(error: unknown): boolean {
  if (error instanceof CancelledFailure) return true;
  const isWrapper = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  return isWrapper && error.cause instanceof CancelledFailure;
}
