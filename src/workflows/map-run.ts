import { ActivityFailure, ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import type { ExceptionRecord } from '../authoring/outcome';
import { packRanges, unpackRanges, type KnotAnswer } from '../scheduler';
import { activityIdOf } from './activity-id';
import { requireKnownBehaviour } from './behaviours';
import { callKnot, describeFailure, scheduleKnot } from './knot-activity';
import { childRun } from './knot-run';
import { startChildRun } from './start-child-run';
import type { ChildWorld } from './world';
import { activitiesOf, batchTask, elementTask, partsOf } from './map-parts';
import {
  BATCH_ACTIVITY,
  RECORDS_LOST,
  SPLIT_ACTIVITY,
  childWorkflowType,
  type BatchAnswer,
  type ChildMemo,
  type ChildTask,
  type HandedBack,
  type MapPart,
  type PartSlice,
  type SplitAnswer,
  type SplitMap,
  type SplitTask,
} from './messages';

const CANCELLED = 'The map was cancelled';
/** How often a map starts again after lost records. After that many starts, the map's run deals with the loss. */
const MENDS = 10;

/**
 * The child run of a map. The list is split into slices. Elements of a slice run in activities of their own or, with
 * `batch`, several in one. If the activities are too many for one history, parts of the map get child runs. Finally the
 * map's activity composes the value from the elements' records.
 *
 * M1  Only the end of an element's activity counts: records tell the outcomes. An activity that an operator ended has
 *     no record, and its element has failed. Any other missing record was lost: the map starts again with the elements
 *     that are not on record.
 * M2  The map's concurrency holds over all its parts: each part has its share.
 * M3  After a cancel nothing begins, and running elements are awaited.
 */
export async function runMap(
  world: ChildWorld,
  task: ChildTask | MapPart,
): Promise<readonly number[] | undefined> {
  if ('slices' in task) {
    const ended = await runPart(world, task);
    return ended.length > 0 ? packRanges(ended) : undefined;
  }
  await childRun(world, task, () => runWhole(world, task));
  return undefined;
}

async function runWhole(world: ChildWorld, child: ChildTask): Promise<KnotAnswer> {
  const from = child.from ?? 0;
  const split = await splitFrom(world, child, from);
  let { ended = [] } = child;
  if (!split.refused) {
    const { parts, beside } = partsOf(child, split, from);
    const here = await runParts(world, child, parts, beside);
    ended = packRanges([...unpackRanges(ended), ...here.sort((a, b) => a - b)]);
    const soFar = { ...child, ...(ended.length > 0 && { ended }) };
    if (split.next !== undefined) return await goOn(world, { ...soFar, from: split.next });
  }
  const map: SplitMap = {
    count: split.count,
    ...(split.keyed && { keyed: true }),
    ...(split.refused && { refused: true }),
    ...(ended.length > 0 && { ended }),
  };
  // The child run is on the run's task queue: the knot's own queue is for its elements.
  const { taskQueue: _, ...own } = child.call;
  try {
    return await callKnot(world, own, { ...child.task, map }, child.limits);
  } catch (error) {
    const { mended = 0 } = child;
    if (!isRecordsLost(child.knot, error) || mended === MENDS) throw error;
    const { from: _from, ...anew } = child;
    const task = { ...child.task, handedBack: child.task.handedBack ?? {} };
    return await goOn(world, { ...anew, task, ended, mended: mended + 1 });
  }
}

/** Continues the map as new, unless a cancel has come, which the next execution would miss. */
async function goOn(world: ChildWorld, next: ChildTask): Promise<never> {
  if (world.scope().consideredCancelled) throw new CancelledFailure('The map was cancelled');
  return await world.continueAsNew(next);
}

function isRecordsLost(knot: string, error: unknown): boolean {
  return error instanceof TemporalFailure && describeFailure(knot, error).failure.type === RECORDS_LOST;
}

async function splitFrom(
  world: ChildWorld,
  { knot, limits, task }: ChildTask,
  from: number,
): Promise<SplitAnswer> {
  const call = { type: SPLIT_ACTIVITY, id: activityIdOf(`${SPLIT_ACTIVITY}:${from}:${knot}`) };
  return await scheduleKnot(world, call, { ...task, knot, from } satisfies SplitTask, limits);
}

/** Returns the elements whose activities were ended from outside. */
async function runParts(
  world: ChildWorld,
  child: ChildTask,
  parts: readonly MapPart[],
  beside: number,
): Promise<number[]> {
  const [only] = parts;
  if (only && parts.length === 1) return await runPart(world, only);
  const ended: number[] = [];
  await inWindow(world, parts, beside, async (part) => {
    ended.push(...((await endOf(() => startPart(world, child, part))) ?? positionsOf(part)));
  });
  return ended;
}

function positionsOf({ slices }: MapPart): number[] {
  return slices.flatMap(({ first, offsets }) => unpackRanges(offsets).map((offset) => first + offset));
}

async function startPart(world: ChildWorld, { task }: ChildTask, part: MapPart): Promise<number[]> {
  const memo: ChildMemo = { temporalRunId: task.temporalRunId };
  const handle = await startChildRun(world, childWorkflowType('map'), memo, {
    workflowId: `${world.facts().workflowId}/${part.slices[0]!.first}`,
    args: [part],
  });
  return unpackRanges(((await handle.result()) as readonly number[] | undefined) ?? []);
}

/** Runs elements in this history. Returns the elements whose activities were ended from outside. */
async function runPart(world: ChildWorld, part: MapPart): Promise<number[]> {
  requireKnownBehaviour(part.behaviour);
  const { batch, window } = part;
  if (!batch) return await runElements(world, part);
  const ended: number[] = [];
  const runAlone = async (slice: PartSlice, offset: number, how: HandedBack): Promise<void> => {
    try {
      await runElement(world, part, slice, offset, how);
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      if (isEndedFromOutside(error)) ended.push(slice.first + offset);
    }
  };
  await inWindow(world, activitiesOf(part), window, async ({ slice, offsets, alone }) => {
    const answer = offsets.length > 0 ? await runBatch(world, part, slice, offsets) : {};
    if (!answer) ended.push(...offsets.map((offset) => slice.first + offset));
    // Elements to run alone start at once, like the batch: each has its own back-off.
    await eachInWindow(world, [...alone, ...(answer?.retryAlone ?? [])], batch.concurrency, ([offset, how]) =>
      runAlone(slice, offset, how),
    );
  });
  return ended;
}

/** The element's failure comes from outside of our workers, so there is no record. */
function isEndedFromOutside(error: TemporalFailure): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (!(cause instanceof ApplicationFailure)) return true;
  const [record] = (cause.details ?? []) as (Partial<ExceptionRecord> | null | undefined)[];
  return cause.type !== RECORDS_LOST && record?.id === undefined;
}

