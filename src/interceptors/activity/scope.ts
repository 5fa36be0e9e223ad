import { ApplicationFailure, type Context } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { currentAttempt } from '../../activities/knot-attempt';
import type { WorkerEnvironment } from '../../activities/worker-environment';
import { SelvageError } from '../../errors';
import { withRun, type RunScope } from '../../sealing/run-scope';
import { PIN_ACTIVITY, type PinRequest } from '../../workflows/messages';

/**
 * Lets an activity work for the subject of its run and with its digest key, so that all that it stores is sealed and hashed with these. Inside of
 * what counts refusals: where they cannot be told now, nothing may be stored, and the knot waits.
 */
export function createScope(
  environment: WorkerEnvironment,
): (context: Context) => ActivityInboundCallsInterceptor {
  return ({ info }) => ({
    async execute(input, next) {
      const { scopes } = environment;
      const [request] = input.args;
      let scope: RunScope;
      try {
        if (info.activityType === PIN_ACTIVITY) scope = await scopes.pinned(info, request as PinRequest);
        else scope = await scopes.of(info, request);
      } catch (error) {
        if (currentAttempt.getStore() || !SelvageError.is(error)) throw error;
        throw ApplicationFailure.create({
          message: error.message,
          type: error.code,
          details: [error.details],
        });
      }
      return await withRun(scope, () => next(input));
    },
  });
}
