import { CancelledFailure, type Context, ApplicationFailure } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor, ActivityInterceptors } from '@temporalio/worker';
import type { BodyCall } from '../../runtime';
import { KnotAttempt } from '../knot-attempt';
import { attemptOf } from '../attempts';
import type { TaskAttempt } from '../task-attempt';
import { runKnotCall, type KnotCallParts } from '../knot-call';
import type { Uses } from '../worker-parts';
import { Liveness } from './liveness';
import { observedCall } from '../observe';
import { SelvageError } from '../../errors';
import { withRun, type RunScope } from '../../encryption/run-scope';
import { BEGIN_RUN_ACTIVITY, type BeginRunRequest } from '../../workflows/messages';

type Next = Parameters<NonNullable<ActivityInboundCallsInterceptor['execute']>>[1];
type Input = Parameters<Next>[0];

/**
 * Notifies observers of the attempt, keeps the server informed, sets the run's subject, and runs the knot
 * with the activity as its body. Activities of segments and of parts of maps get their attempt in place of
 * their input. Other activities only get the subject of the values that they store.
 */
export function createActivityInterceptors(
  environment: KnotCallParts & Uses<'counts' | 'observers' | 'requireAttached' | 'scopes'>,
): ((context: Context) => ActivityInterceptors)[] {
  const liveness = new Liveness(environment.counts);
  const execute = async (context: Context, input: Input, next: Next): Promise<unknown> => {
    const [request] = input.args;
    const attempt = attemptOf(context, request, environment);
    const scoped = (run: () => Promise<unknown>): Promise<unknown> =>
      inScope(environment, context, request, attempt !== undefined, run);
    if (!attempt) return await scoped(() => next(input));
    return await observed(environment, attempt, () =>
      liveness.during(attempt, () => scoped(() => run(environment, attempt, input, next))),
    );
  };
  return [(context) => ({ inbound: { execute: (input, next) => execute(context, input, next) } })];
}

async function run(
  environment: KnotCallParts,
  attempt: TaskAttempt,
  input: Input,
  next: Next,
): Promise<unknown> {
  if (!(attempt instanceof KnotAttempt)) return await next({ ...input, args: [attempt] });
  return await runKnotCall(environment, attempt, (call: BodyCall) => next({ ...input, args: [call] }));
}

async function observed(
  { observers }: Uses<'observers'>,
  attempt: TaskAttempt,
  call: () => Promise<unknown>,
): Promise<unknown> {
  if (observers.length === 0 || !(attempt instanceof KnotAttempt)) return await call();
  const { context, task } = attempt;
  const { activityType: definition, attempt: number } = context.info;
  const event = {
    runId: task.runId,
    temporalRunId: task.temporalRunId,
    knotId: task.knot,
    definition,
    attempt: number,
  };
  return await observedCall(observers, context, event, call, (error) => error instanceof CancelledFailure);
}

/**
 * Seals and hashes everything that the activity stores with its run's subject and digest key. If the subject and the
 * key are unknown now, nothing may be stored: a knot waits, and any other activity fails.
 *
 * @param isAttempt whether a refusal makes the activity wait
 */
async function inScope<T>(
  environment: Uses<'requireAttached' | 'scopes'>,
  { info }: Context,
  request: unknown,
  isAttempt: boolean,
  run: () => Promise<T>,
): Promise<T> {
  environment.requireAttached();
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
