import { packHash } from '../values';
import { LOST_WORKERS, type PlanKnot } from '../plan';
import { packRanges } from '../scheduler';
import { isOfClass } from '../errors';
import {
  ElementKnots,
  encodedOfStored,
  listInputs,
  mapElements,
  sharedReferences,
  slicesFrom,
  type EncodedValue,
  type KnotParents,
  type MapElements,
} from '../runtime';
import { findParents, type ParentSources } from './parents';
import type { SplitAnswer } from '../workflows/messages';
import type { SplitAttempt } from './attempts';
import { readStored, storeAll, type StoredValues } from './stored-values';
import type { Uses } from './worker-parts';

export type SplitParts = ParentSources & Uses<'plans' | 'sliceLimits'>;

const RECORDS_AT_A_TIME = 1_000;

/** Limit of recorded ranges in an answer. The activities of elements beyond the limit find their records themselves. */
const TOLD_RANGES = 4_000;

const REFUSED: SplitAnswer = { count: 0, refused: true, slices: [] };

/** Writes the slices of a map's list from an element on, and returns the elements to run. Idempotent. */
export function createSplitMap(environment: SplitParts): (attempt: SplitAttempt) => Promise<SplitAnswer> {
  return async function splitMap(attempt: SplitAttempt): Promise<SplitAnswer> {
    const { task } = attempt;
    // The map's own activity reaches the same limit, and records the failure.
    if (attempt.lost >= LOST_WORKERS) return REFUSED;
    const plan = await environment.plans.get(task.plan);
    const map = plan.knot(task.knot);
    const parents = await findParents(environment, plan, map, task);
    const lists = await listsOf(environment, map, parents);
    let elements: MapElements;
    try {
      elements = mapElements(plan, map, (parent) => lists.get(parent)!.encoded);
    } catch (error) {
      if (isOfClass(error, 'input')) return REFUSED;
      throw error;
    }
    const shared = sharedReferences(map, (parent) => parents.valueOf(parent));
    const { slices, next } = slicesFrom(
      elements,
      task.from,
      shared,
      environment.digest,
      environment.sliceLimits,
    );
    await storeAll(
      environment,
      slices.map(({ value }) => value),
    );
    const done = task.handedBack
      ? await recorded(
          environment,
          task.temporalRunId,
          new ElementKnots(plan, map),
          elements,
          task.from,
          next,
        )
      : [];
    const { count, keys } = elements;
    return {
      count,
      ...(keys && { keyed: true }),
      slices: slices.map(({ value, elements: length }) => [packHash(value.hash), length]),
      ...(next !== undefined && { next }),
      ...(done.length > 0 && { done: packRanges(done).slice(0, TOLD_RANGES) }),
    };
  };
}

/** Encoded lists that a map iterates over, by parent. Errors as for {@link readStored}. */
export async function listsOf(
  environment: StoredValues,
  map: PlanKnot,
  parents: KnotParents,
): Promise<Map<number, EncodedValue>> {
  const lists = new Map<number, EncodedValue>();
  for (const [input] of listInputs(map)) {
    const { parent } = map.inputs[input] as { readonly parent: number };
    const value = parents.valueOf(parent);
    const { hash, encoded, stored } = value;
    if (encoded || stored !== undefined) lists.set(parent, value);
    else
      lists.set(parent, {
        ...value,
        encoded: encodedOfStored(hash, await readStored(environment, hash, map.id)),
      });
  }
  return lists;
}

async function recorded(
  { backends }: Uses<'backends'>,
  temporalRunId: string,
  knots: ElementKnots,
  { count, keys }: MapElements,
  from: number,
  to = count,
): Promise<number[]> {
  const done: number[] = [];
  for (let first = from; first < to; first += RECORDS_AT_A_TIME) {
    const positions = new Map<string, number>();
    for (let position = first; position < Math.min(to, first + RECORDS_AT_A_TIME); position++)
      positions.set(knots.idAt(position, keys?.[position]), position);
    const records = await backends.runHistory.getOutcomes(temporalRunId, [...positions.keys()]);
    for (const record of records) done.push(positions.get(record.knot_id)!);
  }
  return done.sort((a, b) => a - b);
}
