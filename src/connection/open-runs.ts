import type { WorkflowClient } from '@temporalio/client';
import type { RunHistory } from '../ports';
import type { OpenRun, OpenRuns } from '../records/retention';
import type { ChildMemo, RunMemo } from '../workflows/messages';
import type { Connected } from './connect';
import { unreachable } from './connection-errors';
import { settleRunning } from './settle-runs';
import { describeRunning, runningWorkflows } from './running-workflows';
import { memoOf } from './unbegun-run';

/**
 * The unfinished runs that the server knows, after running records were settled. A run that no worker has
 * begun is in no run history; it needs its parameters, or the run that it resumes. Other workflows, and runs
 * of other backends, refer to no value of these backends.
 *
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
export async function openRuns({
  client,
  backends,
  place,
}: Pick<Connected, 'client' | 'backends' | 'place'>): Promise<OpenRuns> {
  try {
    await settleRunning(backends, client.workflow);
    return await openOnServer(client.workflow, backends.runHistory);
  } catch (error) {
    throw unreachable(error, place.address);
  }
}

async function openOnServer(client: WorkflowClient, runHistory: RunHistory): Promise<OpenRuns> {
  const needed = new Set<string>();
  let oldest: OpenRun | undefined;
  for await (const workflow of runningWorkflows(client)) {
    const { workflowId, runId, since, hasMemo } = workflow;
    const known = await runHistory.getRun(workflowId);
    const mustAsk = hasMemo && known?.temporal_run_id !== runId;
    const description = mustAsk ? await describeRunning(client, workflow) : undefined;
    const memo: RunMemo | ChildMemo | undefined = description && memoOf(description);
    // A plain client may have started a run without a memo, which refers to no value until its first step is on record.
    if (!known && !(memo && (await isOfBackends(runHistory, memo)))) continue;
    if (!oldest || since < oldest.since) oldest = { runId: workflowId, since };
    needed.add(workflowId);
    if (memo && 'resume' in memo && memo.resume) needed.add(memo.resume.runId);
  }
  return { needed, oldest };
}

/** A run is one of these backends by the client that started it, else by the run that it belongs to or resumes. */
async function isOfBackends(runHistory: RunHistory, memo: RunMemo | ChildMemo): Promise<boolean> {
  if ('temporalRunId' in memo) return (await runHistory.getRunByTemporalId(memo.temporalRunId)) !== undefined;
  const { backends, parentTemporalRunId, resume } = memo;
  if (backends) return backends.history === (await runHistory.identity());
  if (parentTemporalRunId !== undefined)
    return (await runHistory.getRunByTemporalId(parentTemporalRunId)) !== undefined;
  // A memo that names neither backends nor another run may belong to a run of these backends.
  return resume === undefined || (await runHistory.getRun(resume.runId)) !== undefined;
}
