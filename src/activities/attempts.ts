import type { Uses } from './worker-parts';
import type { Context } from '@temporalio/activity';
import { KnotAttempt } from './knot-attempt';
import { TaskAttempt } from './task-attempt';
import {
  readBatchTask,
  readKnotTask,
  readSegmentTask,
  readSplitTask,
  type ResolvedBatch,
  type ResolvedSegment,
  type ResolvedSplit,
} from './tasks';

/** Counts a segment's refusals and lost workers like a knot's attempt does; throws are counted per knot. */
export class SegmentAttempt extends TaskAttempt {
  constructor(
    context: Context,
    readonly task: ResolvedSegment,
  ) {
    const [first, ...others] = task.knots as [string, ...string[]];
    const which = others.length === 0 ? `knot "${first}"` : `${task.knots.length} knots from "${first}"`;
    super(context, first, `The segment of ${which}`, 0, task.lost ? 1 : 0);
  }
}

export class SplitAttempt extends TaskAttempt {
  constructor(
    context: Context,
    readonly task: ResolvedSplit,
  ) {
    super(context, task.knot, `The list of map "${task.knot}"`);
  }
}

export class BatchAttempt extends TaskAttempt {
  constructor(
    context: Context,
    readonly task: ResolvedBatch,
  ) {
    super(context, task.knot, `A batch of elements of map "${task.knot}"`);
  }
}

/** The attempt of an activity; undefined if that is not ours, or runs no bodies. */
export function attemptOf(
  context: Context,
  input: unknown,
  of: Uses<'clock' | 'identity'>,
): TaskAttempt | undefined {
  const task = readKnotTask(context.info, input);
  if (task) return new KnotAttempt(context, task, of);
  const segment = readSegmentTask(context.info, input);
  if (segment) return new SegmentAttempt(context, segment);
  const split = readSplitTask(context.info, input);
  if (split) return new SplitAttempt(context, split);
  const batch = readBatchTask(context.info, input);
  return batch && new BatchAttempt(context, batch);
}
