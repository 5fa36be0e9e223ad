import {
  CancellationScope,
  CancelledFailure,
  TemporalFailure,
  continueAsNew,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { MAP_CONCURRENCY, packRanges, unpackRanges, type KnotAnswer } from '../engine';
import { activityIdOf } from './activity-id';
import { requireKnownBehaviour } from './behaviours';
import { activityOptions, callKnot, scheduleKnot } from './knot-activity';
import { childRun } from './knot-run';
import {
  BATCH_ACTIVITY,
  MEMO_KEY,
  SPLIT_ACTIVITY,
  childWorkflowType,
  type BatchAnswer,
  type BatchTask,
  type ChildMemo,
  type ChildTask,
  type GivenBack,
  type MapPart,
  type MapWork,
  type PartSlice,
  type SplitAnswer,
  type SplitMap,
  type SplitTask,
} from './messages';

/** Activities of one history, of which each has three events and often a workflow task of its own. */
const ACTIVITIES_PER_RUN = 500;
/** Activities of one map at once, whatever it says: what one server should have to bear. */
const MOST_AT_ONCE = 1_000;
/** Of these, so many are in one part while there are other parts to run beside it. */
const PER_PART = 50;
const PARTS_AT_ONCE = 100;
/** Of a map in batches, so many activities at once: enough to keep some on their way between server and workers while others run. */
const BATCHES_AT_ONCE = 50;
/** Elements of one batch at once, where the map allows: those that end together are recorded together. */
const LEAST_IN_BATCH = 4;
const CANCELLED = 'The map was cancelled';

/**
 * The child run of a map. Its list is split into slices, whose elements run in activities of their own or, with `batch`, several in one; where
 * these are too many for one history, parts of the map have child runs of their own. Then the map's activity puts together what the
 * elements have recorded.
 *
 * M1  What an activity of an element answers is not looked at, only that it has ended: the records say what came of it, and what ended
 *     without a record (an operator can do that) has failed.
 * M2  No more elements are in flight than the map allows, over all its parts: each part has its share.
 * M3  After a cancel nothing begins. What has begun is awaited.
 */
export async function runMap(task: ChildTask | MapPart): Promise<void> {
  if ('slices' in task) return await runPart(task);
  await childRun(task, () => runWhole(task));
}

async function runWhole(child: ChildTask): Promise<KnotAnswer> {
  const from = child.from ?? 0;
  const split = await splitFrom(child, from);
  if (!split.refused) {
    const { parts, beside } = partsOf(child, split, from);
    await runParts(child, parts, beside);
    if (split.next !== undefined) return await continueAsNew<typeof runMap>({ ...child, from: split.next });
  }
  const map: SplitMap = {
    count: split.count,
    ...(split.keyed && { keyed: true }),
    ...(split.refused && { refused: true }),
  };
  // It runs where its run's other activities do: the queue that it names is that of the elements.
  const { taskQueue: _, ...own } = child.call;
  return await callKnot(own, { ...child.task, map }, child.limits);
}

async function splitFrom({ knot, limits, task }: ChildTask, from: number): Promise<SplitAnswer> {
  const activities = proxyActivities<Record<string, (task: SplitTask) => Promise<SplitAnswer>>>({
    activityId: activityIdOf(`${SPLIT_ACTIVITY}:${from}:${knot}`),
    ...activityOptions(limits),
  });
  return await activities[SPLIT_ACTIVITY]!({ ...task, knot, from });
}

/** The work of these slices, in parts that fit in one history each. */
function partsOf(
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
      run: task.run,
      runId: task.runId,
      ...(task.reuse === false && { reuse: task.reuse }),
    },
    knot,
    window: Math.max(1, Math.floor(atOnce / beside)),
    ...(batch > 1 && { batch: { size: batch, concurrency: inBatch } }),
    ...(task.givenBack?.elements && { givenBack: task.givenBack.elements }),
    ...(task.givenBack && { mayBeRecorded: true }),
  };
  return { parts: parts.map((part) => ({ ...work, slices: part })), beside };
}

/** How many elements of one batch run at once where there are so many batches, so that all together are as many as the map allows. */
function concurrencyInBatch(concurrency: number, batches: number): number {
  const atOnce = Math.min(batches, BATCHES_AT_ONCE, Math.floor(concurrency / LEAST_IN_BATCH));
  return Math.floor(concurrency / Math.max(1, atOnce));
}

/** How many parts run at once, of so many, with so many activities at once in all. */
function partsBeside(parts: number, atOnce: number): number {
  return Math.max(1, Math.min(parts, PARTS_AT_ONCE, Math.ceil(atOnce / PER_PART), atOnce));
}

async function runParts(child: ChildTask, parts: readonly MapPart[], beside: number): Promise<void> {
  const [only] = parts;
  if (only && parts.length === 1) return await runPart(only);
  await inWindow(parts, beside, async (part) => {
    await endOf(() => startPart(child, part));
  });
}

