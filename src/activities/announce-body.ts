import { CancelledFailure, type Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityCompletionError } from '@temporalio/client';
import { SelvageError } from '../errors';

/**
 * Tells the server that the body of this attempt begins, and returns when it has heard it: a heartbeat of the SDK may wait for some seconds
 * for the next one, and be lost with the worker.
 *
 * @param knot its id
 * @param label what is attempted, to begin a sentence with
 * @throws SelvageError `ServerUnreachable`, `WorkerShutdown` (the server has given this attempt up); CancelledFailure
 */
export async function announceBody(
  context: Context,
  knot: string,
  label: string,
  details: object,
): Promise<void> {
  try {
    await context.client.activity.heartbeat(context.info.taskToken, details);
  } catch (cause) {
    // Not known to the SDK as a cancel, which answers a failure then; the run, which has asked for it, takes any as its cancel.
    if (cause instanceof ActivityCancelledError) throw new CancelledFailure(`${label} was cancelled`);
    if (cause instanceof ActivityCompletionError) {
      throw new SelvageError(
        'ServerUnreachable',
        `${label} could not tell the server that its body begins (${cause.message}); it is tried again.`,
        { details: { knot }, cause },
      );
    }
    throw new SelvageError(
      'WorkerShutdown',
      `The server has given up this attempt, or an operator has paused it, before its body began: ${label} goes on in another one.`,
      { details: { knot }, cause },
    );
  }
}
