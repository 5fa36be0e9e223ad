import type { KnotAttempt } from './knot-attempt';

/** The Temporal run id under which the records of this run are kept: of the first execution of a continued chain. */
export function recordRunOf(attempt: KnotAttempt): string {
  return attempt.task.run ?? attempt.context.info.workflowExecution!.runId;
}
