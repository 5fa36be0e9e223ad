import { CancelledFailure, type Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityCompletionError } from '@temporalio/client';
import { SelvageError } from '../errors';

/**
 * Tells the server that the body of this attempt begins, and returns once the server knows. A heartbeat of the SDK would not do: it may be
 * held back for some seconds, and be lost with the worker.
 *
 * @param knot its id
 * @param label what is attempted, as the subject of a message's first sentence
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
    // The SDK does not know of this cancel and reports a failure. The run, which requested the cancel, accepts any failure as its end.
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
