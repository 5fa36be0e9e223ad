import { countFailures, failsWorkflow } from '../scheduler';
import { chosenTerminals, layoutOf, type Layout, type Plan } from '../plan';
import { LoadedPlan, graphOfRun, outcomeOfRecord } from '../runtime';
import type { Outcome, RunResult } from '../authoring/outcome';
import type { Backends, LineageRecord, RunRecord } from '../ports';
import { SelvageError } from '../errors';
import { subjectOf } from '../encryption/seal-backends';
import { withSubject } from '../encryption/run-scope';
import type { Through } from './outages';
import { readWanted, type WantedValues } from './wanted-values';

const RECORDS_AT_A_TIME = 1_000;

const atOnce: Through = (call) => call();

/** The values in a result: of all knots, of terminals only, or none. */
export type WantedOutputs = 'all' | 'terminals' | 'none';

/**
 * Reads the result of a run, with the outcomes so far. @throws SelvageError `ValueMissing`, `ValueDamaged`,
 * `InvalidPlan`, `BackendUnavailable`
 */
export async function readResult<Values>(
  backends: Backends,
  run: RunRecord,
  outputs: WantedOutputs = 'all',
  through: Through = atOnce,
): Promise<RunResult<Values>> {
  const plan = await through(() => readPlanOf(backends, run));
  const records = await through(() => knotRecords(backends, plan, run));
  const inOrder = plan.plan.knots.flatMap(({ id }) => records.get(id) ?? []);
  const terminalIds = new Set(Object.values(run.terminals));
  const wanted = inOrder.filter(
    (record) =>
      record.outcome === 'ok' &&
      (outputs === 'all' || (outputs === 'terminals' && terminalIds.has(record.knot_id))),
  );
  const values = await withSubject(subjectOf(run), () => readWanted(backends, wanted, through));
  const outcomes: Record<string, Outcome> = {};
  const outputsById: Record<string, unknown> = {};
  for (const record of inOrder) {
    const id = record.knot_id;
    const outcome = outcomeOfRecord(record, () => undefined);
    if (outcome.kind === 'ok') values.copyTo(outcome, 'value', id);
    outcomes[id] = outcome;
    values.copyTo(outputsById, id, id);
  }
  const error = errorOf(run);
  const changed = await through(() => changedCodeOf(backends, plan, run, records));
  return {
    runId: run.run_id,
    status: run.status,
    succeeded: run.status === 'succeeded',
    outputs: outputsById,
    outcomes,
    values: byTerminal(run, values) as Partial<Values>,
    error,
    ...(changed.length > 0 && { changedCode: changed }),
    graph: graphOfRun(plan, inOrder),
  };
}

/** Finds bodies whose code changed during the run; ignores reused values, which another run's code made. */
async function changedCodeOf(
  { runHistory }: Backends,
  { plan }: LoadedPlan,
  { temporal_run_id: temporalRunId }: RunRecord,
  records: ReadonlyMap<string, LineageRecord>,
): Promise<string[]> {
  const changed = new Set<string>();
  for (const knot of plan.knots) {
    const body = plan.definitions[knot.each ?? knot.definition];
    if (!body) continue;
    let record = records.get(knot.id);
    // A map without an outcome, or without a run of its body, does not name its elements' code.
    if (knot.policy.map && (record?.code_hash ?? null) === null)
      record = (await runHistory.findLineage({ temporalRunId, map: knot.id, limit: 1 })).items[0];
    if (!record || record.code_hash === null || !hasRun(record)) continue;
    if (body.codeHash !== undefined && record.code_hash !== body.codeHash)
      changed.add(body.inline ? knot.id : body.name);
  }
  return [...changed];
}

/** Whether the body of a knot ran; for a map, the body of an element. */
function hasRun({ cached_from_run, extra }: LineageRecord): boolean {
  const { elements } = extra as { elements?: { count: number; reused?: number } };
  return cached_from_run === null && (!elements || elements.count > (elements.reused ?? 0));
}

/** @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable` */
async function readTerminals<Values>(
  backends: Backends,
  run: RunRecord,
  through: Through,
): Promise<Partial<Values>> {
  const ids = [...new Set(Object.values(run.terminals))];
  const records = await through(() => backends.runHistory.getRecords(run.temporal_run_id, ids));
  const ok = records.filter(({ outcome }) => outcome === 'ok');
  const values = await withSubject(subjectOf(run), () => readWanted(backends, ok, through));
  return byTerminal(run, values) as Partial<Values>;
}

