import type { WorkflowClient } from '@temporalio/client';
import { isAway } from '../errors';
import type { Backends, RunQuery, RunRecord } from '../ports';
import { everyPage } from '../ports/parts/every-item';
import { pause } from '../ports/parts/pause';
import { inParallel } from '../values/in-parallel';
import { endChildRuns } from './child-runs';
import { unreachable } from './connection-errors';
import { describeIfThere } from './executions';
import { lookAtRun } from './look-at-run';
import { isUnfinished } from './run-on-server';
import { cutShortSince, runningWorkflows } from './running-workflows';

/** The newest running records are always checked one by one, as the server's listing may lag behind. */
const ASKED_ANYHOW = 100;
const AT_A_TIME = 20;
/** Maximum number of workflow types: more do not fit in one query. */
const MOST_TYPES = 100;
const SETTLED_EVERY_MS = 60_000;
/** Margin for a server's listing that lags behind, and for a clock that differs from this machine's. */
const MARGIN_MS = 10 * 60_000;

interface CompareOptions {
  /** Selects running records. Default: all. */
  readonly query?: RunQuery;
  readonly stop?: AbortSignal;
  /** Time after which the rest of the runs is skipped. Default: no limit. */
  readonly limitMs?: number;
}

/**
 * Calls `look` for running records whose run may be over, newest first. The call costs one page of the server's listing
 * per thousand runs, and a look at each run that has ended.
 *
 * @returns when the newest skipped run began (milliseconds since the epoch); undefined if none was skipped
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
async function compareRunning(
  { runHistory }: Backends,
  client: WorkflowClient,
  { query = {}, stop, limitMs = Infinity }: CompareOptions,
  look: (run: RunRecord) => Promise<unknown>,
): Promise<number | undefined> {
  const limit = performance.now() + limitMs;
  const isToStop = (): boolean => stop?.aborted === true || performance.now() > limit;
  const running: RunRecord[] = [];
  for await (const runs of everyPage((page) =>
    runHistory.listRuns({ ...query, status: 'running', ...page }),
  )) {
    running.push(...runs);
    if (isToStop()) break;
  }
  const listed = running.length > ASKED_ANYHOW ? await openOnServer(client, running, isToStop) : [];
  if (!listed) return running[0]!.started_at;
  const open = new Set(listed);
  const suspects = running.filter(({ run_id }, index) => index < ASKED_ANYHOW || !open.has(run_id));
  let begun = 0;
  await eachInTurn(
    suspects,
    async (run) => {
      begun += 1;
      await look(run);
    },
    isToStop,
  );
  return suspects[begun]?.started_at;
}

/** Goes on with other runs after an error, unless a backend is unreachable; throws the first error at the end. */
async function eachInTurn(
  runs: readonly RunRecord[],
  work: (run: RunRecord) => Promise<unknown>,
  isToStop: () => boolean,
): Promise<void> {
  const failures: unknown[] = [];
  await inParallel(
    runs,
    AT_A_TIME,
    async (run) => {
      try {
        await work(run);
      } catch (error) {
        if (isAway(error)) throw error;
        failures.push(error);
      }
    },
    isToStop,
  );
  if (failures.length > 0) throw failures[0];
}

/** The open runs on the server; undefined if there was no time to list them all. */
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

/** Ended runs with a running record; `comparedSince` as of {@link compareRunning}. Changes nothing. */
export async function unsettledRuns(
  backends: Backends,
  client: WorkflowClient,
  options: CompareOptions,
): Promise<{ readonly runs: readonly RunRecord[]; readonly comparedSince: number | undefined }> {
  const runs: RunRecord[] = [];
  const comparedSince = await compareRunning(backends, client, options, async (record) => {
    const { run } = await lookAtRun(backends, client, record);
    if (run.status !== 'running') runs.push(run);
  });
  return { runs, comparedSince };
}

/** Records the end of a run that is over. Idempotent. Errors as of {@link lookAtRun}. */
export async function settleRun(
  backends: Backends,
  client: WorkflowClient,
  known: RunRecord,
): Promise<RunRecord> {
  const { run, missing } = await lookAtRun(backends, client, known);
  if (!missing) return run;
  const { end, required, limits } = missing;
  if (limits && !(await goesOnReset(client, known))) await endChildRuns(backends, client, known, limits);
  const { runHistory } = backends;
  await runHistory.endRun(
    run.temporal_run_id,
    { ...end, finished_at: end.finished_at ?? Date.now() },
    required,
  );
  return (await runHistory.getRunByTemporalId(run.temporal_run_id)) ?? run;
}

/** Whether another execution, as after a reset, goes on with the run and waits for its child runs. */
async function goesOnReset(client: WorkflowClient, run: RunRecord): Promise<boolean> {
  const newest = await describeIfThere(client, run.run_id);
  if (!isUnfinished(newest)) return false;
  const { firstRunId } = newest.raw.workflowExecutionInfo ?? {};
  return newest.runId !== run.temporal_run_id && firstRunId === run.temporal_run_id;
}

/** Errors as of {@link lookAtRun}. */
export async function settleRunning(
  backends: Backends,
  client: WorkflowClient,
  options: CompareOptions = {},
): Promise<void> {
  await compareRunning(backends, client, options, (run) => settleRun(backends, client, run));
}

/**
 * Settles all running records, then once a minute those of runs that were cut short; other runs settle themselves. Ends
 * with the signal.
 *
 * @param onError receives errors of attempts, which the next attempt makes up for
 * @param hasSteppedBack whether the run history has gone back in time since the last call; if so, all records are
 * settled again
 */
export async function keepSettled(
  backends: Backends,
  client: WorkflowClient,
  stop: AbortSignal,
  onError: (error: unknown) => void,
  hasSteppedBack: () => boolean = () => false,
  everyMs = SETTLED_EVERY_MS,
): Promise<void> {
  let done: number | undefined;
  while (!stop.aborted) {
    const now = Date.now();
    if (hasSteppedBack()) done = undefined;
    try {
      if (done === undefined) await settleRunning(backends, client, { stop });
      else await settleCutShort(backends, client, done - MARGIN_MS, stop);
      done = now;
    } catch (error) {
      onError(error);
    }
    await pause(everyMs, stop);
  }
}

async function settleCutShort(
  backends: Backends,
  client: WorkflowClient,
  since: number,
  stop: AbortSignal,
): Promise<void> {
  const ids = new Set<string>();
  for await (const { workflowId } of cutShortSince(client, since)) {
    if (stop.aborted) return;
    ids.add(workflowId);
  }
  if (ids.size === 0) return;
  const found: RunRecord[] = [];
  for await (const runs of everyPage((page) =>
    backends.runHistory.listRuns({ status: 'running', ...page }),
  )) {
    if (stop.aborted) return;
    found.push(...runs.filter((run) => ids.has(run.run_id)));
  }
  await eachInTurn(
    found,
    (run) => settleRun(backends, client, run),
    () => stop.aborted,
  );
}
