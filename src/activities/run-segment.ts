import { SegmentRun } from './segment-run';
import { currentAttempt, type SegmentAttempt } from './knot-attempt';
import type { WorkerEnvironment } from './worker-environment';
import type { SegmentAnswer } from '../workflows/messages';

/** The activity that runs a segment. The liveness interceptor has made the attempt from its input. */
export function createRunSegment(environment: WorkerEnvironment): () => Promise<SegmentAnswer> {
  return async function runSegment(): Promise<SegmentAnswer> {
    const attempt = currentAttempt.getStore() as SegmentAttempt;
    const begun = environment.begunSegments.takeOver(attempt);
    if (begun) return await begun;
    const plan = await environment.plans.get(attempt.task.plan);
    return await new SegmentRun(environment, attempt, plan).execute();
  };
}
