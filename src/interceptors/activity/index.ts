import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import type { WorkerEnvironment } from '../../activities/worker-environment';
import { createCommit } from './commit';
import { createLiveness } from './liveness';
import { createObserve } from './observe';
import { createScope } from './scope';

export type { KnotEnd, KnotEvent, KnotObserver } from './observe';

/** Our interceptors, outermost first. Activities that are not knots pass through them untouched, but for whose values they store. */
export function createActivityInterceptors(
  environment: WorkerEnvironment,
): ((context: Context) => ActivityInterceptors)[] {
  return [
    createObserve(environment.observers),
    createLiveness(),
    createScope(environment),
    createCommit(environment),
  ].map((create) => (context) => ({ inbound: create(context) }));
}
