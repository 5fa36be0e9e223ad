import { requiredRecords, whatWasLost } from '../runtime';
import { SelvageError } from '../errors';
import type { Backends, RunRecord, RunStatus } from '../ports';
import { layoutOfRun, readPlanOf } from './read-run';

/** Records read at a time. */
const AT_A_TIME = 1_000;

/** How a run with settled records ended, according to the server. */
export interface SettledEnd {
  readonly status: RunStatus;
  readonly at: number;
  /** Why it ended early, if it did. */
  readonly error?: { readonly type: string; readonly message: string };
}

/**
 * Ends the record of a run that had settled its records, but is recorded as running because its history went back in time. If all records
 * of its knots exist, it gets its original end; otherwise it is recorded as failed, with what is lost.
 */
export async function endSettled(
  backends: Backends,
  run: RunRecord,
  { status, at, error }: SettledEnd,
): Promise<void> {
  const { runHistory } = backends;
  const { temporal_run_id: key } = run;
  const ids = await knotsOf(backends, run);
  if (ids) {
    const counts = await countOutcomes(backends, key, ids.knots);
    const details = { counts, ...(error && { error }) };
    if (await runHistory.endRun(key, { status, finished_at: at, details }, ids)) return;
  }
  const message =
    `The server has this run as ${status}; ${await whatWasLost(runHistory, key)}: it went back in time, by a backup that was restored or a replica ` +
    `that lagged. Go on from what is there in a new run: selvage resume ${run.run_id} FILE`;
  await runHistory.endRun(key, {
    status: 'failed',
    finished_at: at,
    details: { error: { type: 'HistoryLost', message } },
  });
}

/** Undefined if the plan is lost as well. */
async function knotsOf(
  backends: Backends,
  run: RunRecord,
): Promise<Awaited<ReturnType<typeof requiredRecords>> | undefined> {
  try {
    const layout = layoutOfRun(await readPlanOf(backends, run), run);
    return await requiredRecords(backends.runHistory, run.temporal_run_id, layout);
  } catch (error) {
    if (SelvageError.is(error, 'InvalidPlan')) return undefined;
    throw error;
  }
}

async function countOutcomes(
  { runHistory }: Backends,
  run: string,
  ids: readonly string[],
): Promise<Record<'ok' | 'err' | 'skipped', number>> {
  const counts = { ok: 0, err: 0, skipped: 0 };
  for (let first = 0; first < ids.length; first += AT_A_TIME) {
    for (const { outcome } of await runHistory.getOutcomes(run, ids.slice(first, first + AT_A_TIME)))
      counts[outcome] += 1;
  }
  return counts;
}
