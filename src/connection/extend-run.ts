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

/** Idempotent: a known fragment counts as added. @throws SelvageError `RunOver`, or the fragment's mistake */
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
        throw new SelvageError(
          'RunOver',
          `Run "${workflow.workflowId}" is over and takes no more knots. Start a new one, or resume it and extend that.`,
          { details: { run: workflow.workflowId }, cause: error },
        );
      },
    },
  );
}

/** The run's refusal of a fragment; undefined if the run did not receive the fragment. */
function refusalOf(error: unknown): SelvageError | undefined {
  const failure = failureOfUpdate(error);
  if (!failure || !isErrorCode(failure.type)) return undefined;
  const [details] = (failure.details ?? []) as [Record<string, unknown> | undefined];
  return new SelvageError(failure.type, failure.message, { details, cause: error });
}

/** Whether this execution can no longer receive a fragment: the run is over, or has continued as new. */
function isGone(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  const failure = failureOfUpdate(error);
  if (failure) return failure.type === RUN_CONTINUES || failure.type === CUT_OFF;
  return isNotFound(error);
}
