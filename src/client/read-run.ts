import {
  countFailures,
  failsWorkflow,
  layoutOf,
  type Layout,
  type Plan,
  type PlanDefinition,
  type PlanKnot,
} from '../engine';
import { LoadedPlan, outcomeOfRecord, readValues } from '../execution';
import type { Outcome, RunResult } from '../model/outcome';
import type { Backends, LineageRecord, RunRecord } from '../protocols';
import { SelvageError } from '../errors';
import { subjectOf } from '../sealing/seal-backends';
import { withSubject } from '../sealing/run-scope';

const RECORDS_AT_A_TIME = 1_000;

/** Which values a result carries: of all knots, of the terminals only, or none. */
export type WantedOutputs = 'all' | 'terminals' | 'none';

/**
 * A run as the backends have it. Of a run that is not over, the outcomes so far.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `InvalidPlan`, `BackendUnavailable`
 */
export async function readResult<Values>(
  backends: Backends,
  run: RunRecord,
  outputs: WantedOutputs = 'all',
): Promise<RunResult<Values>> {
  const plan = await readPlanOf(backends, run);
  const records = await knotRecords(backends, plan, run);
  const inOrder = plan.plan.knots.flatMap(({ id }) => records.get(id) ?? []);
  const terminalIds = new Set(Object.values(run.terminals));
  const wanted = inOrder.filter(
    (record) =>
      record.outcome === 'ok' &&
      (outputs === 'all' || (outputs === 'terminals' && terminalIds.has(record.knot_id))),
  );
  const values = await withSubject(subjectOf(run), () => readValues(backends, wanted));
  const outcomes: Record<string, Outcome> = {};
  const outputsById: Record<string, unknown> = {};
  for (const record of inOrder) {
    outcomes[record.knot_id] = outcomeOfRecord(record, () => values.get(record.knot_id));
    if (values.has(record.knot_id)) outputsById[record.knot_id] = values.get(record.knot_id);
  }
  const error = errorOf(run);
  const changed = await changedCodeOf(backends, plan, run, records);
  return {
    runId: run.run_id,
    status: run.status,
    succeeded: run.status === 'succeeded',
    outputs: outputsById,
    outcomes,
    values: byTerminal(run, values) as Partial<Values>,
    ...(error && { error }),
    ...(changed.length > 0 && { changedCode: changed }),
  };
}

/** By the records of the knots, and of each map's definition by its newest element. Values that another run made were made by its code. */
async function changedCodeOf(
  { runHistory }: Backends,
  plan: LoadedPlan,
  { temporal_run_id: temporalRunId }: RunRecord,
  records: ReadonlyMap<string, LineageRecord>,
): Promise<string[]> {
  const changed = new Set<string>();
  const compare = (knot: PlanKnot, definition: PlanDefinition, record: LineageRecord | undefined): void => {
    if (!record || record.code_hash === null || record.cached_from_run !== null) return;
    if (record.code_hash !== definition.codeHash) changed.add(definition.inline ? knot.id : definition.name);
  };
  const maps: PlanKnot[] = [];
  for (const knot of plan.plan.knots) {
    const definition = plan.definitionOf(knot);
    if (knot.policy.map) maps.push(knot);
    else if (definition) compare(knot, definition, records.get(knot.id));
  }
  const classes = new Set(maps.map((map) => plan.elementDefinitionOf(map).name));
  const newest = new Map(
    await Promise.all(
      [...classes].map(async (knotClass) => {
        const { items } = await runHistory.findLineage({ temporalRunId, knotClass, limit: 1 });
        return [knotClass, items[0]] as const;
      }),
    ),
  );
  for (const map of maps) {
    const each = plan.elementDefinitionOf(map);
    const element = newest.get(each.name);
    if (element?.definition_version === (each.version ?? null)) compare(map, each, element);
  }
  return [...changed];
}

/**
 * The values of a run's terminals, by their names, without a look at its other knots. Terminals without a value are left out.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function readTerminals<Values>(backends: Backends, run: RunRecord): Promise<Partial<Values>> {
  const ids = [...new Set(Object.values(run.terminals))];
  const records = await backends.runHistory.getRecords(run.temporal_run_id, ids);
  const values = await withSubject(subjectOf(run), () =>
    readValues(
      backends,
      records.filter(({ outcome }) => outcome === 'ok'),
    ),
  );
  return byTerminal(run, values) as Partial<Values>;
}

/**
 * The values of a run that is over, as `run.values()` promises them; undefined where it was cut short, where failures count by its
 * `failOn`, or where a terminal has no value that is to have one.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`, `InvalidPlan`
 */
export async function readPromisedValues<Values>(
  backends: Backends,
  run: RunRecord,
): Promise<Values | undefined> {
  const hasFailed = run.status === 'failed';
  if ((!hasFailed && run.status !== 'succeeded') || errorOf(run)) return undefined;
  const values = await readTerminals<Values>(backends, run);
  const missing = Object.entries(run.terminals).filter(([name]) => !Object.hasOwn(values, name));
  if (!hasFailed && missing.length === 0) return values as Values;
  const plan = await readPlanOf(backends, run);
  if (missing.some(([, id]) => !plan.mayHaveNoValue(id))) return undefined;
  return hasFailed && (await hasFailedWorkflow(backends, plan, run)) ? undefined : (values as Values);
}

/**
 * The plan of a run, and what is on record of its knots, without the elements of maps.
 *
 * @throws SelvageError `InvalidPlan`, `BackendUnavailable`
 */
export async function readKnots(
  backends: Backends,
  run: RunRecord,
): Promise<{ readonly plan: Plan; readonly records: LineageRecord[] }> {
  const plan = await readPlanOf(backends, run);
  return { plan: plan.plan, records: [...(await knotRecords(backends, plan, run)).values()] };
}

/** By id, without those of the elements of maps, of which there may be very many. */
async function knotRecords(
  { runHistory }: Backends,
  { plan }: LoadedPlan,
  { temporal_run_id: run }: RunRecord,
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

/** Ids of the knots that the run was asked for; undefined: the plan's own terminals. */
export function chosenTerminals(plan: LoadedPlan, { terminals }: RunRecord): string[] | undefined {
  const isOfAll = JSON.stringify(terminals) === JSON.stringify(plan.terminals());
  return isOfAll ? undefined : Object.values(terminals);
}

/** What the run was scheduled by. */
export function layoutOfRun(plan: LoadedPlan, run: RunRecord): Layout {
  const chosen = chosenTerminals(plan, run);
  return chosen ? layoutOf(plan.plan, chosen) : plan.layout;
}

function errorOf({ environment }: RunRecord): RunResult['error'] {
  return (environment as { error?: { type: string; message: string } }).error;
}

function byTerminal({ terminals }: RunRecord, values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const byName: Record<string, unknown> = {};
  for (const [name, id] of Object.entries(terminals)) if (values.has(id)) byName[name] = values.get(id);
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
