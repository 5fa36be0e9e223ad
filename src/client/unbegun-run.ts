import type { WorkflowClient, WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { runMatches } from '../adapters/shared/run-matches';
import { identitiesOf } from '../backends';
import { LoadedPlan } from '../execution';
import type { Backends, RunQuery, RunRecord } from '../protocols';
import { MEMO_KEY, type RunMemo } from '../workflows/messages';
import { unreachable } from './connection-errors';
import { hasFirstStep } from './next-step';
import { serverIdentity } from './server-identity';

/** Running workflows that are looked at for runs that no worker has begun: the newest. */
const LOOKED_AT = 1_000;

/** What a description of a workflow and an entry of a listing have in common. */
type Known = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'type' | 'startTime' | 'memo'>;

/**
 * The record of a run whose first step no worker has taken, by what the server knows of it. Its plan hash is empty where its
 * starter left the plan to the worker. `environment.begun` is false.
 */
export async function recordOfUnbegun(
  client: WorkflowClient,
  backends: Backends,
  description: Known,
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
      begun: false,
      ...(server && { server }),
      ...(memo.parentKnot !== undefined && { parent_knot: memo.parentKnot }),
      ...(memo.parametersHash && { parameters_hash: memo.parametersHash }),
      ...(memo.subject !== undefined && { subject: memo.subject }),
      ...(memo.backends?.digest !== undefined && { digest_key: memo.backends.digest }),
    },
  };
}

/**
 * The runs that are asked for and that no worker has begun, newest first: only the server knows of them. Those of a client of Temporal's own,
 * which say nothing of Selvage, are not among them.
 *
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
export async function unbegunRuns(
  client: WorkflowClient,
  backends: Backends,
  { limit, ...query }: RunQuery & { readonly limit: number },
): Promise<RunRecord[]> {
  const { items } = await backends.runHistory.listRuns({ status: 'running', limit: LOOKED_AT });
  const begun = new Set(items.map((run) => run.run_id));
  const found: RunRecord[] = [];
  let lookedAt = 0;
  try {
    for await (const info of client.list({ query: "ExecutionStatus = 'Running'" })) {
      if (++lookedAt > LOOKED_AT || found.length === limit) break;
      if (begun.has(info.workflowId) || !(await isUnbegun(client, backends, info))) continue;
      const run = await recordOfUnbegun(client, backends, info);
      if (runMatches(run, query)) found.push(run);
    }
  } catch (error) {
    throw unreachable(error);
  }
  return found;
}

async function isUnbegun(client: WorkflowClient, backends: Backends, info: Known): Promise<boolean> {
  if (info.memo?.[MEMO_KEY] === undefined) return false;
  const memo = memoOf(info);
  // A child run of a knot, or a run of other backends.
  if ('run' in memo) return false;
  const history = memo.backends?.history;
  if (history !== undefined && history !== (await identitiesOf(backends)).history) return false;
  const known = await backends.runHistory.getRun(info.workflowId);
  // Without one of its own it may have been reset, or go on in another execution.
  if (known && (known.temporal_run_id === info.runId || known.status === 'running')) return false;
  return !(await hasFirstStep(client, info));
}

export function memoOf({ memo }: Pick<WorkflowExecutionDescription, 'memo'>): RunMemo {
  return memo?.[MEMO_KEY] ?? {};
}
