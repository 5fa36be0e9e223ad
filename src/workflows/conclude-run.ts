import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { SETTLED_KNOTS_PER_CALL } from '../plan';
import type { RunStatus } from '../ports';
import { failsWorkflow, unpackRanges } from '../scheduler';
import type { Start } from './begin-run';
import type { Continuation } from './carried-over';
import { FINISH_RUN_ACTIVITY, type FinishRunRequest, type RunAnswer, type RunMemo } from './messages';
import { failTaskIfUnknown, systemAmid, systemOf, type SystemActivities } from './system-calls';
import type { HostEnd, TemporalHost } from './temporal-host';
import type { Unrecorded } from './unrecorded-knots';
import type { World } from './world';

/** How often a run remakes lost records before it gives up. */
const MENDS = 10;

/**
 * Records everything that no activity has recorded, and ends the run or continues it in the next execution.
 * `parameters` is undefined if an earlier execution got the parameters.
 */
export async function conclude(
  host: TemporalHost,
  end: HostEnd,
  start: Start,
  memo: RunMemo,
  parameters: unknown,
  continuation: Continuation | undefined,
): Promise<RunAnswer> {
  const { world } = host;
  const temporalRunId = continuation?.temporalRunId ?? world.facts().runId;
  const facts: RunToFinish = { host, memo, temporalRunId, parameters, mended: continuation?.mended ?? 0 };
  const goOn = async (lost: readonly number[], saved?: Continuation['saved']): Promise<RunAnswer> => {
    const again =
      lost.length > 0 || host.needsRecords || !saved
        ? host.reopened(lost)
        : { saved, carried: host.carriedOver };
    const mended = facts.mended + Number(lost.length > 0 || host.needsRecords);
    await untilHandlersEnd(world);
    const next: Continuation = {
      behaviour: start.behaviour,
      limits: start.limits,
      plan: host.plan,
      temporalRunId,
      saved: again.saved,
      ...(mended > 0 && { mended }),
      ...again.carried,
    };
    return await world.continueAsNew(null, next);
  };
  let gone: RunError | undefined;
  if (end.kind === 'continue' && !host.endedBy) {
    const amid = systemAmid(world, start.limits);
    const running = { ...facts, status: 'running', unrecorded: host.toRecord } as const;
    await host.calls.run(() => finishRun(amid, running));
    const compared = host.needsRecords ? await host.calls.run(() => compare(amid, running)) : NOTHING_LOST;
    await host.signalsAtRest();
    // The next execution would miss a cancel that has arrived, so then this one is the last.
    if (!host.endedBy && !compared.gone) return await goOn(compared.lost, end.saved);
    gone = compared.gone;
    if (!host.endedBy) host.cancel('lost');
  }
  // The cancel came after the decision to continue, perhaps in the same task: child runs have their grace.
  if (end.kind === 'continue') await host.finished;
  await host.signalsAtRest();
  host.closeSignals();
  const missed = host.endedBy === 'deadline' && isCutShort(host) ? deadlineExceeded(memo) : undefined;
  let error = missed ?? host.refusedExtension ?? gone;
  const finished = (): SettledRun => ({
    ...facts,
    status: statusOf(host, error),
    unrecorded: host.toRecord,
    error,
  });
  let settled = await host.calls.run(() => compare(systemOf(world), { ...finished(), last: true }));
  if (settled.lost.length > 0 && !settled.gone) return await goOn(settled.lost);
  if (settled.gone) {
    error = settled.gone;
    settled = await host.calls.run(() => compare(systemOf(world), { ...finished(), last: true }));
  }
  const status = statusOf(host, error);
  const answer: RunAnswer = {
    status,
    counts: host.report.counts,
    plan: host.plan,
    record: settled.record,
    terminals: host.report.terminals(),
  };
  await untilHandlersEnd(world);
  if (status === 'cancelled') throw new CancelledFailure('The run was cancelled');
  if (error) throw ApplicationFailure.nonRetryable(error.message, error.type, answer);
  if (status === 'failed' && failsWorkflow(start.layout.failOn, host.report.countedFailures))
    throw runFailed(host, answer);
  return answer;
}

function isCutShort(host: TemporalHost): boolean {
  return host.endedBy !== undefined && host.toRecord.skipped.some(({ reason }) => reason === 'cancelled');
}

function statusOf(host: TemporalHost, error: RunError | undefined): RunStatus {
  if (isCutShort(host)) return host.endedBy === 'cancel' ? 'cancelled' : 'failed';
  return error || host.report.countedFailures.counted > 0 ? 'failed' : 'succeeded';
}

