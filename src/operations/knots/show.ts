import { z } from 'zod';
import { recordOf } from '../../authoring';
import { mapOfElement } from '../../authoring/element-id';
import type { ExceptionRecord } from '../../authoring/outcome';
import { waitingKnot } from '../../connection/explain/waiting';
import { SelvageError } from '../../errors';
import type { LineageRecord, RunRecord } from '../../ports';
import {
  cacheDifferenceText,
  cacheReasonText,
  explainCache,
  type CacheExplanation,
} from '../../records/questions';
import { hostOfRecord, stateOf } from '../../runtime';
import { json, list, name } from '../fields';
import { question } from '../operation';
import { graphState } from '../run-graph';
import { requireRun } from '../runs/require-run';
import { schemaToJson } from '../schema-to-json';
import type { ProjectData, Surroundings } from '../surroundings';
import { errorView } from './error-view';
import { errorView as errorViewOf } from './knot-view';
import { logHashOf, readLog } from './read-log';

const inputView = z.object({
  name: z.string(),
  /** The parent; absent for a constant. */
  knotId: z.string().optional(),
  hash: z.string().optional(),
});
export type InputView = z.output<typeof inputView>;

const knotView = z.object({
  knotId: z.string(),
  state: graphState.optional(),
  waiting: waitingKnot.optional(),
  inputs: list(inputView),
  error: errorView.optional(),
  /** Whether and why the knot's value was reused; absent if the knot is not cached. */
  cache: z
    .object({
      reused: z.boolean(),
      explanation: z.string(),
      runId: z.string().optional(),
      knotId: z.string().optional(),
    })
    .optional(),
  /** The end of the body's log. `unreadable` is the error code that says why the log is not shown. */
  log: z
    .object({ hash: z.string(), text: z.string(), truncated: z.boolean(), unreadable: z.string().optional() })
    .optional(),
  codeHash: z.string().optional(),
  dispatcher: z.string().optional(),
  /** The body host that called the knot's body. */
  host: z.string().optional(),
  taskQueue: z.string().optional(),
  /** The payload's schema, for a knot that waits for a signal. */
  signalSchema: json.optional(),
});
export type KnotView = z.output<typeof knotView>;

export const show = question({
  name: 'knots.show',
  summary: 'show one knot of a run, or one element of a map',
  description:
    'Its inputs with their hashes, its error with causes and stack, its attempts, why it waits, why its value was reused or not, and the end of what it logged.',
  group: 'see',
  isTool: true,
  at: ['runId', 'knotId'],
  ask: z.strictObject({
    runId: name.describe('id of the run'),
    knotId: name.describe('id of the knot, or of an element of a map, such as users[17]'),
  }),
  answer: knotView,
  examples: [{ runId: 'nightly-1', knotId: 'load' }],
  inFull: ['signalSchema'],
  /** @throws SelvageError `UnknownRun`, `UnknownKnot`, `InvalidPlan`, `BackendUnavailable` */
  async run(of, { runId, knotId }) {
    const { backends, plans } = of;
    const run = await requireRun(of, runId);
    if (run.plan_hash === '') return { knotId, inputs: [] };
    const plan = await plans.of(run);
    const planned = plan.knot(mapOfElement(knotId) ?? knotId);
    const definition =
      mapOfElement(knotId) === undefined ? plan.definitionOf(planned) : plan.elementDefinitionOf(planned);
    const [record] = await backends.runHistory.getRecords(run.temporal_run_id, [knotId]);
    const { error } = (record?.extra ?? {}) as { error?: ExceptionRecord };
    const log = record && logHashOf(record);
    const waits = !record && run.status === 'running' ? await waitOf(of, runId, knotId) : undefined;
    const isCached = planned.policy.cache ?? planned.policy.map?.cache;
    const cache = record && isCached ? await cacheOf(of, runId, knotId) : undefined;
    const shownLog = log === undefined ? undefined : await readLog(of, run, log);
    const schema =
      planned.policy.wait?.signal === undefined ? undefined : signalSchema(of, run.tapestry, planned.id);
    const codeHash = record?.code_hash ?? definition?.codeHash;
    const taskQueue = record?.task_queue ?? planned.policy.taskQueue ?? undefined;
    return {
      knotId,
      ...(record && { state: stateOf(record, definition?.codeHash) }),
      waiting: waits,
      inputs: record ? recordedInputs(record) : await plannedInputs(of, run, planned.inputs, plan.plan.knots),
      ...(error && { error: errorViewOf(error) }),
      cache,
      log: shownLog,
      codeHash,
      ...(record && { dispatcher: record.dispatcher }),
      ...(record && hostOfRecord(record) !== undefined && { host: hostOfRecord(record) }),
      taskQueue,
      signalSchema: schema,
    };
  },
});

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

function cacheSentence({ reused, reason, other, differences }: CacheExplanation): string {
  const at = other && { ...other, at: new Date(other.madeAt).toISOString() };
  const why = cacheReasonText({ reason, ...(at && { other: at }) });
  const parts = differences.map(cacheDifferenceText).join('; ');
  return `${reused ? 'Reused' : 'Not reused'}: ${why}${parts === '' ? '' : ` ${parts}`}`;
}

/** Reads the schema from the page's file, as plans contain no schemas. */
function signalSchema(
  { tapestries, caller }: Surroundings,
  tapestry: string,
  knotId: string,
): KnotView['signalSchema'] {
  for (const each of tapestries) {
    const record = recordOf(each);
    if (record.name !== tapestry) continue;
    const knot = record.knots.get(knotId);
    return schemaToJson(knot?.definition?.wait?.schema, caller);
  }
  return {};
}
