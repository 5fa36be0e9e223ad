import type { Info } from '@temporalio/activity';
import { settingsOfNewRun } from '../adapters/open-telemetry/body-traces';
import { TraceOfRun } from '../adapters/open-telemetry/trace-of-run';
import { hashJson, type Json } from '../values';
import type { SelvageError } from '../errors';
import type { Execution, LoadedPlan } from '../runtime';
import type { RequiredRecords, RunRecord, RunStatus } from '../ports';
import { currentScope } from '../encryption/run-scope';
import { VERSION } from '../version';
import type { BeginRunRequest, FinishRunRequest, RunMemo } from '../workflows/messages';
import { referencesIn } from './parameter-references';
import type { Uses, WorkerParts } from './worker-parts';

export type EndParts = Uses<'backends' | 'clock' | 'counts' | 'logger' | 'plans' | 'sha256'>;
export type RefusalParts = EndParts & Pick<WorkerParts, 'backends'> & Uses<'inlineLimit' | 'server'>;

/** The parts of an activity's context that the steps of a run use. */
export type StepInfo = Pick<Info, 'workflowExecution' | 'workflowType' | 'scheduledTimestampMs'>;

export type SaidOfRun = RunMemo & { readonly temporalRunId?: string; readonly parameters?: unknown };

/** @param temporalRunId of the records; default: the workflow's */
export function executionOfStep(
  { clock, identity }: Uses<'clock' | 'identity'>,
  { workflowExecution }: StepInfo,
  attempt: number,
  temporalRunId?: string,
): Execution {
  const { workflowId, runId } = workflowExecution!;
  const now = clock.now();
  return {
    runId: workflowId,
    temporalRunId: temporalRunId ?? runId,
    dispatcher: 'workflow',
    taskQueue: null,
    worker: identity,
    attempt,
    scheduledAt: now,
    startedAt: now,
    finishedAt: now,
  };
}

export function runRecord(
  { inlineLimit, server }: Uses<'inlineLimit' | 'server'>,
  { workflowExecution, workflowType, scheduledTimestampMs }: StepInfo,
  plan: LoadedPlan,
  said: SaidOfRun,
  parameterHashes: Record<string, string>,
): RunRecord {
  const digestTag = currentScope()?.digest?.tag;
  return {
    run_id: workflowExecution!.workflowId,
    temporal_run_id: said.temporalRunId ?? workflowExecution!.runId,
    tapestry: workflowType!,
    plan_hash: plan.hash,
    parameter_hashes: parameterHashes,
    terminals: plan.terminals(said.terminals),
    status: 'running' satisfies RunStatus,
    actor: said.actor ?? null,
    trigger: said.trigger ?? 'temporal',
    trigger_key: said.triggerKey ?? null,
    partition: said.partition ?? null,
    tags: [...(said.tags ?? [])],
    vcs_commit: said.vcsCommit ?? null,
    parent_run_id: said.parentRunId ?? null,
    started_at: scheduledTimestampMs,
    finished_at: null,
    details: {
      selvage: VERSION,
      inline_limit: inlineLimit,
      node: process.version,
      platform: process.platform,
      ...(server && { server }),
      ...givenByReference(said),
      // Recognises another start under this run id that requests the same work.
      ...(said.parametersHash && { parameters_hash: said.parametersHash }),
      ...(said.event && { event: said.event }),
      ...(said.deadline !== undefined && { deadline: said.deadline }),
      ...(said.parentKnot !== undefined && { parent_knot: said.parentKnot }),
      ...(said.parentTemporalRunId !== undefined && { parent_temporal_run_id: said.parentTemporalRunId }),
      ...(said.traceparent !== undefined && { traceparent: said.traceparent }),
      ...settingsOfNewRun(),
      ...(said.subject !== undefined && { subject: said.subject }),
      ...(digestTag !== undefined && { digest_key: digestTag }),
      ...(said.reuse === false && { reuse: false }),
      ...(said.resume && { resumed_from: said.resume.runId }),
      ...(said.resume?.from && { run_again: said.resume.from }),
    },
  };
}

