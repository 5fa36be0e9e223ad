import type { PlanKnot } from '../engine';
import {
  encodedOfStored,
  listInputs,
  mapElements,
  sharedReferences,
  slicesFrom,
  valueOfRecord,
  type LoadedPlan,
} from '../execution';
import type { Backends, LineageRecord, RunRecord } from '../protocols';
import { SelvageError } from '../errors';
import { digestForRun } from '../sealing/seal-backends';

/**
 * The hashes of the slices that a map's list was taken apart into, which no record names; none where the list is not there any more, or
 * was none.
 *
 * @param run that the map is of
 * @throws SelvageError `KeyMissing`: without the digest key of the run, nobody can tell them
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
    // Failures of the map: it was never taken apart.
    if (SelvageError.is(error, 'NotAList') || SelvageError.is(error, 'UnequalLists')) return [];
    throw error;
  }
}

/** None where the subject of the run was forgotten. */
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