/**
 * The values of an ended run, for `run.values()`. Undefined if the run was cut short or failed by its `failOn`, or if a
 * terminal lacks a value that it must have.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`, `InvalidPlan`
 */
export async function readPromisedValues<Values>(
  backends: Backends,
  run: RunRecord,
  through: Through = atOnce,
): Promise<Values | undefined> {
  const hasFailed = run.status === 'failed';
  if ((!hasFailed && run.status !== 'succeeded') || errorOf(run)) return undefined;
  // Spreading the terminals reads their values.
  const values = { ...(await readTerminals<Values>(backends, run, through)) };
  const missing = Object.entries(run.terminals).filter(([name]) => !Object.hasOwn(values, name));
  if (!hasFailed && missing.length === 0) return values as Values;
  const plan = await through(() => readPlanOf(backends, run));
  if (missing.some(([, id]) => !plan.mayHaveNoValue(id))) return undefined;
  const isFailure = hasFailed && (await through(() => hasFailedWorkflow(backends, plan, run)));
  return isFailure ? undefined : (values as Values);
}

/** Plan and records of a run, without elements of maps. @throws SelvageError `InvalidPlan`, `BackendUnavailable` */
export async function readKnots(
  backends: Backends,
  run: RunRecord,
): Promise<{ readonly plan: Plan; readonly records: LineageRecord[] }> {
  const plan = await readPlanOf(backends, run);
  return { plan: plan.plan, records: [...(await knotRecords(backends, plan, run)).values()] };
}

/** Reads records by knot id, without the elements of maps, which may be very many. */
export async function knotRecords(
  { runHistory }: Pick<Backends, 'runHistory'>,
  { plan }: LoadedPlan,
  { temporal_run_id: run }: Pick<RunRecord, 'temporal_run_id'>,
): Promise<Map<string, LineageRecord>> {
  const records = new Map<string, LineageRecord>();
  const take = (some: readonly LineageRecord[]): void => {
    for (const record of some) records.set(record.knot_id, record);
  };
  if (!plan.knots.some(({ policy }) => policy.map)) {
    take(await runHistory.getRecords(run));
    return records;
  }
  const ids = plan.knots.map(({ id }) => id);
  for (let first = 0; first < ids.length; first += RECORDS_AT_A_TIME)
    take(await runHistory.getRecords(run, ids.slice(first, first + RECORDS_AT_A_TIME)));
  return records;
}

async function hasFailedWorkflow(backends: Backends, plan: LoadedPlan, run: RunRecord): Promise<boolean> {
  const records = await backends.runHistory.getRecords(run.temporal_run_id);
  const outcomes = new Map(records.map(({ knot_id, outcome }) => [knot_id, outcome]));
  const layout = layoutOfRun(plan, run);
  const failures = countFailures(layout, (knot) => outcomes.get(layout.ids[knot]!));
  return failsWorkflow(layout.failOn, failures);
}

export function layoutOfRun(plan: LoadedPlan, run: RunRecord): Layout {
  const chosen = chosenTerminals(plan.plan, run.terminals);
  return chosen ? layoutOf(plan.plan, chosen) : plan.layout;
}

function errorOf({ details }: RunRecord): RunResult['error'] {
  return (details as { error?: { type: string; message: string } }).error;
}

function byTerminal({ terminals }: RunRecord, values: WantedValues): Record<string, unknown> {
  const byName: Record<string, unknown> = {};
  for (const [name, id] of Object.entries(terminals)) values.copyTo(byName, name, id);
  return byName;
}

export async function readPlanOf(
  backends: Backends,
  run: Pick<RunRecord, 'plan_hash' | 'run_id'>,
): Promise<LoadedPlan> {
  const stored = await backends.tapestryStore.get(run.plan_hash);
  if (!stored) {
    throw new SelvageError(
      'InvalidPlan',
      `Plan ${run.plan_hash} of run "${run.run_id}" is not in the tapestry store (${backends.tapestryStore.technology}).`,
      { details: { run: run.run_id, plan: run.plan_hash } },
    );
  }
  return LoadedPlan.parse(stored.text, run.plan_hash);
}
