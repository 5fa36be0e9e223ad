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
/** gRPC's status code for too many updates of a run, at once or in all. */
const RESOURCE_EXHAUSTED = 8;
/** The message of `RESOURCE_EXHAUSTED` for too many updates at once. */
export const ONE_TOO_MANY = /in-flight updates/;
/**
 * The message of `RESOURCE_EXHAUSTED` for an execution that ends before it has seen the update. The server repeats it
 * as long as it has the execution in memory, though the next execution may take the update at once.
 */
export const IS_CLOSING = /workflow is closing/;
/** gRPC's status code for a run that was continuing as new, or had too many other updates in progress. */
const ABORTED = 10;
/** The status code and message for a run whose next step has failed or was lost several times. */
const FAILED_PRECONDITION = 9;
const STEP_FAILS = /Workflow Task in failed state/;
/** A step with the update has just failed; its effects are undone. */
const STEP_FAILED = /unexpected workflow task failure/;
/**
 * CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE: the server or the connection failed, and the call may
 * have arrived. CANCELLED is also the answer of a server that gives up together with the caller.
 */
const UNCERTAIN: readonly number[] = [1, 2, 4, 13, 14];
/** The server took the update back from a worker before the run saw it. */
const UNPROCESSED = 'UnprocessedUpdate';

/** The run's answer to an update, or the server's reason for none; undefined for any other error. */
export function failureOfUpdate(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure ? cause : undefined;
}

/** Whether the execution ends, or has ended, without having seen the update. */
export function isUnseen(error: unknown): boolean {
  return says(error, IS_CLOSING);
}

export function isOneTooMany(error: unknown): boolean {
  return says(error, ONE_TOO_MANY);
}

function says(error: unknown, words: RegExp): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && words.test(cause.details);
}

export function isForLater(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof WorkflowNotFoundError) return false;
    if (cause instanceof WorkflowUpdateFailedError) return failureOfUpdate(cause)?.type === UNPROCESSED;
    if (isGrpcServiceError(cause))
      return [ABORTED, RESOURCE_EXHAUSTED].includes(cause.code) || STEP_FAILED.test(cause.details);
  }
  return false;
}

/** Whether an update may have arrived, or is refused for now: the run is paused, or has too many updates. */
export function isUnanswered(error: unknown): boolean {
  const cause =
    error instanceof ServiceError || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError
      ? error.cause
      : error;
  if (error instanceof WorkflowNotFoundError || !isGrpcServiceError(cause)) return false;
  return UNCERTAIN.includes(cause.code) || cause.code === FAILED_PRECONDITION;
}

/** Whether updates are refused until a step succeeds, as steps fail or lose their workers. */
export function isStepFailing(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && cause.code === FAILED_PRECONDITION && STEP_FAILS.test(cause.details);
}
