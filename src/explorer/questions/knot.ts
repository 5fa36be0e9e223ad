import { mapOfElement } from '../../authoring/element-id';
import { explainCache } from '../../records/questions';
import { hostOfRecord, stateOf } from '../../runtime';
import { SelvageError } from '../../errors';
import type { ExceptionRecord, LineageRecord, RunRecord } from '../../ports';
import { subjectOf } from '../../encryption/seal-backends';
import { withSubject } from '../../encryption/run-scope';
import { recordOf } from '../../authoring';
import type { InputView, KnotView, Questions } from '../contract';
import type { ProjectData, Rights } from '../../operations/surroundings';
import { cacheSentence } from '../../operations/knots/cache-sentence';
import { errorView } from '../../operations/knots/knot-view';
import { readBytes } from '../../operations/values/read-bytes';
import { schemaToJson } from '../../operations/schema-to-json';
import { requireRun } from './run';

const LOG_BYTES = 64 * 1024;

/** One knot of a run, or one element of a map. */
export async function knot(
  data: ProjectData,
  { runId, knotId }: Questions['knot']['ask'],
  rights: Rights,
): Promise<KnotView> {
  const { backends, plans } = data;
  const run = await requireRun(data, runId);
  if (run.plan_hash === '') return { knotId, inputs: [] };
  const plan = await plans.of(run);
  const planned = plan.knot(mapOfElement(knotId) ?? knotId);
  const definition =
    mapOfElement(knotId) === undefined ? plan.definitionOf(planned) : plan.elementDefinitionOf(planned);
  const [record] = await backends.runHistory.getRecords(run.temporal_run_id, [knotId]);
  const { error, log } = (record?.extra ?? {}) as {
    error?: ExceptionRecord;
    log?: string | { hash: string };
  };
  const waits = !record && run.status === 'running' ? await waitOf(data, runId, knotId) : undefined;
  const isCached = planned.policy.cache ?? planned.policy.map?.cache;
  const cache = record && isCached ? await cacheOf(data, runId, knotId) : undefined;
  const shownLog =
    log === undefined ? undefined : await logOf(data, run, typeof log === 'string' ? log : log.hash);
  const schema =
    planned.policy.wait?.signal === undefined
      ? undefined
      : signalSchema(data, run.tapestry, planned.id, rights);
  const codeHash = record?.code_hash ?? definition?.codeHash;
  const taskQueue = record?.task_queue ?? planned.policy.taskQueue ?? undefined;
  return {
    knotId,
    ...(record && { state: stateOf(record, definition?.codeHash) }),
    waiting: waits,
    inputs: record ? recordedInputs(record) : await plannedInputs(data, run, planned.inputs, plan.plan.knots),
    ...(error && { error: errorView(error) }),
    cache,
    log: shownLog,
    codeHash,
    ...(record && { dispatcher: record.dispatcher }),
    ...(record && hostOfRecord(record) !== undefined && { host: hostOfRecord(record) }),
    taskQueue,
    signalSchema: schema,
  };
}

async function waitOf(
  { reach }: ProjectData,
  runId: string,
  knotId: string,
): Promise<KnotView['waiting'] | undefined> {
  const state = await reach.ask((selvage) => selvage.getRun(runId).knot(knotId), 8_000);
  return state?.waiting;
}

function recordedInputs(record: LineageRecord): InputView[] {
  const { parent_input_hashes, parent_knot_ids, constant_input_hashes } = record;
  return [
    ...Object.entries(parent_input_hashes).map(([name, hash]) => ({
      name,
      ...(parent_knot_ids[name] !== undefined && { knotId: parent_knot_ids[name] }),
      ...(hash !== null && { hash }),
    })),
    ...Object.entries(constant_input_hashes).map(([name, hash]) => ({ name, hash })),
  ];
}

async function plannedInputs(
  { backends }: ProjectData,
  run: RunRecord,
  inputs: Readonly<Record<string, { readonly parent: number } | { readonly hash: string }>>,
  knots: readonly { readonly id: string }[],
): Promise<InputView[]> {
  const parents = Object.values(inputs).flatMap((input) =>
    'parent' in input ? [knots[input.parent]!.id] : [],
  );
  const outcomes = await backends.runHistory.getOutcomes(run.temporal_run_id, [...new Set(parents)]);
  const hashes = new Map(outcomes.map(({ knot_id, output_hash }) => [knot_id, output_hash]));
  return Object.entries(inputs).map(([name, input]) => {
    if (!('parent' in input)) return { name, hash: input.hash };
    const { id } = knots[input.parent]!;
    const hash = hashes.get(id) ?? undefined;
    return { name, knotId: id, hash };
  });
}

async function cacheOf(
  { backends }: ProjectData,
  runId: string,
  knotId: string,
): Promise<KnotView['cache'] | undefined> {
  try {
    const explanation = await explainCache(backends, runId, knotId);
    const { reused, other } = explanation;
    return {
      reused,
      explanation: cacheSentence(explanation),
      runId: other?.runId,
      knotId: other?.knotId,
    };
  } catch (error) {
    // A missing explanation does not hide the rest of the knot.
    if (SelvageError.is(error, 'UnknownKnot') || SelvageError.is(error, 'InvalidPlan')) return undefined;
    throw error;
  }
}

async function logOf(
  { backends }: ProjectData,
  run: RunRecord,
  hash: string,
): Promise<KnotView['log'] | undefined> {
  const read = await withSubject(subjectOf(run), () => readBytes(backends.dataStore, hash, LOG_BYTES)).catch(
    (error: unknown) => {
      if (SelvageError.is(error)) return undefined;
      throw error;
    },
  );
  if (!read) return undefined;
  return { hash, text: Buffer.from(read.bytes).toString('utf8'), truncated: read.isCut };
}

/** From the page's file, because plans contain no schemas. */
function signalSchema(
  { tapestries }: ProjectData,
  tapestry: string,
  knotId: string,
  rights: Rights,
): KnotView['signalSchema'] {
  for (const each of tapestries) {
    const record = recordOf(each);
    if (record.name !== tapestry) continue;
    const knot = record.knots.get(knotId);
    return schemaToJson(knot?.definition?.wait?.schema, rights);
  }
  return {};
}
