import type { Context } from '@temporalio/activity';
import { decodeJson, encodedSize, type Json } from '../canonical';
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
  readValues,
  storedValues,
  type EncodedValue,
  type LoadedPlan,
  type NestedRun,
} from '../execution';
import { findParents } from '../interceptors/activity/parents';
import type { LineageRecord, RunHistory } from '../protocols';
import type { EndedRun, NestRequest, NestResult } from '../workflows/messages';
import { readKnotTask } from './knot-attempt';
import { parameterReference } from './parameter-references';
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

async function storeConstant({ backends, sha256 }: WorkerEnvironment, constant: Json): Promise<EncodedValue> {
  const value = encodeOutput(decodeJson(structuredClone(constant)), sha256);
  await backends.dataStore.put(storedValues(value));
  return value;
}

/**
 * What a run that a knot has started came to, by its records.
 *
 * @throws SelvageError `InvalidPlan`, `ValueMissing`, `BackendUnavailable`
 */
export async function readNestedRun(
  { backends, plans }: WorkerEnvironment,
  knot: PlanKnot,
  { run, child, error }: EndedRun,
): Promise<NestedRun> {
  const plan = await plans.get(nestedPlan(knot)!.plan);
  const ref = { run_id: run, temporal_run_id: child };
  const hasFailed = error?.type === 'RunFailed';
  if (error && !hasFailed) return { ref, plan, error, failed: [], values: new Map() };
  if (hasFailed)
    return { ref, plan, failed: await failedKnots(backends.runHistory, plan, child), values: new Map() };
  const terminals = [...new Set(Object.values(plan.terminals()))];
  const records = await backends.runHistory.getRecords(child, terminals);
  const values = await readValues(
    backends,
    records.filter(({ outcome }) => outcome === 'ok'),
  );
  return { ref, plan, failed: [], values };
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
