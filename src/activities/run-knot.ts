import { DEFAULT_CANCEL_GRACE_MS } from '../engine';
import { callBody, superviseBody } from '../execution';
import { ActivityContext } from './activity-context';
import { currentAttempt, type KnotAttempt, type PreparedBody } from './knot-attempt';
import type { WorkerEnvironment } from './worker-environment';

/**
 * The activity behind every definition: calls the user's body under its timeout and cancel. The commit interceptor has
 * turned the task into a {@link PreparedBody} before and records what comes back after; nothing is decided here.
 */
export function createRunKnot(environment: WorkerEnvironment): (prepared: PreparedBody) => Promise<unknown> {
  return async function runKnot({ knot, definition, inputs, extension }: PreparedBody): Promise<unknown> {
    const attempt = currentAttempt.getStore() as KnotAttempt;
    return await superviseBody(
      (signal) =>
        callBody(
          definition,
          knot.policy,
          inputs,
          new ActivityContext(environment, attempt, knot.id, signal, extension),
        ),
      {
        knotId: knot.id,
        cancel: attempt.context.cancellationSignal,
        cancelGrace: knot.policy.cancelGrace ?? DEFAULT_CANCEL_GRACE_MS,
        timeout: knot.policy.timeout,
      },
    );
  };
}
