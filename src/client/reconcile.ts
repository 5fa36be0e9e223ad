import {
  WorkflowNotFoundError,
  type WorkflowClient,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import type { Backends, RunRecord, RunStatus } from '../protocols';
import { endChildRuns } from './child-runs';
import { unreachable } from './connection-errors';
import { serverIdentity } from './server-identity';
import { memoOf } from './unbegun-run';
import type { RunMemo } from '../workflows/messages';
import { runLimits } from '../workflows/run-limits';

const ENDED: Readonly<Record<string, RunStatus>> = {
  COMPLETED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'failed',
};

/** More running runs than this are left to those who look at them. */
const AT_START = 1_000;

/** Reconciles the runs that are on record as running, as far as the server can be asked: what a starting worker does. */
export async function reconcileRunning(
  backends: Backends,
  client: WorkflowClient,
  stop: AbortSignal,
): Promise<void> {
  const { items } = await backends.runHistory.listRuns({ status: 'running', limit: AT_START });
  for (const run of items) {
    if (stop.aborted) return;
    await reconcileRun(backends, client, run);
  }
}

/**
 * Compares a record that says running with the server, and ends it where the run ended without a word (a terminate, or a
 * history that is gone). A run of another server is left alone. Idempotent; records that have ended are answered as they are.
 */
export async function reconcileRun(
  backends: Backends,
  client: WorkflowClient,
  run: RunRecord,
): Promise<RunRecord> {
  if (run.status !== 'running') return run;
  const ended = await endOnServer(client, run);
  if (!ended) return run;
  // The run may have ended properly between the two looks.
  const now = await backends.runHistory.getRunByTemporalId(run.temporal_run_id);
  if (now && now.status !== 'running') return now;
  await endChildRuns(backends, client, run, runLimits(ended.limits));
  await backends.runHistory.endRun(run.temporal_run_id, {
    status: ended.status,
    finished_at: ended.at,
    environment: { error: { type: 'RunTerminated', message: ended.message } },
  });
  return (await backends.runHistory.getRunByTemporalId(run.temporal_run_id)) ?? run;
}

interface EndOnServer {
  readonly status: RunStatus;
  readonly at: number;
  readonly message: string;
  /** Of the run, as far as the server knows. */
  readonly limits?: RunMemo['limits'];
}

async function endOnServer(client: WorkflowClient, run: RunRecord): Promise<EndOnServer | undefined> {
  try {
    const description = await lastOfChain(client, run);
    const { name } = description.status;
    // A chain that was continued and whose id has another run by now: how it ended is not worth the search.
    const status = name === 'CONTINUED_AS_NEW' ? 'terminated' : ENDED[name];
    if (!status) return undefined;
    const reason = await reasonOf(client, description);
    return {
      status,
      limits: memoOf(description).limits,
      at: description.closeTime?.getTime() ?? Date.now(),
      message:
        `The server says that the run ${name === 'FAILED' ? 'has' : 'was'} ${name.toLowerCase().replaceAll('_', ' ')}` +
        `${reason ? ` (${reason})` : ''}; ` +
        'it did not settle its records.',
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      const { server } = run.environment as { server?: string };
      if (server === undefined || server !== (await serverIdentity(client))) return undefined;
      return { status: 'terminated', at: Date.now(), message: 'The server does not know the run any more.' };
    }
    throw unreachable(error);
  }
}

/** The records name the first execution of a run that was continued as new. */
async function lastOfChain(client: WorkflowClient, run: RunRecord): Promise<WorkflowExecutionDescription> {
  const first = await client.getHandle(run.run_id, run.temporal_run_id).describe();
  if (first.status.name !== 'CONTINUED_AS_NEW') return first;
  const newest = await client.getHandle(run.run_id).describe();
  return newest.raw.workflowExecutionInfo?.firstRunId === run.temporal_run_id ? newest : first;
}

/** What the last event of the history has of it. */
async function reasonOf(
  client: WorkflowClient,
  { workflowId, runId }: WorkflowExecutionDescription,
): Promise<string | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const {
    workflowExecutionTerminatedEventAttributes: terminated,
    workflowExecutionFailedEventAttributes: failed,
  } = history?.events?.[0] ?? {};
  // The innermost cause is the one that says what happened: the outer ones say which activity it happened in.
  let failure = failed?.failure;
  while (failure?.cause) failure = failure.cause;
  return terminated?.reason || failure?.message || undefined;
}
