import type { WorkflowClient } from '@temporalio/client';
import type { OpenRun, OpenRuns } from '../retention';
import { MEMO_KEY, type RunMemo } from '../workflows/messages';

/**
 * The workflows of the namespace that are not over. One that no worker has begun is in no run history, and needs its parameters, or the run that it
 * goes on from.
 */
export async function openRuns(client: WorkflowClient): Promise<OpenRuns> {
  const needed = new Set<string>();
  let oldest: OpenRun | undefined;
  for await (const { workflowId: runId, startTime, memo } of client.list({
    query: "ExecutionStatus = 'Running'",
  })) {
    const since = startTime.getTime();
    if (!oldest || since < oldest.since) oldest = { runId, since };
    needed.add(runId);
    const { resume } = (memo?.[MEMO_KEY] ?? {}) as RunMemo;
    if (resume) needed.add(resume.run);
  }
  return { needed, ...(oldest && { oldest }) };
}
