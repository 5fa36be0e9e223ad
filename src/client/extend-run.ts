import { setTimeout as delay } from 'node:timers/promises';
import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  isGrpcServiceError,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { nodeSha256 } from '../backends';
import { readFragment } from '../engine';
import { ERROR_CODES, SelvageError, type ErrorCode } from '../errors';
import { storedFragment } from '../execution';
import type { Fragment } from '../model';
import type { DataStore } from '../protocols';
import { EXTEND_UPDATE, RUN_CONTINUES, type ExtendMessage } from '../workflows/messages';

/** While a run continues as new, or takes as many updates as the server lets it have at once. */
const AGAIN_AFTER_MS = 100;
/** A gRPC status code: the server says so where a run has too many updates at once, or in all. */
const RESOURCE_EXHAUSTED = 8;
const NOT_FOUND = 5;
/** How long it is tried again where the server takes no more. */
const PATIENCE_MS = 30_000;

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
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await workflow.executeUpdate<{ plan: string }, [ExtendMessage]>(EXTEND_UPDATE, { args: [message] });
      return;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal) throw refusal;
      if (isGone(error)) {
        if (!(await isUnfinished())) throw runIsOver(workflow.workflowId, error);
      } else if (!isFull(error)) {
        throw error;
      }
      if (performance.now() > until) throw error;
    }
    await delay(AGAIN_AFTER_MS);
  }
}

/** What the run said against it; undefined where it has not been heard. */
function refusalOf(error: unknown): SelvageError | undefined {
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure) || !cause.type) return undefined;
  if (!Object.hasOwn(ERROR_CODES, cause.type)) return undefined;
  const [details] = (cause.details ?? []) as [Record<string, unknown> | undefined];
  return new SelvageError(cause.type as ErrorCode, cause.message, {
    ...(details && { details }),
    cause: error,
  });
}

/** Whether this execution of the run heard it no more: the run is over, or goes on in another execution. */
function isGone(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    return (
      cause instanceof ApplicationFailure &&
      (cause.type === RUN_CONTINUES || cause.type === 'AcceptedUpdateCompletedWorkflow')
    );
  }
  return codeOf(error) === NOT_FOUND;
}

function isFull(error: unknown): boolean {
  return codeOf(error) === RESOURCE_EXHAUSTED;
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
