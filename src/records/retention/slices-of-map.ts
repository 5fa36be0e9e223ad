import type { PlanKnot } from '../../plan';
import {
  encodedOfStored,
  listInputs,
  mapElements,
  sharedReferences,
  slicesFrom,
  valueOfRecord,
  type LoadedPlan,
} from '../../runtime';
import type { Backends, LineageRecord, RunRecord } from '../../ports';
import { SelvageError } from '../../errors';
import { digestForRun } from '../../encryption/seal-backends';

/**
 * Hashes of the slices of a map's list, which no record names; empty if the list is gone, or is not a list.
 *
 * @throws SelvageError `KeyMissing`: without the run's digest key, the hashes cannot be computed
 */
export async function slicesOfMap(
  backends: Backends,
  plan: LoadedPlan,
  map: PlanKnot,
  run: RunRecord,
): Promise<string[]> {
  const { runHistory, dataStore } = backends;
  const indexes = Object.values(map.inputs).flatMap((input) => ('parent' in input ? [input.parent] : []));
  const ids = [...new Set(indexes)].map((parent) => plan.parentId(parent));
  const records = new Map(
    (await runHistory.getRecords(run.temporal_run_id, ids)).map((record) => [record.knot_id, record]),
  );
  if (ids.some((id) => records.get(id)?.outcome !== 'ok')) return [];
  const recordOf = (parent: number): LineageRecord => records.get(plan.parentId(parent))!;
  const lists = listInputs(map).map(([input]) => (map.inputs[input] as { parent: number }).parent);
  const bytes = await readable(
    dataStore,
    lists.map((parent) => recordOf(parent).output_hash!),
  );
  if (lists.some((parent) => !bytes.has(recordOf(parent).output_hash!))) return [];
  try {
    const elements = mapElements(plan, map, (parent) => {
      const { hash, stored } = valueOfRecord(recordOf(parent));
      return stored === undefined ? encodedOfStored(hash, bytes.get(hash)!) : undefined;
    });
    const shared = sharedReferences(map, (parent) => valueOfRecord(recordOf(parent)));
    const { of: digest } = digestForRun(backends, run);
    const hashes: string[] = [];
    for (let from: number | undefined = 0; from !== undefined;) {
      const { slices, next } = slicesFrom(elements, from, shared, digest);
      hashes.push(...slices.map(({ value }) => value.hash));
      from = next;
    }
    return hashes;
  } catch (error) {
    // The map failed before its list was split.
    if (SelvageError.is(error, 'NotAList') || SelvageError.is(error, 'UnequalLists')) return [];
    throw error;
  }
}

/** Reads values; undefined if the run's subject was forgotten. */
async function readable(
  dataStore: Backends['dataStore'],
  hashes: readonly string[],
): Promise<Map<string, Uint8Array>> {
  try {
    return await dataStore.getMany(hashes);
  } catch (error) {
    if (SelvageError.is(error, 'SubjectForgotten')) return new Map();
    throw error;
  }
}
