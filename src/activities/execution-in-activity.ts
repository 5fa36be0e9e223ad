import type { Context } from '@temporalio/activity';
import type { Execution } from '../runtime';

/** A knot's run, and the Temporal run id under which its records are kept. */
interface RunOfKnot {
  readonly runId: string;
  readonly temporalRunId: string;
}

/** The part of a knot's record that says who ran it, where and when, for a knot that ran in an activity of this worker. */
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
    // If the activity only concludes the knot, that is when the knot began; otherwise the server's clock and the worker's may differ.
    scheduledAt: Math.min(info.scheduledTimestampMs, call.startedAt),
    startedAt: call.startedAt,
    finishedAt: call.finishedAt,
  };
}
