import type { WorkflowClient, WorkflowExecutionDescription } from '@temporalio/client';
import { SelvageError } from '../errors';
import { runMatches } from '../ports/parts/run-matches';
import { LoadedPlan } from '../runtime';
import type { Backends, RunQuery, RunRecord } from '../ports';
import { MEMO_KEY, type RunMemo } from '../workflows/messages';
import { unreachable } from './connection-errors';
import { hasFirstStep } from './workflow-task-facts';
import { isUnfinished } from './run-on-server';
import { describeRunning, runningBut } from './running-workflows';
import { serverIdentity } from './server-identity';

/** Running workflows, newest first, that are searched for runs that no worker has begun. */
const LOOKED_AT = 1_000;

/**
 * A record made of the server's facts, for a run that no worker has begun. The record's plan hash is empty if the run's
 * starter left the plan to the worker. `details.begun` is false; or `details.recorded_elsewhere` is true, if its
 * records are in another run history.
 */
export async function recordOfUnbegun(
  client: WorkflowClient,
  backends: Backends,
  description: WorkflowExecutionDescription,
): Promise<RunRecord> {
  const { workflowId, runId, type, startTime } = description;
  const memo = memoOf(description);
  const server = await serverIdentity(client);
  const isElsewhere = isOfOtherHistory(memo, await backends.runHistory.identity());
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
    trigger_key: memo.triggerKey ?? null,
    partition: memo.partition ?? null,
    tags: [...(memo.tags ?? [])],
    vcs_commit: memo.vcsCommit ?? null,
    parent_run_id: memo.parentRunId ?? null,
    started_at: startTime.getTime(),
    finished_at: null,
    details: {
      ...(isElsewhere ? { recorded_elsewhere: true } : { begun: false }),
      ...(server && { server }),
      ...(memo.parentKnot !== undefined && { parent_knot: memo.parentKnot }),
      ...(memo.parametersHash && { parameters_hash: memo.parametersHash }),
      ...(memo.event && { event: memo.event }),
      ...(memo.subject !== undefined && { subject: memo.subject }),
      ...(memo.backends?.digest !== undefined && { digest_key: memo.backends.digest }),
    },
  };
}

/**
 * Matching runs that no worker has begun, newest first, from the server. Excludes runs started by a plain
 * Temporal client, whose memo does not name Selvage. Includes runs of other histories on the project's own
 * server, as those histories were deleted or replaced.
 *
 * @param isOwnServer whether only this project starts runs there
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
export async function unbegunRuns(
  client: WorkflowClient,
  backends: Backends,
  { limit, ...query }: RunQuery & { readonly limit: number },
  isOwnServer: boolean,
): Promise<RunRecord[]> {
  const { items, cursor } = await backends.runHistory.listRuns({ status: 'running', limit: LOOKED_AT });
  const begun = new Set(items.map((run) => run.run_id));
  const found: RunRecord[] = [];
  try {
    // If more records are running than one page has, the server's newest runs may be other ones.
    const known = cursor === undefined ? items : [];
    for (const workflow of await runningBut(client, known, {}, LOOKED_AT)) {
      if (found.length === limit) break;
      if (!workflow.hasMemo || begun.has(workflow.workflowId)) continue;
      const known = await backends.runHistory.getRun(workflow.workflowId);
      if (known?.temporal_run_id === workflow.runId) continue;
      const description = await describeRunning(client, workflow);
      if (!description || !(await isUnbegun(client, backends, { description, known, isOwnServer }))) continue;
      const run = await recordOfUnbegun(client, backends, description);
      if (runMatches(run, query)) found.push(run);
    }
  } catch (error) {
    throw unreachable(error);
  }
  return found;
}

async function isUnbegun(
  client: WorkflowClient,
  backends: Backends,
  run: {
    readonly description: WorkflowExecutionDescription;
    /** The newest record of the run's id, from another execution. */
    readonly known: RunRecord | undefined;
    readonly isOwnServer: boolean;
  },
): Promise<boolean> {
  const memo = memoOf(run.description);
  // A child run of a knot, or a run of other backends, is not listed.
  if ('temporalRunId' in memo) return false;
  const { runHistory } = backends;
  if (isOfOtherHistory(memo, await runHistory.identity())) return run.isOwnServer;
  // The memo of a nested run names the run around it in place of its backends.
  const { backends: of, parentTemporalRunId: around } = memo;
  if (!of && around !== undefined && !(await runHistory.getRunByTemporalId(around))) return run.isOwnServer;
  // An execution with a running record of its id was reset, or is a later one.
  if (run.known?.status === 'running') return false;
  return !(await hasFirstStep(client, run.description));
}

/** Whether another run history than this one has the records of a run. */
export function isOfOtherHistory({ backends }: RunMemo, identity: string | undefined): boolean {
  return backends?.history !== undefined && backends.history !== identity;
}

export function recordedElsewhere(
  runId: string,
  isOver = false,
): { readonly code: 'BackendsDiffer'; readonly message: string } {
  const remedy = isOver ? 'start the work under another id' : `end the run: selvage runs terminate ${runId}`;
  return {
    code: 'BackendsDiffer',
    message:
      'its records are in another run history, which was deleted, replaced, or belongs to another project. ' +
      `Put it back, or ${remedy}`,
  };
}

export function cannotBeAwaited(description: WorkflowExecutionDescription): SelvageError {
  const { workflowId } = description;
  const isOver = !isUnfinished(description);
  const { code, message } = recordedElsewhere(workflowId, isOver);
  const state = isOver ? 'is over' : 'cannot be waited for';
  return new SelvageError(code, `Run "${workflowId}" ${state}: ${message}`, {
    details: { run: workflowId },
  });
}

export function memoOf({ memo }: Pick<WorkflowExecutionDescription, 'memo'>): RunMemo {
  return memo?.[MEMO_KEY] ?? {};
}