/** Runs one activity per element. Uses a chain of callbacks, as promises are the largest cost in the sandbox. */
function runElements(world: ChildWorld, part: MapPart): Promise<number[]> {
  const scope = world.scope();
  const elements = activitiesOf(part);
  const outside: number[] = [];
  return new Promise((resolve, reject) => {
    let open = 0;
    const next = (): void => {
      const element = scope.consideredCancelled ? undefined : elements.next().value;
      if (element) {
        const { slice, offsets, alone } = element;
        const [offset, how] = alone[0] ?? [offsets[0]!, undefined];
        open += 1;
        runElement(world, part, slice, offset, how).then(ended, (error: Error) =>
          failed(error, slice.first + offset),
        );
      } else if (open === 0) {
        if (scope.consideredCancelled) reject(new CancelledFailure(CANCELLED));
        else resolve(outside);
      }
    };
    const ended = (): void => {
      open -= 1;
      next();
    };
    const failed = (error: Error, position: number): void => {
      if (!(error instanceof TemporalFailure)) return reject(error);
      if (isEndedFromOutside(error)) outside.push(position);
      ended();
    };
    for (let place = 0; place < part.window; place++) next();
  });
}

function runElement(
  world: ChildWorld,
  part: MapPart,
  slice: PartSlice,
  offset: number,
  how: HandedBack | undefined,
): Promise<unknown> {
  const id = activityIdOf(`${part.knot}[${slice.first + offset}]`);
  return scheduleKnot(world, { ...part.call, id }, elementTask(part, slice, offset, how), part.limits);
}

async function runBatch(
  world: ChildWorld,
  part: MapPart,
  slice: PartSlice,
  offsets: readonly number[],
): Promise<BatchAnswer | undefined> {
  const first = slice.first + offsets[0]!;
  const call = {
    ...part.call,
    type: BATCH_ACTIVITY,
    id: activityIdOf(`${BATCH_ACTIVITY}:${first}:${part.knot}`),
    summary: `elements ${first} … ${slice.first + offsets.at(-1)!}`,
  };
  return await endOf(() =>
    scheduleKnot<BatchAnswer>(world, call, batchTask(part, slice, offsets), part.limits),
  );
}

/** The batch's answer; undefined if it ended without one: the records tell the outcome. */
async function endOf<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TemporalFailure) return undefined;
    throw error;
  }
}

/** Like {@link eachInWindow}, but ends as cancelled after a cancel. */
async function inWindow<T>(
  world: ChildWorld,
  items: Iterable<T>,
  window: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  await eachInWindow(world, items, window, work);
  if (world.scope().consideredCancelled) throw new CancelledFailure(CANCELLED);
}

/** Calls in order, with at most `window` at once. After a cancel nothing more begins. */
async function eachInWindow<T>(
  world: ChildWorld,
  items: Iterable<T>,
  window: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const scope = world.scope();
  const iterator = items[Symbol.iterator]();
  const next = async (): Promise<void> => {
    while (!scope.consideredCancelled) {
      const { value, done } = iterator.next();
      if (done) return;
      await work(value);
    }
  };
  await Promise.all(Array.from({ length: window }, next));
}
