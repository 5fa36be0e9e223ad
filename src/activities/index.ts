import { SelvageError } from '../errors';
import { Context } from '@temporalio/activity';
import { readKnotTask } from './tasks';
import { callWith } from '../runtime';
import { createRunSegment } from './run-segment';
import { createSystemActivities } from './system-activities';
import { BATCH_ACTIVITY, MAP_ACTIVITY, SEGMENT_ACTIVITY, SPLIT_ACTIVITY } from '../workflows/messages';
import { createRunBatch } from './run-batch';
import { createSplitMap } from './split-map';
import type { WorkerEnvironment } from './worker-environment';

export { Registry } from './registry';
export { PlanCache } from './plan-cache';
export { RecentValues } from './recent-values';
export { WorkerEnvironment, type ActivityLimits } from './worker-environment';

type AnyActivity = (...args: any[]) => Promise<unknown>;

/**
 * All activities of a worker: one function under the name of every definition, the system activities, and a `default` for knots whose
 * definition this worker lacks (our interceptor refuses those before the call).
 *
 * @param usersDefault the user's own `default`, which gets calls that are not for our knots
 */
export function createActivities(
  environment: WorkerEnvironment,
  usersDefault: AnyActivity | undefined,
): Record<string, AnyActivity> {
  // The activity behind every definition. The runtime does everything around the call, in our interceptor.
  const callBody = callWith(() => environment.bodyHosts) as AnyActivity;
  const activities: Record<string, AnyActivity> = {
    ...(createSystemActivities(environment) as Record<string, AnyActivity>),
    [SEGMENT_ACTIVITY]: createRunSegment(environment),
    [SPLIT_ACTIVITY]: createSplitMap(environment),
    [BATCH_ACTIVITY]: createRunBatch(environment),
    // For maps that this worker's tapestries no longer have.
    [MAP_ACTIVITY]: callBody,
  };
  for (const type of environment.registry.activityTypes) activities[type] = callBody;
  activities['default'] = async (...args) => {
    if (usersDefault && !readKnotTask(Context.current().info, args[0])) return await usersDefault(...args);
    throw new SelvageError(
      'BodyMissing',
      'This worker has no activity of this type: register the tapestry that uses it.',
    );
  };
  return activities;
}
