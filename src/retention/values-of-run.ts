import { nestedRunId } from '../engine';
import { LoadedPlan } from '../execution';
import { valuesNamedBy, type Backends, type RunRecord } from '../protocols';
import { childRunId } from '../workflows/child-run-id';
import { slicesOfMap } from './slices-of-map';

const PAGE = 1_000;

/** A run and the runs that its knots have started. */
export async function withNestedRuns(backends: Backends, run: RunRecord): Promise<RunRecord[]> {
  const runs = [run];
  const plan = await planOf(backends, run);
  for (const { id, policy } of plan?.plan.knots ?? []) {
    if (policy.node !== 'subTapestry' && policy.node !== 'loop') continue;
    for (let number = 1; ; number++) {
      const nested = await backends.runHistory.getRun(nestedRunId(childRunId(run.run_id, id), number));
      if (!nested) break;
      // By now the id may be that of a run of a later run's knot.
      if (nested.environment['parent_temporal_run_id'] !== run.temporal_run_id) continue;
      runs.push(...(await withNestedRuns(backends, nested)));
    }
  }
  return runs;
}

/**
 * The hashes of all values that a run has in the data store: those of its knots and parameters, what they were made of on the way, whole
 * tracebacks, what was given to it. Constants are part of its plan, and are not among them.
 */
export async function valuesOfRun(backends: Backends, run: RunRecord): Promise<Set<string>> {
  const hashes = new Set(Object.values(run.parameter_hashes));
  const { given_parameters: given = [], signals } = run.environment as {
    given_parameters?: string[];
    signals?: { payloads?: string[] };
  };
  for (const hash of [...given, ...(signals?.payloads ?? [])]) hashes.add(hash);
  for await (const record of recordsOf(backends, run)) {
    for (const hash of valuesNamedBy({ ...record, constant_input_hashes: {} })) hashes.add(hash);
    const { payload } = record.extra as { payload?: string };
    if (payload !== undefined) hashes.add(payload);
  }
  const plan = await planOf(backends, run);
  for (const knot of plan?.plan.knots ?? []) {
    if (!knot.policy.map) continue;
    for (const hash of await slicesOfMap(backends, plan!, knot, run)) hashes.add(hash);
  }
  return hashes;
}

export async function* recordsOf(
  { runHistory }: Pick<Backends, 'runHistory'>,
  { temporal_run_id: temporalRunId }: RunRecord,
): AsyncGenerator<Awaited<ReturnType<Backends['runHistory']['getRecords']>>[number]> {
  let cursor: string | undefined;
  do {
    const page = await runHistory.findLineage({
      temporalRunId,
      limit: PAGE,
      ...(cursor !== undefined && { cursor }),
    });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Undefined where it is in no store any more. */
export async function planOf(
  { tapestryStore }: Pick<Backends, 'tapestryStore'>,
  { plan_hash: hash }: RunRecord,
): Promise<LoadedPlan | undefined> {
  const stored = await tapestryStore.get(hash);
  return stored && LoadedPlan.parse(stored.text, hash);
}
