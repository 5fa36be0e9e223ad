import { MAP_CONCURRENCY } from '../plan';
import { packRanges, unpackRanges } from '../scheduler';
import type {
  BatchAnswer,
  BatchTask,
  ChildTask,
  HandedBack,
  KnotTask,
  MapPart,
  MapWork,
  PartSlice,
  SplitAnswer,
} from './messages';

/** At most this many activities in one history: each takes three events and often a workflow task. */
const ACTIVITIES_PER_RUN = 500;
/** At most this many concurrent activities of one map, to protect a single server. */
const MOST_AT_ONCE = 1_000;
/** Concurrent activities of one part while other parts run. */
const PER_PART = 50;
const PARTS_AT_ONCE = 100;
/** Enough batches to keep some in transit between server and workers while others run. */
const BATCHES_AT_ONCE = 50;
/** Elements of a batch that run at once, if the map allows it, to be recorded together. */
const LEAST_IN_BATCH = 4;

/** Divides the work into parts that each fit in one history. */
export function partsOf(
  child: ChildTask,
  { slices, done }: SplitAnswer,
  from: number,
): { parts: readonly MapPart[]; beside: number } {
  const { behaviour, limits, knot, task, map } = child;
  const { concurrency = MAP_CONCURRENCY, batch = 1, each } = map!;
  const isDone = new Set(unpackRanges(done ?? []));
  const parts: PartSlice[][] = [];
  let room = 0;
  let first = from;
  let batches = 0;
  for (const [hash, elements] of slices) {
    const offsets: number[] = [];
    for (let offset = 0; offset < elements; offset++) if (!isDone.has(first + offset)) offsets.push(offset);
    const activities = Math.ceil(offsets.length / batch);
    if (activities > room) {
      parts.push([]);
      room = ACTIVITIES_PER_RUN;
    }
    room -= activities;
    batches += activities;
    if (activities > 0) parts.at(-1)!.push({ hash, first, offsets: packRanges(offsets) });
    first += elements;
  }
  const inBatch = Math.min(batch, concurrencyInBatch(concurrency, batches));
  const atOnce = Math.min(MOST_AT_ONCE, Math.max(1, Math.floor(concurrency / inBatch)));
  const beside = partsBeside(parts.length, atOnce);
  const work: MapWork = {
    behaviour,
    limits,
    call: {
      type: each,
      id: child.call.id,
      ...(child.call.taskQueue && { taskQueue: child.call.taskQueue }),
      ...(child.call.priority !== undefined && { priority: child.call.priority }),
    },
    task: {
      plan: task.plan,
      temporalRunId: task.temporalRunId,
      runId: task.runId,
      ...(task.reuse === false && { reuse: task.reuse }),
    },
    knot,
    window: Math.max(1, Math.floor(atOnce / beside)),
    ...(batch > 1 && { batch: { size: batch, concurrency: inBatch } }),
    ...(task.handedBack?.elements && { handedBack: task.handedBack.elements }),
    ...(task.handedBack && { mayBeRecorded: true }),
  };
  return { parts: parts.map((part) => ({ ...work, slices: part })), beside };
}

/** Elements of a batch that run at once, so that all batches together stay within the map's concurrency. */
function concurrencyInBatch(concurrency: number, batches: number): number {
  const atOnce = Math.min(batches, BATCHES_AT_ONCE, Math.floor(concurrency / LEAST_IN_BATCH));
  return Math.floor(concurrency / Math.max(1, atOnce));
}

/** Parts that run at once, within the limit of concurrent activities. */
function partsBeside(parts: number, atOnce: number): number {
  return Math.max(1, Math.min(parts, PARTS_AT_ONCE, Math.ceil(atOnce / PER_PART), atOnce));
}

/** Elements of a slice that share one activity, and those that need one of their own. */
interface Activity {
  readonly slice: PartSlice;
  readonly offsets: readonly number[];
  /** Elements whose bodies have thrown before. */
  readonly alone: NonNullable<BatchAnswer['retryAlone']>;
}

export function* activitiesOf(part: MapPart): Generator<Activity, undefined> {
  const handedBack = new Map(part.handedBack);
  const size = part.batch?.size ?? 1;
  for (const slice of part.slices) {
    const offsets = unpackRanges(slice.offsets);
    for (let first = 0; first < offsets.length; first += size) {
      const some = offsets.slice(first, first + size);
      const alone = some.flatMap((offset) => {
        const how = handedBack.get(slice.first + offset);
        return how ? [[offset, how] as const] : [];
      });
      const isAlone = new Set(alone.map(([offset]) => offset));
      yield { slice, offsets: some.filter((offset) => !isAlone.has(offset)), alone };
    }
  }
}

/** `how`: the report of the segment or batch that handed the element back. */
export function elementTask(
  { task, knot, mayBeRecorded }: MapPart,
  { hash }: PartSlice,
  offset: number,
  how: HandedBack | undefined,
): KnotTask {
  const handedBack = how ?? (mayBeRecorded && {});
  return { ...task, knot, element: { slice: hash, offset }, ...(handedBack && { handedBack }) };
}

export function batchTask(
  { task, knot, batch, mayBeRecorded }: MapPart,
  { hash }: PartSlice,
  offsets: readonly number[],
): BatchTask {
  const { concurrency } = batch!;
  return {
    ...task,
    knot,
    slice: hash,
    offsets: packRanges(offsets),
    concurrency,
    ...(mayBeRecorded && { mayBeRecorded }),
  };
}
