import type { Context } from '@temporalio/activity';
import { decodeJson, encodeJson, encodedSize, type Json } from '../canonical';
import {
  INLINE_BYTES_PER_ACTIVITY,
  isReference,
  nestedPlan,
  uniqueParents,
  type Envelope,
  type PlanKnot,
} from '../engine';
import {
  encodeOutput,
  parameterReference,
  readValues,
  storedValues,
  type EncodedValue,
  type LoadedPlan,
  type NestedRun,
} from '../execution';
import { findParents, referenceOf } from '../interceptors/activity/parents';
import type { LineageRecord, RunHistory } from '../protocols';
import type { EndedRun, NestRequest, NestResult } from '../workflows/messages';
import { readKnotTask } from './knot-attempt';
import type { WorkerEnvironment } from './worker-environment';

const RECORDS_PER_PAGE = 1_000;

/**
 * The run that a knot is to start: the tapestry and plan that its own plan names, and the parameters by their names. What is large stays
 * where it is: the new run gets a reference.
 *
 * @throws SelvageError `InvalidPlan`, `ValueMissing`, `BackendUnavailable`
 */
export async function runToStart(
  environment: WorkerEnvironment,
  info: Context['info'],
  request: NestRequest,
): Promise<NestResult> {
  const task = readKnotTask(info, request.task)!;
  const plan = await environment.plans.get(task.plan);
  const knot = plan.knot(task.knot);
  const { tapestry, plan: hash, parameters: inputs } = nestedPlan(knot)!;
  const parents = await findParents(environment, plan, knot, task);
  const sent = new Map<number, Envelope | null>(
    uniqueParents(knot).map((parent, position) => [parent, task.parents?.[position] ?? null]),
  );
  const parameters: Record<string, unknown> = {};
  let inlineBytes = 0;
  for (const [name, input] of Object.entries(inputs)) {
    if ('parent' in input) {
      const envelope = sent.get(input.parent);
      parameters[name] =
        envelope && !isReference(envelope)
          ? envelope.value
          : parameterReference(parents.valueOf(input.parent));
      continue;
    }
    const bytes = encodedSize({ kind: 'json', text: JSON.stringify(input.constant) });
    inlineBytes += bytes;
    parameters[name] =
      bytes <= environment.inlineLimit && inlineBytes <= INLINE_BYTES_PER_ACTIVITY
        ? input.constant
        : parameterReference(await storeConstant(environment, input.constant));
  }
  return { tapestry, plan: hash, parameters };
}

async function storeConstant({ backends, digest }: WorkerEnvironment, constant: Json): Promise<EncodedValue> {
  const value = encodeOutput(decodeJson(structuredClone(constant)), digest);
  await backends.dataStore.put(storedValues(value));
  return value;
}

/** A run that a knot has started, by its records. */
export interface RecordedRun extends NestedRun {
  /** Of the terminals that are Ok, by the ids of their knots. */
  readonly records: ReadonlyMap<string, LineageRecord>;
}

/**
 * The run as it has ended: where an operator has reset it meanwhile, its records are those of the execution that took over.
 *
 * @param recordRun of the knot, which started it
 * @throws SelvageError `BackendUnavailable`
 */
export async function asItEnded(
  { backends }: WorkerEnvironment,
  ended: EndedRun,
  recordRun: string,
): Promise<EndedRun> {
  const latest = await backends.runHistory.getRun(ended.run);
  // Another one may have the id by now: of a run that was started anew with the id of the knot's. And one that is not over says nothing yet.
  const isOfKnot = latest?.environment['parent_temporal_run_id'] === recordRun;
  if (!isOfKnot || latest.finished_at === null || latest.temporal_run_id === ended.child) return ended;
  const { error, ...known } = ended;
  const child = latest.temporal_run_id;
  return { ...known, child, ...(error && latest.status !== 'succeeded' && { error }) };
}

/**
 * What a run that a knot has started came to.
 *
 * @throws SelvageError `InvalidPlan`, `ValueMissing`, `BackendUnavailable`
 */
export async function readNestedRun(
  { backends, plans }: WorkerEnvironment,
  knot: PlanKnot,
  { run, child, error }: EndedRun,
): Promise<RecordedRun> {
  const plan = await plans.get(nestedPlan(knot)!.plan);
  const ref = { run_id: run, temporal_run_id: child };
  const without = {
    failed: [],
    values: new Map<string, unknown>(),
    records: new Map<string, LineageRecord>(),
  };
  if (error?.type === 'RunFailed')
    return { ref, plan, ...without, failed: await failedKnots(backends.runHistory, plan, child) };
  if (error) return { ref, plan, ...without, error };
  const terminals = [...new Set(Object.values(plan.terminals()))];
  const records = (await backends.runHistory.getRecords(child, terminals)).filter(
    ({ outcome }) => outcome === 'ok',
  );
  return {
    ref,
    plan,
    failed: [],
    values: await readValues(backends, records),
    records: new Map(records.map((record) => [record.knot_id, record])),
  };
}

/**
 * The parameters that change with an iteration of a loop: what it returned under their names.
 *
 * @param run that is over, and came to its values
 */
export function nextParameters(
  { inlineLimit }: WorkerEnvironment,
  { plan, values, records }: RecordedRun,
): Record<string, unknown> {
  const terminals = plan.terminals();
  const next: Record<string, unknown> = {};
  let inlineBytes = 0;
  for (const { name } of plan.plan.parameters) {
    const id = Object.hasOwn(terminals, name) ? terminals[name] : undefined;
    if (id === undefined || !values.has(id)) continue;
    const { hash, size, stored } = referenceOf(records.get(id), id);
    inlineBytes += size;
    const isInline = stored === undefined && size <= inlineLimit && inlineBytes <= INLINE_BYTES_PER_ACTIVITY;
    next[name] = isInline
      ? encodeJson(values.get(id))
      : parameterReference({ hash, size, ...(stored !== undefined && { stored }) });
  }
  return next;
}

/** In the order of the plan, without optional ones. */
async function failedKnots(
  runHistory: RunHistory,
  plan: LoadedPlan,
  temporalRunId: string,
): Promise<NestedRun['failed']> {
  const records: LineageRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await runHistory.findLineage({
      temporalRunId,
      outcome: 'err',
      limit: RECORDS_PER_PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    records.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return records
    .filter(({ knot_id }) => !plan.knot(knot_id).policy.optional)
    .sort((a, b) => plan.indexOf(a.knot_id) - plan.indexOf(b.knot_id))
    .map(({ knot_id, extra }) => {
      const { type, message } = (extra as { error: { type: string; message: string } }).error;
      return { knot: knot_id, type, message };
    });
}
