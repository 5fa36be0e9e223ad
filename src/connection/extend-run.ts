import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { nodeSha256 } from '../backends';
import { readFragment } from '../plan';
import { SelvageError, isErrorCode } from '../errors';
import { storedFragment } from '../runtime';
import type { Fragment } from '../authoring';
import type { DataStore } from '../ports';
import { isNotFound } from './connection-errors';
import { updatePatiently } from './patient-update';
import { CUT_OFF, failureOfUpdate } from './update-failure';
import { EXTEND_UPDATE, RUN_CONTINUES, type ExtendMessage } from '../workflows/messages';

/**
 * Stores a fragment for the workers, and asks the run to add it. May be repeated: a fragment that the run already has counts as added.
 *
 * @param isUnfinished whether the server says that the run is still going
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

/** Why the run refused it; undefined if the run did not receive it. */
function refusalOf(error: unknown): SelvageError | undefined {
  const failure = failureOfUpdate(error);
  if (!failure || !isErrorCode(failure.type)) return undefined;
  const [details] = (failure.details ?? []) as [Record<string, unknown> | undefined];
  return new SelvageError(failure.type, failure.message, { details, cause: error });
}

/** Whether this execution of the run can no longer receive it: the run is over, or continues in another execution. */
function isGone(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const failure = failureOfUpdate(error);
  if (failure) return failure.type === RUN_CONTINUES || failure.type === CUT_OFF;
  return isNotFound(error);
}

function runIsOver(run: string, cause: unknown): SelvageError {
  return new SelvageError(
    'RunOver',
    `Run "${run}" is over and takes no more knots. Start a new one, or resume it and extend that.`,
    { details: { run }, cause },
  );
}
