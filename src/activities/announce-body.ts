import { CancelledFailure, type Context } from '@temporalio/activity';
import { ActivityCancelledError, ActivityCompletionError } from '@temporalio/client';
import { SelvageError } from '../errors';

/**
 * Tells the server that the body of this attempt begins, and returns when it has heard it: a heartbeat of the SDK may wait for some seconds
 * for the next one, and be lost with the worker.
 *
 * @param label what is attempted, to begin a sentence with
 * @throws SelvageError `ServerUnreachable`, `WorkerShutdown` (the server has given this attempt up); CancelledFailure
 */
export async function announceBody(context: Context, label: string, details: object): Promise<void> {
  try {
    await context.client.activity.heartbeat(context.info.taskToken, details);
  } catch (cause) {
    if (cause instanceof ActivityCancelledError) throw new CancelledFailure(`${label} was cancelled`);
    if (cause instanceof ActivityCompletionError) {
      throw new SelvageError(
        'ServerUnreachable',
        `${label} could not tell the server that its body begins (${cause.message}); it is tried again.`,
        { cause },
      );
    }
    throw new SelvageError(
      'WorkerShutdown',
      `The server has given up this attempt before its body began: ${label} is taken over by another one.`,
      { cause },
    );
  }
}
