import { CancelledFailure, type Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityCompletionError } from '@temporalio/client';
import { SelvageError } from '../errors';

/**
 * Resolves once the server knows that the body begins. The SDK may hold back heartbeats, and lose them with the
 * worker.
 *
 * @param label the attempt, as the subject of a message's first sentence
 * @throws SelvageError `ServerUnreachable`, `WorkerShutdown` (the server has given it up); CancelledFailure
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
    // The SDK reports this cancel as a failure. The run, which requested the cancel, accepts any failure.
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
