import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** What the server calls an update that a run had begun with and has ended before. */
export const CUT_OFF = 'AcceptedUpdateCompletedWorkflow';

/** What an update has failed of: the answer of the run, or the server's word for why there is none. Undefined of any other error. */
export function failureOfUpdate(error: unknown): ApplicationFailure | undefined {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  return cause instanceof ApplicationFailure ? cause : undefined;
}
