import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, WorkflowUpdateFailedError, isGrpcServiceError } from '@temporalio/client';
import { failureOfUpdate } from './update-failure';

/** How long an update of a run is sent again and again, where nobody says otherwise. */
export const UPDATE_PATIENCE_MS = 60_000;

/** A gRPC status code: the server says so where a run has too many updates at once, or in all. */
const RESOURCE_EXHAUSTED = 8;
/** Its word for an update that came while the run went on with a new history, or while too many others were under way. */
const ABORTED = 10;
/** What it calls an update that it gave to a worker and took back, before any code of the run has seen it. */
const UNPROCESSED = 'UnprocessedUpdate';
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

export interface Patience {
  /** Milliseconds since the epoch. Absent: a minute after the first time that it is to be sent again, for a worker may be long in coming. */
  readonly giveUpAt?: number;
  /** Whether it is to be sent again for another reason; may throw what is to be thrown in place of the error. */
  readonly isForLater?: (error: unknown) => Promise<boolean>;
}

/**
 * Sends an update, again and again while the server does not let it in and would in a moment.
 *
 * @throws what it has failed of at last
 */
export async function updatePatiently<Answer>(
  send: () => Promise<Answer>,
  { giveUpAt, isForLater }: Patience = {},
): Promise<Answer> {
  let end = giveUpAt;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await send();
    } catch (error) {
      const isAgain = isNotLetIn(error) || (await isForLater?.(error));
      end ??= Date.now() + UPDATE_PATIENCE_MS;
      if (!isAgain || Date.now() >= end) throw error;
    }
    await delay(pause);
  }
}

function isNotLetIn(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof WorkflowNotFoundError) return false;
    if (cause instanceof WorkflowUpdateFailedError) return failureOfUpdate(cause)?.type === UNPROCESSED;
    if (isGrpcServiceError(cause)) return [ABORTED, RESOURCE_EXHAUSTED].includes(cause.code);
  }
  return false;
}