/** Requests to extend the run are answered before it ends. */
async function untilHandlersEnd(world: World): Promise<void> {
  if (!world.haveHandlersEnded()) await world.until(() => world.haveHandlersEnded());
}

type RunError = NonNullable<FinishRunRequest['error']>;

function deadlineExceeded({ deadline }: RunMemo): RunError {
  return {
    type: 'DeadlineExceeded',
    message:
      `The run did not end before its deadline (${new Date(deadline!).toISOString()}): what ran was told to stop, the rest was ` +
      'skipped. Resume it to go on from what it has, with more time.',
  };
}

interface RunToFinish {
  readonly host: TemporalHost;
  readonly memo: RunMemo;
  readonly temporalRunId: string;
  /** The run's parameters; undefined if an earlier execution got them. */
  readonly parameters: unknown;
  /** How often the run has remade lost records. */
  readonly mended: number;
}

interface SettledRun extends RunToFinish {
  readonly status: RunStatus;
  readonly unrecorded: Unrecorded;
  readonly last?: true;
  readonly error?: RunError | undefined;
}

interface Settled {
  /** Hash of the ended run record. */
  readonly record: string | null;
  /** Ended knots whose records the history has lost. */
  readonly lost: readonly number[];
  /** Why the run cannot continue after the loss. */
  readonly gone?: RunError;
}

const NOTHING_LOST: Settled = { record: null, lost: [] };
const RECORDED: Unrecorded = { skipped: [], failed: [] };

/** Records everything that no activity has recorded; ends the run record if `last`. */
export async function finishRun(
  { [FINISH_RUN_ACTIVITY]: record }: SystemActivities,
  { host, memo, temporalRunId, status, unrecorded: { skipped, failed }, last, error }: SettledRun,
  compared?: Pick<FinishRunRequest, 'outcomes' | 'parameters' | 'failures' | 'values'>,
): Promise<Settled> {
  const chunks = Math.ceil(Math.max(skipped.length, failed.length) / SETTLED_KNOTS_PER_CALL);
  // An ending run writes its run record even if no knots are left. A run that continues writes only knots.
  const calls = last || compared ? Math.max(chunks, 1) : chunks;
  let settled = NOTHING_LOST;
  for (let call = 0; call < calls; call++) {
    const from = call * SETTLED_KNOTS_PER_CALL;
    const result = await failTaskIfUnknown(host.world, () =>
      record({
        ...memo,
        plan: host.plan,
        temporalRunId,
        status,
        counts: host.report.counts,
        skipped: skipped.slice(from, from + SETTLED_KNOTS_PER_CALL),
        failed: failed.slice(from, from + SETTLED_KNOTS_PER_CALL),
        last: last === true && call === calls - 1,
        ...(error && { error: { type: error.type, message: error.message } }),
        ...(last && host.report.leftSignals && { signals: host.report.leftSignals }),
        ...(call === calls - 1 && compared),
      }),
    );
    if (result.standing) host.report.noteStanding(result.standing);
    settled = {
      record: result.record ?? null,
      lost: unpackRanges(result.lost ?? []),
      ...(result.gone !== undefined && { gone: { type: 'HistoryLost', message: result.gone } }),
    };
  }
  return settled;
}

/** Settles the records, and compares them with outcomes. All that can be reconstructed is recorded again. */
async function compare(calls: SystemActivities, run: SettledRun): Promise<Settled> {
  const { host, parameters, mended } = run;
  const { failures } = host.carriedOver;
  const compared = {
    outcomes: host.report.outcomes,
    failures,
    ...(parameters !== undefined && { parameters }),
  };
  let settled = await finishRun(calls, run, compared);
  const values = host.report.valuesOf(settled.lost);
  if (values.length > 0)
    settled = await finishRun(calls, { ...run, unrecorded: RECORDED }, { ...compared, values });
  const isMended = settled.lost.length > 0 || host.needsRecords;
  if (!isMended || settled.gone || mended < MENDS) return settled;
  const message = `The run cannot go on: the run history has lost its records ${MENDS} times. Go on from what is there in a new run, by resuming it.`;
  return { ...settled, gone: { type: 'HistoryLost', message } };
}

function runFailed(host: TemporalHost, answer: RunAnswer): ApplicationFailure {
  const first = host.report.firstFailure;
  const { counted } = host.report.countedFailures;
  const others = counted - 1;
  const what = first ? `${first.knot} (${first.type}: ${first.message})` : 'a knot';
  return ApplicationFailure.nonRetryable(
    `${counted} of ${answer.counts.ok + answer.counts.err + answer.counts.skipped} knots failed: ${what}` +
      (others > 0 ? ` and ${others} more` : ''),
    'RunFailed',
    answer,
  );
}
