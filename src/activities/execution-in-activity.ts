import type { Context } from '@temporalio/activity';
import type { Execution } from '../runtime';

export function executionInActivity(
  { info }: Context,
  worker: string,
  { runId, temporalRunId }: Pick<Execution, 'runId' | 'temporalRunId'>,
  call: Pick<Execution, 'dispatcher' | 'attempt' | 'startedAt' | 'finishedAt'>,
): Execution {
  return {
    runId,
    temporalRunId,
    ...call,
    taskQueue: info.taskQueue,
    worker,
    // If the activity only concludes the knot, `startedAt` is earlier. The server's clock may be ahead, too.
    scheduledAt: Math.min(info.scheduledTimestampMs, call.startedAt),
  };
}
