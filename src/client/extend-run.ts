import {
  ServiceError,
  WorkflowNotFoundError,
  isGrpcServiceError,
  type WorkflowHandle,
} from '@temporalio/client';
import { nodeSha256 } from '../backends';
import { readFragment } from '../engine';
import { SelvageError, isErrorCode } from '../errors';
import { storedFragment } from '../execution';
import type { Fragment } from '../model';
import type { DataStore } from '../protocols';
import { updatePatiently } from './patient-update';
import { CUT_OFF, failureOfUpdate } from './update-failure';
import { EXTEND_UPDATE, RUN_CONTINUES, type ExtendMessage } from '../workflows/messages';

/** A gRPC status code. */
const NOT_FOUND = 5;

/**
 * Puts a fragment where workers find it, and asks the run to take it. Any number of times: what a run has already, it takes as
 * done.
 *
 * @param isUnfinished whether the server says that the run goes on
 * @throws SelvageError what is wrong with the fragment; `RunOver`
 */
export async function extendRun(
  workflow: WorkflowHandle,
  dataStore: DataStore,
  given: Fragment,
  isUnfinished: () => Promise<boolean>,
): Promise<void> {
  const fragment = readFragment(JSON.parse(JSON.stringify(given ?? null)));
  const { hash, bytes } = storedFragment(fragment, nodeSha256);
  await dataStore.put([{ hash, bytes }]);
  const message: ExtendMessage = { fragment: hash };
  await updatePatiently(
    () => workflow.executeUpdate<{ plan: string }, [ExtendMessage]>(EXTEND_UPDATE, { args: [message] }),
    {
      mayTryAgain: async (error) => {
        const refusal = refusalOf(error);
        if (refusal) throw refusal;
        if (!isGone(error)) return false;
        if (await isUnfinished()) return true;
        throw runIsOver(workflow.workflowId, error);
      },
    },
  );
}

/** What the run said against it; undefined where it has not been heard. */
function refusalOf(error: unknown): SelvageError | undefined {
  const failure = failureOfUpdate(error);
  if (!failure || !isErrorCode(failure.type)) return undefined;
  const [details] = (failure.details ?? []) as [Record<string, unknown> | undefined];
  return new SelvageError(failure.type, failure.message, { ...(details && { details }), cause: error });
}

/** Whether this execution of the run heard it no more: the run is over, or goes on in another execution. */
function isGone(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const failure = failureOfUpdate(error);
  if (failure) return failure.type === RUN_CONTINUES || failure.type === CUT_OFF;
  return codeOf(error) === NOT_FOUND;
}

function codeOf(error: unknown): number | undefined {
  const cause = error instanceof ServiceError && error.cause !== undefined ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}

function runIsOver(run: string, cause: unknown): SelvageError {
  return new SelvageError(
    'RunOver',
    `Run "${run}" is over and takes no more knots. Start a new one, or resume it and extend that.`,
    { details: { run }, cause },
  );
}