async function startPart({ task }: ChildTask, part: MapPart): Promise<void> {
  const memo: ChildMemo = { run: task.run };
  const number = part.slices[0]!.first;
  const handle = await startChild<typeof runMap>(childWorkflowType('map'), {
    workflowId: `${workflowInfo().workflowId}/${number}`,
    args: [part],
    memo: { [MEMO_KEY]: memo },
    // Whoever has the id was left behind by a child run that was terminated or reset.
    workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
  });
  await handle.result();
}

/** Runs the elements of some slices in this history. */
async function runPart(part: MapPart): Promise<void> {
  requireKnownBehaviour(part.behaviour);
  const { batch, window } = part;
  if (!batch) return await runElements(part);
  await inWindow(activitiesOf(part), window, async ({ slice, offsets }) => {
    const answer = await runBatch(part, slice, offsets, batch.concurrency);
    for (const [offset, how] of answer?.alone ?? []) await endOf(() => runElement(part, slice, offset, how));
  });
}

/**
 * An activity for each element. Of all that the sandbox does for one, the promises cost most: so there is one chain of callbacks where
 * `inWindow` would have several functions that wait for each other.
 */
function runElements(part: MapPart): Promise<void> {
  const scope = CancellationScope.current();
  const givenBack = new Map(part.givenBack);
  const elements = activitiesOf(part);
  return new Promise((resolve, reject) => {
    let open = 0;
    const next = (): void => {
      const element = scope.consideredCancelled ? undefined : elements.next().value;
      if (element) {
        const { slice, offsets } = element;
        const [offset] = offsets as [number];
        open += 1;
        runElement(part, slice, offset, givenBack.get(slice.first + offset)).then(ended, failed);
      } else if (open === 0) {
        if (scope.consideredCancelled) reject(new CancelledFailure(CANCELLED));
        else resolve();
      }
    };
    const ended = (): void => {
      open -= 1;
      next();
    };
    const failed = (error: Error): void => {
      if (error instanceof TemporalFailure) ended();
      else reject(error);
    };
    for (let place = 0; place < part.window; place++) next();
  });
}

interface Activity {
  readonly slice: PartSlice;
  readonly offsets: readonly number[];
}

function* activitiesOf({ slices, batch }: MapPart): Generator<Activity, undefined> {
  for (const slice of slices) {
    const offsets = unpackRanges(slice.offsets);
    const size = batch?.size ?? 1;
    for (let first = 0; first < offsets.length; first += size)
      yield { slice, offsets: offsets.slice(first, first + size) };
  }
}

function runElement(
  { call, limits, task, knot, mayBeRecorded }: MapPart,
  { hash, first }: PartSlice,
  offset: number,
  how: GivenBack | undefined,
): Promise<unknown> {
  const id = activityIdOf(`${knot}[${first + offset}]`);
  const givenBack = how ?? (mayBeRecorded && {});
  return scheduleKnot(
    { ...call, id },
    { ...task, knot, element: { slice: hash, offset }, ...(givenBack && { givenBack }) },
    limits,
  );
}

async function runBatch(
  { call, limits, task, knot }: MapPart,
  { hash, first }: PartSlice,
  offsets: readonly number[],
  concurrency: number,
): Promise<BatchAnswer | undefined> {
  const { taskQueue, priority } = call;
  const activities = proxyActivities<Record<string, (task: BatchTask) => Promise<BatchAnswer>>>({
    activityId: activityIdOf(`${BATCH_ACTIVITY}:${first + offsets[0]!}:${knot}`),
    ...(taskQueue && { taskQueue }),
    ...(priority !== undefined && { priority: { priorityKey: priority } }),
    summary: `elements ${first + offsets[0]!} … ${first + offsets.at(-1)!}`,
    ...activityOptions(limits),
  });
  return await endOf(() =>
    activities[BATCH_ACTIVITY]!({ ...task, knot, slice: hash, offsets: packRanges(offsets), concurrency }),
  );
}

/** Undefined where it ended otherwise than with an answer, which the records tell. */
async function endOf<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TemporalFailure) return undefined;
    throw error;
  }
}

/** Does it for each, in order, with so many under way at most; after a cancel nothing more begins, and it ends as cancelled. */
async function inWindow<T>(
  items: Iterable<T>,
  window: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const scope = CancellationScope.current();
  const iterator = items[Symbol.iterator]();
  const next = async (): Promise<void> => {
    while (!scope.consideredCancelled) {
      const { value, done } = iterator.next();
      if (done) return;
      await work(value);
    }
  };
  await Promise.all(Array.from({ length: window }, next));
  if (scope.consideredCancelled) throw new CancelledFailure(CANCELLED);
}
