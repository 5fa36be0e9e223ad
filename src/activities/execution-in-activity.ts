import type { Context } from '@temporalio/activity';
import type { Execution } from '../execution';

/** The run of a knot, and the Temporal run id that its records are kept under. */
interface RunOfKnot {
  readonly runId: string;
  readonly recordRun: string;
}

/** What the record of a knot says of who ran it, where and when, of one that an activity of this worker has run. */
export function executionInActivity(
  { info }: Context,
  worker: string,
  { runId, recordRun }: RunOfKnot,
  call: Pick<Execution, 'dispatcher' | 'attempt' | 'startedAt' | 'finishedAt'>,
): Execution {
  return {
    runId,
    temporalRunId: recordRun,
    dispatcher: call.dispatcher,
    taskQueue: info.taskQueue,
    worker,
    attempt: call.attempt,
    // Of a knot whose activity comes at its end, that is when it began; else the server's clock and the worker's may differ.
    scheduledAt: Math.min(info.scheduledTimestampMs, call.startedAt),
    startedAt: call.startedAt,
    finishedAt: call.finishedAt,
  };
}
