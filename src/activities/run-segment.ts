import type { SegmentAnswer } from '../workflows/messages';
import type { SegmentAttempt } from './attempts';
import { SegmentRun } from './segment-run';
import type { WorkerEnvironment } from './worker-environment';

/** The activity that runs a segment. Our interceptor has already made the attempt from its input. */
export function createRunSegment(
  environment: WorkerEnvironment,
): (attempt: SegmentAttempt) => Promise<SegmentAnswer> {
  return async function runSegment(attempt: SegmentAttempt): Promise<SegmentAnswer> {
    const begun = environment.begunSegments.takeOver(attempt);
    if (begun) return await begun;
    const plan = await environment.plans.get(attempt.task.plan);
    return await new SegmentRun(environment, attempt, plan).execute();
  };
}
