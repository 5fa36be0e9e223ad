import type { WorkflowClient } from '@temporalio/client';
import type { OpenRun } from '../retention';

/** The workflow of the namespace that has been open for longest. One that no worker has begun is in no run history, and needs its parameters. */
export async function oldestOpen(client: WorkflowClient): Promise<OpenRun | undefined> {
  let oldest: OpenRun | undefined;
  for await (const { workflowId: runId, startTime } of client.list({
    query: "ExecutionStatus = 'Running'",
  })) {
    const since = startTime.getTime();
    if (!oldest || since < oldest.since) oldest = { runId, since };
  }
  return oldest;
}
