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

/** Time that another process may take from claiming a resume to starting its run. */
const START_MS = 10_000;
const LOOK_AGAIN_MS = 200;

/** A run's started resumes, in the order of requests. @throws SelvageError `ServerUnreachable`, `BackendUnavailable` */
export async function resumesOf(
  backends: Backends,
  client: WorkflowClient,
  run: RunRecord,
): Promise<readonly Resume[]> {
  const resumes = await Promise.all(namedIn(run).map((id) => resumeOf(backends, client, run, id)));
  return resumes.filter((resume) => resume !== undefined);
}

/** Runs that are recorded as resuming a run, started or not. */
export function namedIn({ details }: RunRecord): readonly string[] {
  return (details as { resumed_as?: readonly string[] }).resumed_as ?? [];
}

/**
 * Records that a run is to be resumed as another one. If the run was resumed before, even at the same time, refuses
 * unless the earlier resume has ended and `allowDuplicate` is set.
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
  // A repeated request for the same resume has nothing to do.
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
      // No later request should wait for the refused one.
      await runHistory.changeRun(run.temporal_run_id, { details: { resume_claimed_at: 0 } });
      throw error;
    }
  }
}

/** Time left for the last claimant to start its run, by the run history's clock; 0 if it was refused. */
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

/** The resumed run with an id; undefined if it was not started in time, as its claimant has died. */
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
  // The server may have the resumed run before its first step is on record.
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
