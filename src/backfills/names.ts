/** Workflow type of a backfill, in every worker of a partitioned tapestry. */
export const BACKFILL = 'selvage.backfill';

/** The trigger of the runs that a backfill starts. */
export function triggerOfBackfill(runId: string): string {
  return `backfill:${runId}`;
}
