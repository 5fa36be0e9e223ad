import { SelvageError } from '../errors';
import { Context } from '@temporalio/activity';
import { readKnotTask } from './tasks';
import { callWith } from '../runtime';
import type { BatchAttempt, SegmentAttempt } from './attempts';
import { runSegment } from './segment-run';
import { createSystemActivities, type SystemParts } from './system-activities';
import { BATCH_ACTIVITY, MAP_ACTIVITY, SEGMENT_ACTIVITY, SPLIT_ACTIVITY } from '../workflows/messages';
import { runBatch, type BatchParts } from './run-batch';
import { createSplitMap, type SplitParts } from './split-map';
import type { WorkerParts } from './worker-parts';

export { Registry } from './registry';
export { PlanCache } from './plan-cache';
export { RecentValues } from './recent-values';
export { WorkerParts, type ActivityLimits } from './worker-parts';

type AnyActivity = (...args: any[]) => Promise<unknown>;

/**
 * All activities of a worker: one under the name of each definition, the system activities, and a `default`. Our
 * interceptor refuses knots with missing definitions before they reach `default`.
 *
 * @param usersDefault the user's own `default`, for calls that are not our knots
 */
export function createActivities(
  environment: SystemParts & BatchParts & SplitParts & Pick<WorkerParts, 'registry'>,
  usersDefault: AnyActivity | undefined,
): Record<string, AnyActivity> {
  // The activity behind every definition. Our interceptor does the rest of a knot's life.
  const callBody = callWith(() => environment.bodyHosts) as AnyActivity;
  const activities: Record<string, AnyActivity> = {
    ...(createSystemActivities(environment) as Record<string, AnyActivity>),
    [SEGMENT_ACTIVITY]: (attempt) => runSegment(environment, attempt as SegmentAttempt),
    [SPLIT_ACTIVITY]: createSplitMap(environment),
    [BATCH_ACTIVITY]: (attempt) => runBatch(environment, attempt as BatchAttempt),
    // Concludes maps that this worker's tapestries no longer have.
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
