import { ApplicationFailure, type Context } from '@temporalio/activity';
import { SelvageError } from '../../errors';
import { withRun, type RunScope } from '../../encryption/run-scope';
import { BEGIN_RUN_ACTIVITY, type BeginRunRequest } from '../../workflows/messages';
import type { WorkerEnvironment } from '../worker-environment';

/**
 * Sets the subject and the digest key of the activity's run, so that everything it stores is sealed and hashed with them. If they cannot be
 * determined now, nothing may be stored: a knot waits, and any other activity fails.
 *
 * @param isAttempt whether a refusal makes the activity wait
 */
export async function inScope<T>(
  environment: WorkerEnvironment,
  { info }: Context,
  request: unknown,
  isAttempt: boolean,
  run: () => Promise<T>,
): Promise<T> {
  const { scopes } = environment;
  let scope: RunScope;
  try {
    if (info.activityType === BEGIN_RUN_ACTIVITY)
      scope = await scopes.ofBeginning(info, request as BeginRunRequest);
    else scope = await scopes.of(info, request);
  } catch (error) {
    if (isAttempt || !SelvageError.is(error)) throw error;
    throw ApplicationFailure.create({ message: error.message, type: error.code, details: [error.details] });
  }
  return await withRun(scope, run);
}
