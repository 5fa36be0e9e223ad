import type { SegmentAnswer } from '../workflows/messages';
import type { SegmentAttempt } from './attempts';
import { SegmentRun, type SegmentParts } from './segment-run';
import type { Uses } from './worker-parts';

/** Our interceptor has already made the attempt from its input. */
export async function runSegment(
  environment: SegmentParts & Uses<'begunSegments' | 'plans'>,
  attempt: SegmentAttempt,
): Promise<SegmentAnswer> {
  const begun = environment.begunSegments.takeOver(attempt);
  if (begun) return await begun;
  const plan = await environment.plans.get(attempt.task.plan);
  return await new SegmentRun(environment, attempt, plan).execute();
}
