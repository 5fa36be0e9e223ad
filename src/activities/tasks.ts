import type { Context } from '@temporalio/activity';
import { unpackHash } from '../values';
import {
  BATCH_ACTIVITY,
  SEGMENT_ACTIVITY,
  SPLIT_ACTIVITY,
  type BatchTask,
  type KnotTask,
  type SegmentTask,
  type SplitTask,
} from '../workflows/messages';

export interface ResolvedBasics {
  readonly plan: string;
  /** The activity of a knot in a child run has another workflow id. */
  readonly runId: string;
  /** The key of the run's records: the first execution of a continued chain. */
  readonly temporalRunId: string;
}

/** An unpacked {@link KnotTask}, completed from the activity. */
export interface ResolvedTask
  extends
    ResolvedBasics,
    Pick<
      KnotTask,
      'parents' | 'paths' | 'nested' | 'map' | 'handedBack' | 'reuse' | 'lost' | 'waited' | 'since'
    > {
  readonly knot: string;
  readonly element?: { readonly map: string; readonly slice: string; readonly offset: number } | undefined;
}

export interface ResolvedSegment extends ResolvedBasics, Omit<SegmentTask, 'plan' | 'temporalRunId'> {}

/** An unpacked {@link BatchTask}; `slice` is the hash of the map's slice. */
export interface ResolvedBatch extends ResolvedBasics, Omit<BatchTask, 'plan' | 'temporalRunId' | 'runId'> {}

export interface ResolvedSplit extends ResolvedTask {
  readonly from: number;
}

const NO_KNOTS: readonly string[] = [SEGMENT_ACTIVITY, SPLIT_ACTIVITY, BATCH_ACTIVITY];

/** The task; undefined for a user's own input, or for another activity of ours. */
export function readKnotTask(info: Context['info'], input: unknown): ResolvedTask | undefined {
  if (NO_KNOTS.includes(info.activityType)) return undefined;
  return readTask(info, input);
}

function readTask(info: Context['info'], input: unknown): ResolvedTask | undefined {
  const basics = readBasics(info, input);
  if (!basics) return undefined;
  const { knot, parents, paths, nested, map, element, handedBack, reuse, lost, waited, since } =
    input as KnotTask;
  return {
    plan: basics.plan,
    runId: basics.runId,
    temporalRunId: basics.temporalRunId,
    knot: element ? info.activityId : (knot ?? info.activityId),
    parents,
    map,
    element: element && { map: knot!, slice: unpackHash(element.slice)!, offset: element.offset },
    paths,
    nested,
    handedBack,
    reuse: reuse === false ? reuse : undefined,
    lost,
    waited,
    since,
  };
}

export function readSplitTask(info: Context['info'], input: unknown): ResolvedSplit | undefined {
  if (info.activityType !== SPLIT_ACTIVITY) return undefined;
  const task = readTask(info, input);
  return task && { ...task, from: (input as SplitTask).from };
}

export function readBatchTask(info: Context['info'], input: unknown): ResolvedBatch | undefined {
  if (info.activityType !== BATCH_ACTIVITY) return undefined;
  const basics = readBasics(info, input);
  if (!basics) return undefined;
  const task = input as BatchTask;
  return { ...task, ...basics, slice: unpackHash(task.slice)! };
}

export function readSegmentTask(info: Context['info'], input: unknown): ResolvedSegment | undefined {
  if (info.activityType !== SEGMENT_ACTIVITY) return undefined;
  const basics = readBasics(info, input);
  if (!basics) return undefined;
  return { ...(input as SegmentTask), ...basics };
}

function readBasics(info: Context['info'], input: unknown): ResolvedBasics | undefined {
  if (typeof input !== 'object' || input === null || !info.workflowExecution) return undefined;
  const { plan: packed, temporalRunId, runId } = input as Partial<KnotTask & SegmentTask>;
  const plan = typeof packed === 'string' ? planOf(packed) : undefined;
  if (plan === undefined) return undefined;
  const { workflowExecution } = info;
  return {
    plan,
    runId: runId ?? workflowExecution.workflowId,
    temporalRunId: temporalRunId ?? workflowExecution.runId,
  };
}

let lastPlan: { readonly packed: string; readonly hash: string | undefined } | undefined;

/** Consecutive tasks mostly have the same plan. */
function planOf(packed: string): string | undefined {
  if (lastPlan?.packed !== packed) lastPlan = { packed, hash: unpackHash(packed) };
  return lastPlan.hash;
}
