import {
  WorkflowNotFoundError,
  type WorkflowClient,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import type { Backends, RunQuery, RunRecord, RunStatus } from '../ports';
import { endChildRuns } from './child-runs';
import { unreachable } from './connection-errors';
import { runningWorkflows } from './running-workflows';
import { serverIdentity } from './server-identity';
import { endSettled, type SettledEnd } from './settled-run';
import { memoOf } from './unbegun-run';
import type { RunMemo } from '../workflows/messages';
import { runLimits } from '../workflows/run-limits';
import { everyPage } from '../ports/parts/every-item';
import { inParallel } from '../values/in-parallel';

const ENDED: Readonly<Record<string, RunStatus>> = {
  COMPLETED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'failed',
};

/** The record of a run that is over on the server, without writing it. */
export function asEnded(run: RunRecord, { status, closeTime }: WorkflowExecutionDescription): RunRecord {
  return {
    ...run,
    status: ENDED[status.name] ?? 'terminated',
    finished_at: closeTime?.getTime() ?? Date.now(),
  };
}

/** The newest running records are checked one by one in any case: the server's listing may lag behind. */
const ASKED_ANYHOW = 100;
const AT_A_TIME = 20;
/** More workflow types do not fit in one query. */
const MOST_TYPES = 100;

interface ReconcileOptions {
  /** Which of the running records to check. Default: all. */
  readonly query?: RunQuery;
  readonly stop?: AbortSignal;
  /** Milliseconds after which the rest is skipped. Default: no limit. */
  readonly limitMs?: number;
}

/**
 * Reconciles running records, newest first. Lists what runs on the server, and asks individually about the others. So it costs one page of
 * the listing per thousand runs, and a call for each run that has ended.
 *
 * @returns when the newest skipped run had begun (milliseconds since the epoch); undefined if none was skipped
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
export async function reconcileRunning(
  backends: Backends,
  client: WorkflowClient,
  { query = {}, stop, limitMs = Infinity }: ReconcileOptions = {},
): Promise<number | undefined> {
  const limit = performance.now() + limitMs;
  const isToStop = (): boolean => stop?.aborted === true || performance.now() > limit;
  const running = await runningOnRecord(backends, query, isToStop);
  const listed = running.length > ASKED_ANYHOW ? await openOnServer(client, running, isToStop) : [];
  if (!listed) return running[0]!.started_at;
  const open = new Set(listed);
  const suspects = running.filter(({ run_id }, index) => index < ASKED_ANYHOW || !open.has(run_id));
  let begun = 0;
  const reconcile = async (run: RunRecord): Promise<void> => {
    begun += 1;
    await reconcileRun(backends, client, run);
  };
  await inParallel(suspects, AT_A_TIME, reconcile, isToStop);
  return suspects[begun]?.started_at;
}

async function runningOnRecord(
  { runHistory }: Backends,
  query: RunQuery,
  isToStop: () => boolean,
): Promise<RunRecord[]> {
  const running: RunRecord[] = [];
  for await (const runs of everyPage((page) =>
    runHistory.listRuns({ ...query, status: 'running', ...page }),
  )) {
    running.push(...runs);
    if (isToStop()) break;
  }
  return running;
}

/** Ids of unfinished workflows of these runs' types; undefined if there was no time to list them all. */
async function openOnServer(
  client: WorkflowClient,
  runs: readonly RunRecord[],
  isToStop: () => boolean,
): Promise<string[] | undefined> {
  const types = [...new Set(runs.map(({ tapestry }) => tapestry))];
  const ids: string[] = [];
  try {
    for await (const { workflowId } of runningWorkflows(client, types.length > MOST_TYPES ? [] : types)) {
      if (isToStop()) return undefined;
      ids.push(workflowId);
    }
    return ids;
  } catch (error) {
    throw unreachable(error);
  }
}

/**
 * Compares a running record with the server, and ends it if the run ended without reporting (a terminate, or a history that is gone), or if
 * the run history has lost the record of its end. A run of another server is left alone. Idempotent; ended records are returned unchanged.
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
  if (ended.settled) {
    await endSettled(backends, run, ended.settled);
    return (await backends.runHistory.getRunByTemporalId(run.temporal_run_id)) ?? run;
  }
  await endChildRuns(backends, client, run, runLimits(ended.limits));
  await backends.runHistory.endRun(run.temporal_run_id, {
    status: ended.status,
    finished_at: ended.at,
    details: { error: { type: 'RunTerminated', message: ended.message } },
  });
  return (await backends.runHistory.getRunByTemporalId(run.temporal_run_id)) ?? run;
}

interface EndOnServer {
  /** Set if the run's workflow completed by itself, which it does after its records are settled. */
  readonly settled?: SettledEnd;
  readonly status: RunStatus;
  readonly at: number;
  readonly message: string;
  /** The run's limits, if the server knows them. */
  readonly limits?: RunMemo['limits'];
}

async function endOnServer(client: WorkflowClient, run: RunRecord): Promise<EndOnServer | undefined> {
  try {
    const description = await lastOfChain(client, run);
    const { name } = description.status;
    // The chain was continued, and its id belongs to another run by now: finding out how it ended is not worth the search.
    const status = name === 'CONTINUED_AS_NEW' ? 'terminated' : ENDED[name];
    if (!status) return undefined;
    const { reason, own } = await reasonOf(client, description);
    const at = description.closeTime?.getTime() ?? Date.now();
    const isSettled = name === 'COMPLETED' || name === 'CANCELLED' || own !== undefined;
    return {
      ...(isSettled && {
        settled: { status, at, ...(own && own.type !== 'RunFailed' && { error: own }) },
      }),
      status,
      limits: memoOf(description).limits,
      at,
      message:
        `The server says that the run ${name === 'FAILED' ? 'has' : 'was'} ${name.toLowerCase().replaceAll('_', ' ')}` +
        `${reason ? ` (${reason})` : ''}; ` +
        'it did not settle its records.',
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      const { server } = run.details as { server?: string };
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

/** Reads the reason from the history's last event. `own`: the failure of a workflow that has settled its records. */
async function reasonOf(
  client: WorkflowClient,
  { workflowId, runId }: WorkflowExecutionDescription,
): Promise<{ reason: string | undefined; own?: SettledEnd['error'] }> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const {
    workflowExecutionTerminatedEventAttributes: terminated,
    workflowExecutionFailedEventAttributes: failed,
  } = history?.events?.[0] ?? {};
  // The innermost cause says what happened; the outer ones say in which activity.
  let failure = failed?.failure;
  while (failure?.cause) failure = failure.cause;
  const reason = terminated?.reason || failure?.message || undefined;
  const type = failed?.failure?.applicationFailureInfo?.type;
  return { reason, ...(isSettledBy(type) && { own: { type, message: failed!.failure!.message ?? '' } }) };
}

/** Whether a workflow that fails like this has settled its records before. */
function isSettledBy(type: string | null | undefined): type is string {
  return type === 'RunFailed' || type === 'DeadlineExceeded' || type === 'HistoryLost';
}
