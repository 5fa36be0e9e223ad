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
  valueMissing,
  type EncodedValue,
  type KnotParents,
  type MapElements,
} from '../runtime';
import { findParents } from './parents';
import type { SplitAnswer } from '../workflows/messages';
import type { SplitAttempt } from './attempts';
import type { WorkerEnvironment } from './worker-environment';

const BYTES_AT_A_TIME = 8 * 1024 * 1024;
const RECORDS_AT_A_TIME = 1_000;

/**
 * Most ranges of recorded elements that an answer lists. The activities of the others find out for
 * themselves.
 */
const TOLD_RANGES = 4_000;

const REFUSED: SplitAnswer = { count: 0, refused: true, slices: [] };

/**
 * The activity that writes the slices of a map's list from an element on, and returns what there is to run.
 * Idempotent.
 */
export function createSplitMap(
  environment: WorkerEnvironment,
): (attempt: SplitAttempt) => Promise<SplitAnswer> {
  return async function splitMap(attempt: SplitAttempt): Promise<SplitAnswer> {
    const { task } = attempt;
    // The map's own activity reaches the same limit, and records it.
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
    await store(
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

/**
 * The lists that a map iterates over, with their bytes, by parent.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function listsOf(
  environment: WorkerEnvironment,
  map: PlanKnot,
  parents: KnotParents,
): Promise<Map<number, EncodedValue>> {
  const lists = new Map<number, EncodedValue>();
  for (const [input] of listInputs(map)) {
    const { parent } = map.inputs[input] as { readonly parent: number };
    lists.set(parent, await withBytes(environment, map.id, parents.valueOf(parent)));
  }
  return lists;
}

async function withBytes(
  { backends, recentValues }: WorkerEnvironment,
  knot: string,
  value: EncodedValue,
): Promise<EncodedValue> {
  if (value.encoded || value.stored !== undefined) return value;
  const bytes = recentValues.get(value.hash) ?? (await backends.dataStore.get(value.hash));
  if (!bytes) throw valueMissing(value.hash, knot);
  return { ...value, encoded: encodedOfStored(value.hash, bytes) };
}

async function store(
  { backends, recentValues }: WorkerEnvironment,
  values: readonly { readonly hash: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  let bytes = 0;
  let some: (typeof values)[number][] = [];
  for (const value of values) {
    some.push(value);
    bytes += value.bytes.byteLength;
    if (bytes < BYTES_AT_A_TIME) continue;
    await backends.dataStore.put(some);
    some = [];
    bytes = 0;
  }
  if (some.length > 0) await backends.dataStore.put(some);
  for (const value of values) recentValues.add(value);
}

/** Positions that have a record. */
async function recorded(
  { backends }: WorkerEnvironment,
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
