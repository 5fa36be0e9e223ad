import type { Context } from '@temporalio/activity';
import type { Execution } from '../runtime';

interface RunOfKnot {
  readonly runId: string;
  readonly temporalRunId: string;
}

export function executionInActivity(
  { info }: Context,
  worker: string,
  { runId, temporalRunId }: RunOfKnot,
  call: Pick<Execution, 'dispatcher' | 'attempt' | 'startedAt' | 'finishedAt'>,
): Execution {
  return {
    runId,
    temporalRunId,
    dispatcher: call.dispatcher,
    taskQueue: info.taskQueue,
    worker,
    attempt: call.attempt,
    // If the activity only concludes the knot, `startedAt` is earlier. The server's clock may also be ahead.
    scheduledAt: Math.min(info.scheduledTimestampMs, call.startedAt),
    startedAt: call.startedAt,
    finishedAt: call.finishedAt,
  };
}
