import {
  WorkflowNotFoundError,
  type WorkflowClient,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { SelvageError } from '../errors';
import type { Backends, RequiredRecords, RunEnd, RunRecord, RunStatus } from '../ports';
import { endedRun } from '../ports/parts/ended-run';
import { hasRequired } from '../ports/parts/required-records';
import { requiredRecords, whatWasLost } from '../runtime';
import { runLimits, type RunLimits } from '../workflows/run-limits';
import { unreachable } from './connection-errors';
import { layoutOfRun, readPlanOf } from './read-run';
import { serverIdentity } from './server-identity';
import { memoOf } from './unbegun-run';

const ENDED: Readonly<Record<string, RunStatus>> = {
  COMPLETED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'failed',
};

export function asEnded(run: RunRecord, { status, closeTime }: WorkflowExecutionDescription): RunRecord {
  return {
    ...run,
    status: ENDED[status.name] ?? 'terminated',
    finished_at: closeTime?.getTime() ?? Date.now(),
  };
}

interface SeenRun {
  readonly run: RunRecord;
  /** The end of the run that the run's record lacks. */
  readonly missing?: MissingEnd;
}

interface MissingEnd {
  /** `finished_at` is null if the time is unknown. */
  readonly end: RunEnd;
  /** Records that must exist for this end. */
  readonly required?: RequiredRecords;
  /** Set if the run did not settle its records, so that its child runs may still work. */
  readonly limits?: RunLimits;
}

/**
 * Compares a running record with the server, and changes nothing. The run may have ended without reporting (a
 * terminate, or a lost history), or the run history may have lost the record of its end. A run of another
 * server keeps the state of its record.
 *
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
export async function lookAtRun(
  backends: Backends,
  client: WorkflowClient,
  run: RunRecord,
): Promise<SeenRun> {
  if (run.status !== 'running') return { run };
  const ended = await endOnServer(client, run);
  if (!ended) return { run };
  // The run may have recorded its end between the looks at its record and at the server.
  const now = await backends.runHistory.getRunByTemporalId(run.temporal_run_id);
  if (now && now.status !== 'running') return { run: now };
  const missing = ended.limits ? cutShort(ended, ended.limits) : await settledEnd(backends, run, ended);
  return { run: endedRun(run, missing.end), missing };
}

interface EndOnServer extends Pick<RunEnd, 'status' | 'finished_at'> {
  readonly error?: { readonly type: string; readonly message: string };
  /** Limits of the run; absent if its workflow completed by itself, as it does after settling its records. */
  readonly limits?: RunLimits;
}

function cutShort({ status, finished_at, error }: EndOnServer, limits: RunLimits): MissingEnd {
  return { end: { status, finished_at, details: { error } }, limits };
}

/** The end of a run that settled its records before the history went back; failed if records are missing. */
async function settledEnd(
  backends: Backends,
  run: RunRecord,
  { status, finished_at, error }: EndOnServer,
): Promise<MissingEnd> {
  const { runHistory } = backends;
  const { temporal_run_id: key } = run;
  const required = await knotsOf(backends, run);
  const counts = required && (await countOutcomes(backends, key, required));
  if (counts) return { end: { status, finished_at, details: { counts, ...(error && { error }) } }, required };
  const message =
    `The server has this run as ${status}; ${await whatWasLost(runHistory, key, run.started_at)}: it went back in time, by a backup that was restored or a replica ` +
    `that lagged. Go on from what is there in a new run: selvage resume ${run.run_id} FILE`;
  return { end: { status: 'failed', finished_at, details: { error: { type: 'HistoryLost', message } } } };
}

/** The records that a run must have; undefined if its plan is lost as well. */
async function knotsOf(backends: Backends, run: RunRecord): Promise<RequiredRecords | undefined> {
  try {
    const layout = layoutOfRun(await readPlanOf(backends, run), run);
    return await requiredRecords(backends.runHistory, run.temporal_run_id, layout);
  } catch (error) {
    if (SelvageError.is(error, 'InvalidPlan')) return undefined;
    throw error;
  }
}

