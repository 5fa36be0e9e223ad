import { nestedRunId } from '../../plan';
import { LoadedPlan } from '../../runtime';
import { valuesNamedBy, type Backends, type RunRecord } from '../../ports';
import { childRunId } from '../../workflows/child-run-id';
import { slicesOfMap } from './slices-of-map';
import { everyItem } from '../../ports/parts/every-item';

/** A run, and the runs that its knots started. */
export async function withNestedRuns(backends: Backends, run: RunRecord): Promise<RunRecord[]> {
  const runs = [run];
  const plan = await planOf(backends, run);
  for (const { id, policy } of plan?.plan.knots ?? []) {
    if (policy.node !== 'subTapestry' && policy.node !== 'loop') continue;
    for (let number = 1; ; number++) {
      const nested = await backends.runHistory.getRun(nestedRunId(childRunId(run.run_id, id), number));
      if (!nested) break;
      // The workflow id may belong to the child of a later run by now.
      if (nested.details['parent_temporal_run_id'] !== run.temporal_run_id) continue;
      runs.push(...(await withNestedRuns(backends, nested)));
    }
  }
  return runs;
}

/** Hashes of all values that a run has in the data store; constants are part of its plan. */
export async function valuesOfRun(backends: Backends, run: RunRecord): Promise<Set<string>> {
  const hashes = new Set(Object.values(run.parameter_hashes));
  const { given_parameters: given = [], signals } = run.details as {
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
  yield* everyItem((page) => runHistory.findLineage({ temporalRunId, ...page }));
}

/** The plan of a run; undefined if no store has it any more. */
export async function planOf(
  { tapestryStore }: Pick<Backends, 'tapestryStore'>,
  { plan_hash: hash }: RunRecord,
): Promise<LoadedPlan | undefined> {
  const stored = await tapestryStore.get(hash);
  return stored && LoadedPlan.parse(stored.text, hash);
}
