import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  isGrpcServiceError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** The server's type for an update that a run accepted but ended before completing. */
export const CUT_OFF = 'AcceptedUpdateCompletedWorkflow';
/** gRPC status codes. The server returns this one if a run has too many updates at once, or in all; … */
const RESOURCE_EXHAUSTED = 8;
/** … with these words if there are too many at once; … */
export const ONE_TOO_MANY = /in-flight updates/;
/**
 * … also with these, if an execution ends before it has seen the update. The server says so for as long as it has that execution in memory, while
 * the next one may take the update at once.
 */
export const IS_CLOSING = /workflow is closing/;
/** … this one for an update that arrived while the run continued as new, or while too many others were in progress; … */
const ABORTED = 10;
/** … and this one, with these words, if the run's next step has failed or was lost several times. */
const FAILED_PRECONDITION = 9;
const STEP_FAILS = /Workflow Task in failed state/;
/** With these words, a step has just failed that contained the update; its effects are undone. */
const STEP_FAILED = /unexpected workflow task failure/;
/**
 * CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE: the server or the connection is at fault, and nobody knows whether the call
 * arrived. A server that gives up at the same moment as the caller returns CANCELLED.
 */
const UNCERTAIN: readonly number[] = [1, 2, 4, 13, 14];
/** The server's type for an update that it gave to a worker and took back before the run saw it. */
const UNPROCESSED = 'UnprocessedUpdate';

/** Why an update failed: the run's answer, or the server's reason why there is none. Undefined for any other error. */
export function failureOfUpdate(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure ? cause : undefined;
}

/** Whether the execution has ended, or is about to, without having seen the update. */
export function isUnseen(error: unknown): boolean {
  return says(error, IS_CLOSING);
}

/** Whether the server refused an update because the run has the most concurrent updates allowed. */
export function isOneTooMany(error: unknown): boolean {
  return says(error, ONE_TOO_MANY);
}

/** Whether the server refused a call with these words. */
function says(error: unknown, words: RegExp): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && words.test(cause.details);
}

/** Whether the server refused an update temporarily. */
export function isForLater(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof WorkflowNotFoundError) return false;
    if (cause instanceof WorkflowUpdateFailedError) return failureOfUpdate(cause)?.type === UNPROCESSED;
    if (isGrpcServiceError(cause))
      return [ABORTED, RESOURCE_EXHAUSTED].includes(cause.code) || STEP_FAILED.test(cause.details);
  }
  return false;
}

/**
 * Whether an update is unanswered: it may have arrived nevertheless, or is currently refused, for example because the run is paused or its
 * execution has had the most updates allowed.
 */
export function isUnanswered(error: unknown): boolean {
  const cause =
    error instanceof ServiceError || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError
      ? error.cause
      : error;
  if (error instanceof WorkflowNotFoundError || !isGrpcServiceError(cause)) return false;
  return UNCERTAIN.includes(cause.code) || cause.code === FAILED_PRECONDITION;
}

/** Whether the server refuses updates because the run's next step keeps failing, or its workers are lost, until one succeeds. */
export function isStepFailing(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && cause.code === FAILED_PRECONDITION && STEP_FAILS.test(cause.details);
}
