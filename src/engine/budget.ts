import type { Layout } from './layout';
import { SLOW_KNOT_MS } from './limits';

/** Of an activity: scheduled, started, ended. */
const ACTIVITY_EVENTS = 3;
/** Of a workflow task: scheduled, started, completed. */
const TASK_EVENTS = 3;
/** Members of one segment. */
const SEGMENT_SIZE = 2_000;

/** The knots that go to child runs, ascending: those that may run for over an hour, in a plan that may take more events than `maxEvents`. */
export function slowKnots(layout: Layout, maxEvents: number): number[] {
  const isSlow = layout.policies.map(({ timeout = 0 }) => timeout > SLOW_KNOT_MS);
  if (!isSlow.includes(true) || knotEvents(layout) <= maxEvents) return [];
  const knots: number[] = [];
  for (let knot = layout.parameterCount; knot < layout.size; knot++) {
    if (isSlow[layout.policy[knot]!]) knots.push(knot);
  }
  return knots;
}

/** Events of all knots in the worst case: each in a workflow task of its own. */
function knotEvents(layout: Layout): number {
  const local = localKnots(layout);
  const queued = layout.size - layout.parameterCount - local;
  return (queued + segmentsOf(layout, local)) * (ACTIVITY_EVENTS + TASK_EVENTS);
}

function isLocal(layout: Layout, knot: number): boolean {
  return layout.policies[layout.policy[knot]!]!.local === true;
}

function localKnots(layout: Layout): number {
  let count = 0;
  for (let knot = layout.parameterCount; knot < layout.size; knot++) if (isLocal(layout, knot)) count += 1;
  return count;
}

/**
 * How many segments there are at most, if nothing is given back. A segment begins with the start of the run or with the end of
 * a queued knot that has a local child; where two that ran side by side have a child in common, with the later one's end, and
 * each of these has two fewer to come after it; and where one was full, with its end.
 */
function segmentsOf(layout: Layout, local: number): number {
  if (local === 0) return 0;
  const { parameterCount, size, childStart, children } = layout;
  let begun = 1;
  for (let knot = parameterCount; knot < size; knot++) {
    if (isLocal(layout, knot)) continue;
    for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) {
      if (!isLocal(layout, children[edge]!)) continue;
      begun += 1;
      break;
    }
  }
  return Math.min(local, 2 * begun - 1 + Math.floor(local / SEGMENT_SIZE));
}