/** The stored values of the run's client, which its record keeps. A knot's values are in that knot's record. */
function givenByReference({ parameters, parentKnot }: SaidOfRun): { given_parameters?: string[] } {
  const given = parentKnot === undefined ? [...referencesIn(parameters).values()] : [];
  return given.length > 0 ? { given_parameters: given.map(({ hash }) => hash) } : {};
}

export async function recordBegin(
  { backends }: Pick<WorkerParts, 'backends'>,
  run: RunRecord,
  { trigger, triggerKey: key, event }: RunMemo,
): Promise<void> {
  await backends.runHistory.startRun(run);
  if (key === undefined || event === undefined || trigger?.startsWith('schedule:') !== true) return;
  // The server has decided to start this run. Our ledger remembers the started run for longer than the server does.
  const { startLedger } = backends;
  await startLedger.claim([{ trigger, key, runId: run.run_id, requestHash: null, event }]);
  await startLedger.markStarted([{ trigger, key }]);
}

export async function recordRefused(
  environment: RefusalParts,
  info: StepInfo,
  plan: LoadedPlan,
  request: BeginRunRequest,
  error: SelvageError,
): Promise<void> {
  const { runHistory } = environment.backends;
  const run = runRecord(environment, info, plan, request, {});
  await recordBegin(environment, run, request);
  await runHistory.endRun(run.temporal_run_id, {
    status: 'failed',
    finished_at: environment.clock.now(),
    details: { error: { type: error.code, message: error.message } },
  });
  await tellEnd(environment, await runHistory.getRunByTemporalId(run.temporal_run_id));
}

/** Returns the run record's hash. Undefined if the run has no record, or a required record is missing. */
export async function endRun(
  environment: EndParts,
  temporalRunId: string,
  { status, counts, error, signals }: Pick<FinishRunRequest, 'status' | 'counts' | 'error' | 'signals'>,
  required?: RequiredRecords,
): Promise<string | undefined> {
  const { runHistory } = environment.backends;
  const ended = {
    status,
    finished_at: environment.clock.now(),
    details: { counts, ...(error && { error }), ...(signals && { signals }) },
  };
  if (!(await runHistory.endRun(temporalRunId, ended, required))) return undefined;
  const record = await runHistory.getRunByTemporalId(temporalRunId);
  await tellEnd(environment, record);
  return hashJson(record as unknown as Json, environment.sha256);
}

async function tellEnd(environment: EndParts, record: RunRecord | undefined): Promise<void> {
  if (!record) return;
  const { counts, logger } = environment;
  counts?.runEnded(record);
  const { run_id: runId, tapestry, status, started_at: from, finished_at: until } = record;
  const milliseconds = Math.max(0, (until ?? from) - from);
  const about = { runId, tapestry, status, milliseconds };
  const line = `Run ${runId} of ${tapestry} ended: ${status}`;
  if (status !== 'failed') return logger?.info(about, line);
  const { traceId } = new TraceOfRun(record).ids;
  // The run has ended, even if its records cannot be read now.
  const error = await failureOf(environment, record).catch(() => undefined);
  const what = error ? `: ${error.type}: ${error.message}` : '';
  const where = error?.knotId === undefined ? '' : `knot ${error.knotId}, `;
  logger?.warn(
    { ...about, ...(error && { error }), trace_id: traceId },
    `${line}${what} (${where}trace ${traceId})`,
  );
}

interface RunFailure {
  readonly type: string;
  readonly message: string;
  /** The failed knot; absent if the run as a whole failed. */
  readonly knotId?: string;
}

/** The run's recorded error, else its first failed knot, of the newest thousand if more failed. */
async function failureOf(
  { backends, plans }: Uses<'backends' | 'plans'>,
  { temporal_run_id: temporalRunId, plan_hash: hash, details }: RunRecord,
): Promise<RunFailure | undefined> {
  if (details['error']) return details['error'] as RunFailure;
  const { items } = await backends.runHistory.findLineage({ temporalRunId, outcome: 'err', limit: 1_000 });
  const plan = await plans.get(hash);
  const [first] = items
    .filter(({ knot_id: id }) => !plan.has(id) || !plan.knot(id).policy.optional)
    .sort((a, b) => a.finished_at - b.finished_at);
  if (!first) return undefined;
  const { type, message } = (first.extra as { readonly error: RunFailure }).error;
  return { type, message, knotId: first.knot_id };
}