const AT_A_TIME = 1_000;

/** The end of a run by its records; undefined if some of them are missing. */
async function countOutcomes(
  { runHistory }: Backends,
  run: string,
  { knots, elements = [] }: RequiredRecords,
): Promise<Record<'ok' | 'err' | 'skipped', number> | undefined> {
  const counts = { ok: 0, err: 0, skipped: 0 };
  for (let first = 0; first < knots.length; first += AT_A_TIME) {
    for (const { outcome } of await runHistory.getOutcomes(run, knots.slice(first, first + AT_A_TIME)))
      counts[outcome] += 1;
  }
  const isWhole = counts.ok + counts.err + counts.skipped === knots.length;
  return isWhole && (await hasRequired(runHistory, run, { knots: [], elements })) ? counts : undefined;
}

async function endOnServer(client: WorkflowClient, run: RunRecord): Promise<EndOnServer | undefined> {
  try {
    const description = await lastOfChain(client, run);
    const { name } = description.status;
    // The run was continued as new, and its id belongs to another run by now: the true end is not worth a search.
    const status = name === 'CONTINUED_AS_NEW' ? 'terminated' : ENDED[name];
    if (!status) return undefined;
    const { reason, own } = await reasonOf(client, description);
    const finished_at = description.closeTime?.getTime() ?? null;
    if (name === 'COMPLETED' || name === 'CANCELLED' || own)
      return { status, finished_at, ...(own && own.type !== 'RunFailed' && { error: own }) };
    const message =
      `The server says that the run ${name === 'FAILED' ? 'has' : 'was'} ${name.toLowerCase().replaceAll('_', ' ')}` +
      `${reason ? ` (${reason})` : ''}; ` +
      'it did not settle its records.';
    const limits = runLimits(memoOf(description).limits);
    return { status, finished_at, error: { type: 'RunTerminated', message }, limits };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw unreachable(error);
    const { server } = run.details as { server?: string };
    if (server === undefined || server !== (await serverIdentity(client))) return undefined;
    const message = 'The server does not know the run any more.';
    return {
      status: 'terminated',
      finished_at: null,
      error: { type: 'RunTerminated', message },
      limits: runLimits(undefined),
    };
  }
}

/** The records name the first execution of a run that was continued as new. */
async function lastOfChain(client: WorkflowClient, run: RunRecord): Promise<WorkflowExecutionDescription> {
  const first = await client.getHandle(run.run_id, run.temporal_run_id).describe();
  if (first.status.name !== 'CONTINUED_AS_NEW') return first;
  const newest = await client.getHandle(run.run_id).describe();
  return newest.raw.workflowExecutionInfo?.firstRunId === run.temporal_run_id ? newest : first;
}

/** Reads why a workflow ended. `own`: the failure of a workflow that has settled its records. */
async function reasonOf(
  client: WorkflowClient,
  { workflowId, runId }: WorkflowExecutionDescription,
): Promise<{ reason: string | undefined; own?: EndOnServer['error'] }> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const {
    workflowExecutionTerminatedEventAttributes: terminated,
    workflowExecutionFailedEventAttributes: failed,
  } = history?.events?.[0] ?? {};
  // The innermost cause says what happened; the outer causes say in which activity.
  let failure = failed?.failure;
  while (failure?.cause) failure = failure.cause;
  const reason = terminated?.reason || failure?.message || undefined;
  const type = failed?.failure?.applicationFailureInfo?.type;
  return { reason, ...(isSettledBy(type) && { own: { type, message: failed!.failure!.message ?? '' } }) };
}

function isSettledBy(type: string | null | undefined): type is string {
  return type === 'RunFailed' || type === 'DeadlineExceeded' || type === 'HistoryLost';
}
