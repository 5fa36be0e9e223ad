import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  isGrpcServiceError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** What the server calls an update that a run had begun with and has ended before. */
export const CUT_OFF = 'AcceptedUpdateCompletedWorkflow';
/** gRPC status codes: the server says so where a run has too many updates at once, or in all; … */
const RESOURCE_EXHAUSTED = 8;
/** … and of an update that came while the run went on with a new history, or while too many others were under way. */
const ABORTED = 10;
/** … and, with these words, where the next step of the run has failed or got lost some times. */
const FAILED_PRECONDITION = 9;
const STEP_FAILS = /Workflow Task in failed state/;
/** What it calls an update that it gave to a worker and took back, before any code of the run has seen it. */
const UNPROCESSED = 'UnprocessedUpdate';

/** What an update has failed of: the answer of the run, or the server's word for why there is none. Undefined of any other error. */
export function failureOfUpdate(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure ? cause : undefined;
}

/** Whether the server has not let an update in, and would in a moment. */
export function isForLater(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof WorkflowNotFoundError) return false;
    if (cause instanceof WorkflowUpdateFailedError) return failureOfUpdate(cause)?.type === UNPROCESSED;
    if (isGrpcServiceError(cause)) return [ABORTED, RESOURCE_EXHAUSTED].includes(cause.code);
  }
  return false;
}

/** Whether the server lets no update in because the next step of the run fails again and again, or its workers are lost: until one succeeds. */
export function isStepFailing(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && cause.code === FAILED_PRECONDITION && STEP_FAILS.test(cause.details);
}
