import { keepWithRows } from '../runtime/table-rows';
import { decodeLayout, type Layout } from '../plan';
import { withTheirBranches } from '../scheduler';
import { isOfClass } from '../errors';
import {
  encodeOutput,
  openTablesFrom,
  storeTablesIn,
  recordWithoutBody,
  storedValues,
  validateParameters,
  whatWasLost,
  type LoadedPlan,
  type RunLayout,
  valueOfEnvelope,
} from '../runtime';
import type { Commit, RunHistory } from '../ports';
import type { FinishRunRequest, RunCounts } from '../workflows/messages';
import { findMissing, type Missing } from './find-missing';
import { isResetRun, recordsBeforeReset } from './reset-runs';
import { decodeParameters } from './parameter-references';
import { parameterName, recordParameters } from './run-parameters';
import { executionOfStep, runRecord, type StepInfo } from './run-record';
import { hashesOfParents, recordUnrun } from './unrun-knots';
import { cannotBeMade, lostByRun, lostKnot } from './what-was-lost';
import type { Uses } from './worker-parts';

export type MendParts = Uses<
  | 'backends'
  | 'client'
  | 'clock'
  | 'digest'
  | 'identity'
  | 'inlineLimit'
  | 'logger'
  | 'plans'
  | 'registry'
  | 'requireSameBackends'
  | 'server'
  | 'sha256'
>;

export interface Mended {
  readonly lost: readonly number[];
  readonly gone?: string;
  /** Why a run that is cut short is incomplete. */
  readonly error?: FinishRunRequest['error'];
  /** Changes of the run's counts that are unknown to the workflow. */
  readonly counts: RunCounts | undefined;
}

export function isCutShort({ error, status }: FinishRunRequest): boolean {
  return error !== undefined || status === 'cancelled';
}

/**
 * Writes missing records after a reset, or after the history went back in time. If the run is cut short, lost knots
 * fail.
 */
export async function mendRun(
  environment: MendParts,
  info: StepInfo,
  plan: LoadedPlan,
  graph: RunLayout,
  request: FinishRunRequest & { readonly outcomes: string },
): Promise<Mended> {
  const { backends, plans } = environment;
  const { runHistory } = backends;
  const { temporalRunId, failures = [], outcomes } = request;
  const { layout } = graph;
  const { workflowId } = info.workflowExecution!;
  await environment.requireSameBackends(request.backends);
  await plans.keep(request.plan);
  const onRecord = await runHistory.getRunByTemporalId(temporalRunId);
  const where = await whatWasLost(runHistory, temporalRunId, onRecord?.started_at);
  const find = (): Promise<Missing> => findMissing(runHistory, temporalRunId, layout, outcomes, failures);
  const isReset = await isResetRun(environment, workflowId, temporalRunId);
  if (isReset) await recordReset(environment, info, plan, request);
  const before = await find();
  const written = [
    await restoreParameters(environment, info, plan, layout, request, before.ok),
    await rewriteKnots(environment, info, plan, graph, request, before.ok),
  ];
  if (!isReset) {
    const hashes = await parameterHashes(runHistory, temporalRunId, layout);
    await runHistory.startRun(runRecord(environment, info, plan, request, hashes));
  }
  const { failed, skipped, ok, maps } = written.includes(true) ? await find() : before;
  const isBrokenOff = isCutShort(request);
  const unmade = isBrokenOff ? ok.map((knot) => lostKnot(layout.ids[knot]!, where)) : [];
  const execution = executionOfStep(environment, info, 0, temporalRunId);
  // A branch that runs again decides about its paths once more.
  const undecided = new Set(
    [...withTheirBranches(layout, isBrokenOff ? [] : ok)].map((knot) => layout.ids[knot]!),
  );
  const decided = skipped.filter(({ knot }) => !undecided.has(knot));
  const unrun = { failed: [...failed, ...unmade], skipped: decided };
  const counts = await recordUnrun(environment, plan, execution, unrun);
  const lost = [...ok, ...maps].sort((a, b) => a - b);
  const some = lost.length + failed.length + skipped.length;
  if (some > 0) {
    environment.logger?.warn(
      { runId: workflowId, lost: some },
      `Run ${workflowId}: ${where}, of ${some} of its knots.`,
    );
  }
  if (!isBrokenOff) {
    const gone = ok.filter((knot) => cannotRunAgain(layout, knot));
    return {
      lost,
      counts,
      ...(gone.length > 0 && { gone: cannotBeMade(workflowId, where, layout, gone) }),
    };
  }
  const error = request.error ?? (lost.length > 0 ? lostByRun(workflowId, where, lost.length) : undefined);
  return { lost: [], counts, ...(error && { error }) };
}

