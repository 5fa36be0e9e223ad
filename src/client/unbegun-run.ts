import type { WorkflowClient, WorkflowExecutionDescription } from '@temporalio/client';
import { LoadedPlan } from '../execution';
import type { Backends, RunRecord } from '../protocols';
import { MEMO_KEY, type RunMemo } from '../workflows/messages';
import { serverIdentity } from './server-identity';

/**
 * The record of a run whose first step no worker has taken, by what the server knows of it. Its plan hash is empty where its
 * starter left the plan to the worker.
 */
export async function recordOfUnbegun(
  client: WorkflowClient,
  backends: Backends,
  description: WorkflowExecutionDescription,
): Promise<RunRecord> {
  const { workflowId, runId, type, startTime } = description;
  const memo = memoOf(description);
  const server = await serverIdentity(client);
  const stored = memo.plan === undefined ? undefined : await backends.tapestryStore.get(memo.plan);
  return {
    run_id: workflowId,
    temporal_run_id: runId,
    tapestry: type,
    plan_hash: memo.plan ?? '',
    parameter_hashes: {},
    terminals: stored ? LoadedPlan.parse(stored.text, stored.hash).terminals(memo.terminals) : {},
    status: 'running',
    actor: memo.actor ?? null,
    trigger: memo.trigger ?? 'temporal',
    tags: [...(memo.tags ?? [])],
    vcs_commit: memo.vcsCommit ?? null,
    parent_run_id: memo.parentRunId ?? null,
    started_at: startTime.getTime(),
    finished_at: null,
    environment: {
      ...(server && { server }),
      ...(memo.parentKnot !== undefined && { parent_knot: memo.parentKnot }),
      ...(memo.parametersHash && { parameters_hash: memo.parametersHash }),
      ...(memo.subject !== undefined && { subject: memo.subject }),
      ...(memo.backends?.digest !== undefined && { digest_key: memo.backends.digest }),
    },
  };
}

export function memoOf({ memo }: Pick<WorkflowExecutionDescription, 'memo'>): RunMemo {
  return memo?.[MEMO_KEY] ?? {};
}
