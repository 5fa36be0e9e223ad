import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowClient } from '@temporalio/client';
import { SelvageError } from '../errors';
import type { Backends, RunRecord, RunStatus } from '../ports';
import { describeIfThere } from './executions';
import { lookAtRun } from './look-at-run';
import { memoOf } from './unbegun-run';

/** A run that resumed another one. */
export interface Resume {
  readonly runId: string;
  readonly status: RunStatus;
}

/** Time that another process has between claiming to resume a run and starting the new one. */
const START_MS = 10_000;
const LOOK_AGAIN_MS = 200;

/**
 * The runs that resumed this one, in the order of the requests. A run's record names them before they start; those that never did are left
 * out.
 *
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
export async function resumesOf(
  backends: Backends,
  client: WorkflowClient,
  run: RunRecord,
): Promise<readonly Resume[]> {
  const resumes = await Promise.all(namedIn(run).map((id) => resumeOf(backends, client, run, id)));
  return resumes.filter((resume) => resume !== undefined);
}

/** The runs that are recorded as resuming this one, whether or not they started. */
export function namedIn({ details }: RunRecord): readonly string[] {
  return (details as { resumed_as?: readonly string[] }).resumed_as ?? [];
}

/**
 * Records that a run is to be resumed as another one, unless it already was: of two requests, even simultaneous ones, the second is
 * refused. If the earlier resume has ended, another is possible when explicitly requested; while it runs, none is.
 *
 * @throws SelvageError `AlreadyResumed`, `ServerUnreachable`, `BackendUnavailable`
 */
export async function claimResume(
  backends: Backends,
  client: WorkflowClient,
  run: RunRecord,
  {
    runId,
    allowDuplicate = false,
  }: { readonly runId: string; readonly allowDuplicate?: boolean | undefined },
): Promise<void> {
  const before = namedIn(run);
  // A repeated request for the same resume.
  if (before.includes(runId)) return;
  await requireNotResumed(backends, client, run, allowDuplicate);
  const { runHistory } = backends;
  await runHistory.changeRun(run.temporal_run_id, {
    resumedAs: runId,
    details: { resume_claimed_at: await runHistory.now() },
  });
  const claimed = namedIn((await runHistory.getRunByTemporalId(run.temporal_run_id)) ?? run);
  for (const id of claimed.slice(0, claimed.indexOf(runId))) {
    const other = await started(
      backends,
      client,
      run,
      id,
      before.includes(id) ? await timeLeft(backends, run) : START_MS,
    );
    try {
      if (other) refuseUnlessAgain(run, [other], allowDuplicate);
    } catch (error) {
      // Nobody should wait for this refused one.
      await runHistory.changeRun(run.temporal_run_id, { details: { resume_claimed_at: 0 } });
      throw error;
    }
  }
}

/** Milliseconds that the last claimant still has to start the new run; none if it was refused. By the run history's clock. */
async function timeLeft({ runHistory }: Backends, { details }: RunRecord): Promise<number> {
  const { resume_claimed_at: claimedAt = 0 } = details as { resume_claimed_at?: number };
  const ago = (await runHistory.now()) - claimedAt;
  return ago >= 0 ? Math.max(START_MS - ago, 0) : 0;
}

/** @throws SelvageError `AlreadyResumed`, `ServerUnreachable`, `BackendUnavailable` */
export async function requireNotResumed(
  backends: Backends,
  client: WorkflowClient,
  run: RunRecord,
  allowDuplicate = false,
): Promise<void> {
  refuseUnlessAgain(run, await resumesOf(backends, client, run), allowDuplicate);
}

/** Undefined if it was not started in time: then its claimant has died. */
async function started(
  backends: Backends,
  client: WorkflowClient,
  run: RunRecord,
  id: string,
  within: number,
): Promise<Resume | undefined> {
  const limit = performance.now() + within;
  for (;;) {
    const resume = await resumeOf(backends, client, run, id);
    if (resume || performance.now() > limit) return resume;
    await delay(LOOK_AGAIN_MS);
  }
}

async function resumeOf(
  backends: Backends,
  client: WorkflowClient,
  { run_id: from, temporal_run_id: temporalRunId }: RunRecord,
  id: string,
): Promise<Resume | undefined> {
  const known = await backends.runHistory.getRun(id);
  if (known) {
    const { resumed_from: origin } = known.details as { resumed_from?: string };
    if (origin === from) return { runId: id, status: (await lookAtRun(backends, client, known)).run.status };
  }
  // Its first step may not have been taken yet.
  const description = await describeIfThere(client, id);
  if (!description || memoOf(description).resume?.temporalRunId !== temporalRunId) return undefined;
  const isOpen = ['RUNNING', 'PAUSED', 'CONTINUED_AS_NEW'].includes(description.status.name);
  return { runId: id, status: isOpen ? 'running' : 'terminated' };
}

function refuseUnlessAgain(run: RunRecord, resumes: readonly Resume[], allowDuplicate: boolean): void {
  const working = resumes.find(({ status }) => status === 'running');
  const last = working ?? (allowDuplicate ? undefined : resumes.at(-1));
  if (!last) return;
  const { runId, status } = last;
  throw new SelvageError(
    'AlreadyResumed',
    `Run "${run.run_id}" was resumed already, as run "${runId}" (${status}). ` +
      (working
        ? `Follow that: selvage runs show ${runId}. To resume "${run.run_id}" otherwise, cancel it first.`
        : `${status === 'succeeded' ? 'See what became of it: selvage runs show' : 'Go on from that: selvage resume'} ${runId}. To resume ` +
          `"${run.run_id}" once more: --allow-duplicate (in code: \`allowDuplicate: true\`).`),
    { details: { run: run.run_id, resumedAs: resumes.map((resume) => ({ ...resume })) } },
  );
}