/** The value came from outside the run: a parameter, or the payload of a signal. */
function cannotRunAgain({ parameterCount, policies, policy }: Layout, knot: number): boolean {
  return knot < parameterCount || policies[policy[knot]!]!.wait?.signal !== undefined;
}

async function parameterHashes(
  runHistory: Pick<RunHistory, 'getRecords'>,
  temporalRunId: string,
  { ids, parameterCount }: Layout,
): Promise<Record<string, string>> {
  const wanted = ids.slice(0, parameterCount);
  const records = parameterCount > 0 ? await runHistory.getRecords(temporalRunId, wanted) : [];
  return Object.fromEntries(
    records.map(({ knot_id, output_hash }) => [parameterName(knot_id), output_hash!]),
  );
}

/** Returns whether the parameters could be recorded again from the workflow's copies. */
async function restoreParameters(
  environment: MendParts,
  info: StepInfo,
  plan: LoadedPlan,
  { ids, parameterCount }: Layout,
  { parameters, temporalRunId }: FinishRunRequest,
  missing: readonly number[],
): Promise<boolean> {
  const { backends, digest, registry } = environment;
  const tapestry = registry.tapestry(info.workflowType!);
  if (parameters === undefined || !tapestry || !missing.some((knot) => knot < parameterCount)) return false;
  const wanted = ids.slice(0, parameterCount);
  try {
    // The run's first step has already accepted the references.
    const given = await decodeParameters(backends.dataStore, parameters, { allowReferences: true });
    await openTablesFrom(backends.dataStore, given, 'parameters');
    const accepted = await validateParameters(tapestry, given, wanted);
    await storeTablesIn(backends.dataStore, accepted);
    const values = wanted.map((id) => encodeOutput(accepted.get(parameterName(id)), digest));
    const execution = executionOfStep(environment, info, 1, temporalRunId);
    await recordParameters(environment, plan, wanted, { values, stored: new Set() }, execution);
    return true;
  } catch (error) {
    // A parameter came by reference, and its value is lost with the rest.
    if (isOfClass(error, 'damaged')) return false;
    throw error;
  }
}

/** Returns whether any knots could be recorded again from the workflow's values. */
async function rewriteKnots(
  environment: MendParts,
  info: StepInfo,
  plan: LoadedPlan,
  { layout, planKnots }: RunLayout,
  { temporalRunId, values = [] }: FinishRunRequest,
  missing: readonly number[],
): Promise<boolean> {
  const { backends, digest } = environment;
  const isMissing = new Set(missing);
  const known = values
    .filter(([knot]) => isMissing.has(knot) && !layout.policies[layout.policy[knot]!]!.node)
    .map(([knot, envelope]) => [planKnots[knot]!, valueOfEnvelope(envelope, digest)] as const);
  const stored = known.flatMap(([, value]) => (value.bytes ? [] : [value.hash]));
  const present = stored.length > 0 ? await keepWithRows(backends.dataStore, stored) : new Set<string>();
  const knots = known.map(([{ id }]) => id);
  const hashOf = await hashesOfParents(backends.runHistory, plan, temporalRunId, knots);
  const execution = executionOfStep(environment, info, 0, temporalRunId);
  const commits = known
    .filter(([, value]) => value.bytes !== undefined || present.has(value.hash))
    .map(([knot, value]): Commit => {
      const record = recordWithoutBody(plan, knot, execution, { kind: 'ok', value }, hashOf);
      return { record, values: storedValues(value) };
    });
  if (commits.length > 0) await backends.commit(commits);
  return commits.length > 0;
}

/** Records a reset run, which never performed its first step, with its knots' records from before the reset. */
async function recordReset(
  environment: MendParts,
  info: StepInfo,
  plan: LoadedPlan,
  request: FinishRunRequest,
): Promise<void> {
  const { runHistory } = environment.backends;
  const { workflowId } = info.workflowExecution!;
  const { temporalRunId } = request;
  const layout = decodeLayout(await environment.plans.layoutSlices(request.plan, request.terminals));
  const present = new Set((await runHistory.getRecords(temporalRunId)).map((record) => record.knot_id));
  const missing = layout.ids.filter((id) => !present.has(id));
  const earlier = await recordsBeforeReset(runHistory, workflowId, missing);
  await runHistory.commit(
    earlier.map((record) => ({
      ...record,
      temporal_run_id: temporalRunId,
      extra: { ...record.extra, reset_from: record.temporal_run_id },
    })),
  );
  const hashes = earlier
    .filter((record) => record.knot_id.startsWith('param:') && record.output_hash !== null)
    .map((record) => [parameterName(record.knot_id), record.output_hash!] as const);
  await runHistory.startRun(runRecord(environment, info, plan, request, Object.fromEntries(hashes)));
}
