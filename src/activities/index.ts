import { SelvageError } from '../errors';
import { Context } from '@temporalio/activity';
import { readKnotTask } from './knot-attempt';
import { createRunKnot } from './run-knot';
import { createRunSegment } from './run-segment';
import { createSystemActivities } from './system-activities';
import { BATCH_ACTIVITY, MAP_ACTIVITY, SEGMENT_ACTIVITY, SPLIT_ACTIVITY } from '../workflows/messages';
import { createRunBatch } from './run-batch';
import { createSplitMap } from './split-map';
import type { WorkerEnvironment } from './worker-environment';

export { Registry } from './registry';
export { PlanCache } from './plan-cache';
export { WorkerEnvironment, type ActivityLimits } from './worker-environment';

type AnyActivity = (...args: any[]) => Promise<unknown>;

/**
 * All activities of a worker: one function under the name of every definition, the system activities, and a `default` for
 * knots whose definition this worker does not have (the commit interceptor refuses those before it is called).
 *
 * @param usersDefault the user's own `default`, which gets what is not a knot of ours
 */
export function createActivities(
  environment: WorkerEnvironment,
  usersDefault: AnyActivity | undefined,
): Record<string, AnyActivity> {
  const runKnot = createRunKnot(environment);
  const activities: Record<string, AnyActivity> = {
    ...(createSystemActivities(environment) as Record<string, AnyActivity>),
    [SEGMENT_ACTIVITY]: createRunSegment(environment),
    [SPLIT_ACTIVITY]: createSplitMap(environment),
    [BATCH_ACTIVITY]: createRunBatch(environment),
    // Of a map that this worker's tapestries do not have any more.
    [MAP_ACTIVITY]: runKnot,
  };
  for (const type of environment.registry.activityTypes) activities[type] = runKnot;
  activities['default'] = async (...args) => {
    if (usersDefault && !readKnotTask(Context.current().info, args[0])) return await usersDefault(...args);
    throw new SelvageError(
      'BodyMissing',
      'This worker has no activity of this type: register the tapestry that uses it.',
    );
  };
  return activities;
}
