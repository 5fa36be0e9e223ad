import { ApplicationFailure, type Context } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { currentAttempt } from '../../activities/knot-attempt';
import type { WorkerEnvironment } from '../../activities/worker-environment';
import { SelvageError } from '../../errors';
import { withSubject } from '../../sealing/subject-scope';
import { PIN_ACTIVITY, type PinRequest } from '../../workflows/messages';

/**
 * Lets an activity work for the subject of its run, so that all that it stores is sealed with that subject's key. Inside of what counts
 * refusals: where the subject cannot be told now, nothing may be stored, and the knot waits.
 */
export function createSubject(
  environment: WorkerEnvironment,
): (context: Context) => ActivityInboundCallsInterceptor {
  return ({ info }) => ({
    async execute(input, next) {
      const { subjects } = environment;
      const [request] = input.args;
      let subject: string | undefined;
      try {
        if (info.activityType === PIN_ACTIVITY) subject = subjects.pinned(info, request as PinRequest);
        else subject = await subjects.of(info, request);
      } catch (error) {
        if (currentAttempt.getStore() || !SelvageError.is(error)) throw error;
        throw ApplicationFailure.create({
          message: error.message,
          type: error.code,
          details: [error.details],
        });
      }
      return await withSubject(subject, () => next(input));
    },
  });
}
