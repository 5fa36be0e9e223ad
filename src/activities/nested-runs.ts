import { keepWithRows } from '../runtime/table-rows';
import type { Context } from '@temporalio/activity';
import { decodeJson, encodeJson, encodedSize, type Json } from '../values';
import { INLINE_BYTES_PER_ACTIVITY, nestedPlan, uniqueParents, type PlanKnot } from '../plan';
import { isReference, type Envelope } from '../scheduler';
import {
  encodeOutput,
  parameterReference,
  readValues,
  storedValues,
  type EncodedValue,
  type LoadedPlan,
  type NestedRun,
} from '../runtime';
import { findParents, referenceOf, type ParentSources } from './parents';
import type { RecordSources } from './reset-runs';
import type { LineageRecord, RunHistory } from '../ports';
import type { EndedRun, NestRequest, NestResult } from '../workflows/messages';
import { readKnotTask, type ResolvedTask } from './tasks';
import { recordsLost, requiredRecordsOf } from './records-lost';
import type { Uses } from './worker-parts';
import { everyItem } from '../ports/parts/every-item';

/**
 * The run that a knot is to start, with large parameters as references. Errors as of {@link findParents};
 * `InvalidPlan`.
 */
export async function runToStart(
  environment: ParentSources & Uses<'inlineLimit' | 'plans' | 'traces'>,
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
  const referenced = new Map<string, string>();
  let inlineBytes = 0;
  for (const [name, input] of Object.entries(inputs)) {
    if ('parent' in input) {
      const envelope = sent.get(input.parent);
      if (envelope && !isReference(envelope)) {
        parameters[name] = envelope.value;
        continue;
      }
      const value = parents.valueOf(input.parent);
      referenced.set(plan.parentId(input.parent), value.hash);
      parameters[name] = parameterReference(value);
      continue;
    }
    const bytes = encodedSize({ kind: 'json', text: JSON.stringify(input.constant) });
    inlineBytes += bytes;
    parameters[name] =
      bytes <= environment.inlineLimit && inlineBytes <= INLINE_BYTES_PER_ACTIVITY
        ? input.constant
        : parameterReference(await storeConstant(environment, input.constant));
  }
  await requireReferenced(environment, task, referenced);
  const traceparent = await environment.traces.ofNested(task.temporalRunId, knot.id);
  return { tapestry, plan: hash, parameters, ...(traceparent !== undefined && { traceparent }) };
}

/** The new run could not tell a value lost with the history, which can be made again, from one that never existed. */
async function requireReferenced(
  environment: RecordSources,
  { runId, temporalRunId }: ResolvedTask,
  hashes: ReadonlyMap<string, string>,
): Promise<void> {
  if (hashes.size === 0) return;
  const present = await keepWithRows(environment.backends.dataStore, [...new Set(hashes.values())]);
  const absent = [...hashes].filter(([, hash]) => !present.has(hash)).map(([knot]) => knot);
  if (absent.length > 0) await requiredRecordsOf(environment, runId, temporalRunId, absent);
}

async function storeConstant({ backends, digest }: ParentSources, constant: Json): Promise<EncodedValue> {
  const value = encodeOutput(decodeJson(structuredClone(constant)), digest);
  await backends.dataStore.put(storedValues(value));
  return value;
}

export interface RecordedRun extends NestedRun {
  readonly records: ReadonlyMap<string, LineageRecord>;
}

/** Returns the execution that took over, if an operator reset the run meanwhile. */
export async function asItEnded(
  { backends }: Uses<'backends'>,
  ended: EndedRun,
  parentTemporalRunId: string,
): Promise<EndedRun> {
  const latest = await backends.runHistory.getRun(ended.runId);
  // The run's id may belong to the run of a parent that was started again. An unfinished run has no outcome yet.
  const isOfKnot = latest?.details['parent_temporal_run_id'] === parentTemporalRunId;
  if (!isOfKnot || latest.finished_at === null || latest.temporal_run_id === ended.temporalRunId)
    return ended;
  const { error, ...known } = ended;
  const temporalRunId = latest.temporal_run_id;
  return { ...known, temporalRunId, ...(error && latest.status !== 'succeeded' && { error }) };
}

export async function readNestedRun(
  { backends, plans }: Uses<'backends' | 'plans'>,
  knot: PlanKnot,
  { runId, temporalRunId, error }: EndedRun,
): Promise<RecordedRun> {
  const plan = await plans.get(nestedPlan(knot)!.plan);
  const ref = { run_id: runId, temporal_run_id: temporalRunId };
  const without = {
    failed: [],
    values: new Map<string, unknown>(),
    records: new Map<string, LineageRecord>(),
  };
  if (error && error.type !== 'RunFailed') return { ref, plan, ...without, error };
  await requireSettled({ backends }, knot, temporalRunId);
  if (error)
    return { ref, plan, ...without, failed: await failedKnots(backends.runHistory, plan, temporalRunId) };
  const terminals = [...new Set(Object.values(plan.terminals()))];
  const records = (await backends.runHistory.getRecords(temporalRunId, terminals)).filter(
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

/** A run ends its records first. If an ended run has an open record, records are lost, and the run is done again. */
async function requireSettled({ backends }: Uses<'backends'>, knot: PlanKnot, child: string): Promise<void> {
  const run = await backends.runHistory.getRunByTemporalId(child);
  if (!run || run.status === 'running') throw recordsLost([knot.id]);
}

/** The values of an iteration that are parameters of the next. */
export function nextParameters(
  { inlineLimit }: Uses<'inlineLimit'>,
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

/** The knots that failed, in plan order, without optional knots. */
async function failedKnots(
  runHistory: Pick<RunHistory, 'findLineage'>,
  plan: LoadedPlan,
  temporalRunId: string,
): Promise<NestedRun['failed']> {
  const records: LineageRecord[] = [];
  const query = { temporalRunId, outcome: 'err' } as const;
  for await (const record of everyItem((page) => runHistory.findLineage({ ...query, ...page })))
    records.push(record);
  return records
    .filter(({ knot_id }) => !plan.knot(knot_id).policy.optional)
    .sort((a, b) => plan.indexOf(a.knot_id) - plan.indexOf(b.knot_id))
    .map(({ knot_id, extra }) => {
      const { type, message } = (extra as { error: { type: string; message: string } }).error;
      return { knot: knot_id, type, message };
    });
}
