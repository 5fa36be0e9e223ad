import { encodedSize } from '../values';
import { SelvageError } from '../errors';
import { encodeLayout } from './layout-codec';
import type { Layout } from './layout';
import {
  FATAL_BYTES,
  HOLD_BYTES,
  HOLD_EVENTS,
  INLINE_BYTES_PER_ACTIVITY,
  PARENTS_PER_ACTIVITY,
  RUNNING_KNOTS,
  SEGMENT_SIZE,
  SETTLED_KNOTS_PER_CALL,
  SETTLED_PER_EXECUTION,
  SLICES_PER_TASK,
  SLOW_KNOT_MS,
  SUGGESTED_BYTES,
  SUGGESTED_EVENTS,
  TASK_COMMAND_BYTES,
} from './limits';
import { alwaysInChildRun } from './node-kinds';

/*
 * Estimates the load of a run on the server from its layout, before it runs. All figures are upper bounds:
 * each knot is counted with a workflow task of its own, and each value at the largest inline size.
 *
 * A plan does not show signals, pauses and resets, failed workflow tasks, lost workers, or long failure
 * messages. The host stays within the limits in any case: it reads them off the history.
 */

interface Cost {
  readonly events: number;
  readonly bytes: number;
}

/** A workflow task: scheduled, started, completed. Measured without what its events carry. */
const TASK: Cost = { events: 3, bytes: 700 };
/**
 * An activity (scheduled, started, ended) and the task that it wakes, without ids, input and result.
 * Measured: 460 bytes.
 */
const ACTIVITY: Cost = { events: 3 + TASK.events, bytes: 800 + TASK.bytes };
/** A timer (started, fired) and the task that it wakes. */
const PAUSE: Cost = { events: 2 + TASK.events, bytes: 2 * TASK.bytes };
/**
 * A child run (initiated, started, ended) and its signal. It wakes its parent three times: when it starts, by
 * its signal, and when it ends.
 */
const CHILD_RUN: Cost = { events: 4 + 3 * TASK.events, bytes: 1_600 + 3 * TASK.bytes };
/** The JSON around an inline value. */
const ENVELOPE_BYTES = 16;
/** An inline value of the largest size that workers send by default. */
const INLINE_VALUE_BYTES = 2 * 1024 + ENVELOPE_BYTES;
/**
 * A wait, beside its own activity: an activity that computes the duration, a timer, an answered signal, and
 * an activity that checks the signal. Three of these wake the run.
 */
const WAIT: Cost = { events: 10 + 3 * TASK.events, bytes: INLINE_VALUE_BYTES + 10 * 400 + 3 * TASK.bytes };
/** The input of an activity without its parents: the plan's hash, the run's id, and the field names. */
const INPUT_BYTES = 200;
/**
 * The first and last event of an execution (memo, failures, terminals in the result), without parameters and
 * outcomes.
 */
const EXECUTION_BYTES = 128 * 1024;
/** The largest workflow input that the server accepts. */
const PAYLOAD_BYTES = 2 * 1024 * 1024;
/** An outcome in the state that one execution passes to the next: two bits in base 64. */
const OUTCOME_BYTES = 1 / 3;

/**
 * Bounds of one run. Bytes are those of histories as the server counts them, at the default inline limit of 2
 * KiB.
 */
export interface RunBudget {
  /** Number of knots without parameters. */
  readonly knots: number;
  readonly parameters: number;
  /** Knots that run in segments. */
  readonly localKnots: number;
  readonly edges: number;
  /** Number of knots on the longest path. */
  readonly depth: number;
  /** Number of knots on the widest level. A knot's level is the length of the longest path to it. */
  readonly width: number;
  readonly segments: number;
  /** Over all executions. */
  readonly events: number;
  readonly bytes: number;
  /** Most activities pending at once, child runs included. */
  readonly pendingActivities: number;
  /** Size of the layout, which each execution loads. */
  readonly layoutBytes: number;
  /** Number of executions. Between them the run continues as new. */
  readonly executions: number;
  /** Ids of the knots that run as child runs. */
  readonly childRuns: readonly string[];
  /** The subset of `childRuns` that is there because of a long timeout in a plan of many events. */
  readonly slowKnots: readonly string[];
}

/** Computes the budget of a run. Throws `PlanTooLarge` for a layout that no run can load. */
export function budgetOf(layout: Layout): RunBudget {
  const slices = encodeLayout(layout);
  requireLoadable(layout, slices);
  const { size, parameterCount, ids, policy, policies } = layout;
  const inChildRuns = childRunKnots(layout, HOLD_EVENTS);
  const slow = new Set(inChildRuns);
  const layoutBytes = bytesOf(slices);
  const { depth, width, paths } = shapeOf(layout);
  const { local, segments, activities } = activitiesOf(layout, slow);
  const work = workOf(layout, slow, segments);
  const each = overheadOf(layout, slices.length, layoutBytes);
  const executions = executionsOf(size, work, each);
  return {
    knots: size - parameterCount,
    parameters: parameterCount,
    localKnots: local,
    edges: layout.parents.length,
    depth,
    width,
    segments,
    events: work.events + executions * each.events,
    bytes: Math.ceil(work.bytes + executions * each.bytes),
    pendingActivities: Math.min(RUNNING_KNOTS, paths, activities),
    layoutBytes,
    executions,
    childRuns: inChildRuns.map((knot) => ids[knot]!),
    slowKnots: inChildRuns
      .filter((knot) => !alwaysInChildRun(policies[policy[knot]!]!))
      .map((knot) => ids[knot]!),
  };
}

/**
 * The knots that run as child runs, ascending: those that always do, and, in a plan that may take more than
 * `maxEvents`, those that may run for over an hour.
 */
export function childRunKnots(layout: Layout, maxEvents: number): number[] {
  const always = layout.policies.map(alwaysInChildRun);
  // Nodes that pass a value on are excluded: their answer holds more than a child run can return.
  const isSlow = layout.policies.map(({ timeout = 0, node }) => timeout > SLOW_KNOT_MS && node === undefined);
  if (!isSlow.includes(true) && !always.includes(true)) return [];
  const { activities } = activitiesOf(layout, new Set());
  const isLarge = activities * ACTIVITY.events > maxEvents;
  const knots: number[] = [];
  for (let knot = layout.parameterCount; knot < layout.size; knot++) {
    const policy = layout.policy[knot]!;
    if (always[policy] || (isLarge && isSlow[policy])) knots.push(knot);
  }
  return knots;
}

/**
 * Throws `PlanTooLarge` if an execution that has loaded the layout could not hold what may be dispatched
 * before anything has ended. From there on, the host keeps the history from growing too far.
 */
export function requireLoadable(layout: Layout, slices: readonly string[]): void {
  const layoutBytes = bytesOf(slices);
  const inputs = Uint32Array.from({ length: layout.size - layout.parameterCount }, (_, index) =>
    inputBytes(layout, layout.parameterCount + index),
  ).sort();
  const first = inputs.subarray(-RUNNING_KNOTS).reduce((sum, bytes) => sum + bytes + ACTIVITY.bytes, 0);
  if (layoutBytes <= HOLD_BYTES && layoutBytes + first + EXECUTION_BYTES <= FATAL_BYTES) return;
  const knots = layout.size - layout.parameterCount;
  throw new SelvageError(
    'PlanTooLarge',
    `The layout of the plan (${knots} knots with ${layout.parents.length} inputs from other knots) takes ${mebibytes(layoutBytes)} MiB, and each execution of ` +
      `the run has to load it beside its work; it has room for ${mebibytes(HOLD_BYTES)} MiB. Shorten the ids of knots, or make several ` +
      'tapestries of it.',
    { details: { knots, edges: layout.parents.length, layoutBytes, room: HOLD_BYTES } },
  );
}

/** The work of all executions together. */
function workOf(layout: Layout, slow: ReadonlySet<number>, segments: number): Cost {
  const { parameterCount, size, ids, policies, policy, definition, activityTypes, summaries } = layout;
  let events = segments * ACTIVITY.events;
  let bytes = segments * (ACTIVITY.bytes + INLINE_BYTES_PER_ACTIVITY);
  let commands = segments * (INPUT_BYTES + INLINE_BYTES_PER_ACTIVITY);
  const add = (cost: Cost): void => {
    events += cost.events;
    bytes += cost.bytes;
  };
  for (let knot = parameterCount; knot < size; knot++) {
    const { errorPolicy, wait, taskQueue = '' } = policies[policy[knot]!]!;
    // A receiver of outcomes has a further activity, which records the outcomes that it is about to read.
    if (errorPolicy === 'receiveErrors') add(ACTIVITY);
    if (wait !== undefined) add(WAIT);
    if (goesInSegment(layout, knot, slow)) {
      // A member costs its name in the segment's input, and two bits in its answer.
      commands += ids[knot]!.length + 5;
      continue;
    }
    add(slow.has(knot) ? CHILD_RUN : ACTIVITY);
    const names =
      ids[knot]!.length +
      taskQueue.length +
      activityTypes[definition[knot]!]!.length +
      (summaries.get(knot)?.length ?? 0) * 4;
    commands += inputBytes(layout, knot) + (slow.has(knot) ? 4 * names : names);
    bytes += INLINE_VALUE_BYTES;
  }
  // The parameters as given (at most what the server accepts) and as accepted.
  bytes += 2 * Math.min(parameterCount * INLINE_VALUE_BYTES, PAYLOAD_BYTES);
  // The run pauses whenever a task is full, which is when the next command does not fit.
  const full = Math.floor(commands / (TASK_COMMAND_BYTES - 2 * INLINE_BYTES_PER_ACTIVITY));
  return { events: events + full * PAUSE.events, bytes: bytes + commands + full * PAUSE.bytes };
}

function inputBytes(layout: Layout, knot: number): number {
  const parents = layout.parentStart[knot + 1]! - layout.parentStart[knot]!;
  if (parents > PARENTS_PER_ACTIVITY) return INPUT_BYTES;
  return INPUT_BYTES + Math.min(parents * INLINE_VALUE_BYTES, INLINE_BYTES_PER_ACTIVITY + 5 * parents);
}

/** The cost of each execution for beginning, settling knots and ending. */
function overheadOf({ size }: Layout, slices: number, layoutBytes: number): Cost {
  const pauses = Math.floor((slices - 1) / SLICES_PER_TASK);
  const settled = Math.ceil(size / SETTLED_KNOTS_PER_CALL);
  return {
    // The first event and task, a marker for each slice and for each call that settles knots, and the last
    // event.
    events: 2 + TASK.events + slices + settled + pauses * PAUSE.events,
    bytes:
      EXECUTION_BYTES +
      layoutBytes +
      (slices + settled) * TASK.bytes +
      pauses * PAUSE.bytes +
      size * OUTCOME_BYTES,
  };
}

/**
 * Every execution but the last ends in one of two ways. Either the server suggests continuing and enough
 * knots have settled, or nothing more may be dispatched.
 */
function executionsOf(knots: number, work: Cost, each: Cost): number {
  if (work.events + each.events < SUGGESTED_EVENTS && work.bytes + each.bytes < SUGGESTED_BYTES) return 1;
  const until = (events: number, bytes: number): number =>
    work.events / (events - each.events) + work.bytes / Math.max(bytes - each.bytes, 1);
  const suggested = until(SUGGESTED_EVENTS, SUGGESTED_BYTES);
  const held = knots / SETTLED_PER_EXECUTION + until(HOLD_EVENTS, HOLD_BYTES);
  return 1 + Math.floor(Math.min(suggested, held));
}

/** A receiver of outcomes runs on its own when a parent outside of its segment has failed. */
function goesInSegment(layout: Layout, knot: number, slow: ReadonlySet<number>): boolean {
  const { local, errorPolicy } = layout.policies[layout.policy[knot]!]!;
  return local === true && errorPolicy !== 'receiveErrors' && !slow.has(knot);
}

/**
 * Counts the activities. A segment begins with the run's start, or when a knot outside of segments ends that
 * has a local child. A further one begins when the later of two parallel segments with a common child ends,
 * and when a full one ends.
 */
function activitiesOf(
  layout: Layout,
  slow: ReadonlySet<number>,
): { readonly local: number; readonly segments: number; readonly activities: number } {
  const { parameterCount, size, childStart, children } = layout;
  let local = 0;
  let begun = 1;
  for (let knot = parameterCount; knot < size; knot++) {
    if (goesInSegment(layout, knot, slow)) {
      local += 1;
      continue;
    }
    for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) {
      if (!goesInSegment(layout, children[edge]!, slow)) continue;
      begun += 1;
      break;
    }
  }
  const segments = Math.min(local, 2 * begun - 1 + Math.floor(local / SEGMENT_SIZE));
  return { local, segments, activities: size - parameterCount - local + segments };
}

/** `paths` is a number of paths that together cover all knots, so no more knots than that can run at once. */
function shapeOf(layout: Layout): { depth: number; width: number; paths: number } {
  const { size, parameterCount, parentStart, parents, childStart, children } = layout;
  const level = new Uint32Array(size);
  const isTaken = new Uint8Array(size);
  const widths: number[] = [];
  let paths = 0;
  for (let knot = parameterCount; knot < size; knot++) {
    let above = 0;
    for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++)
      above = Math.max(above, level[parents[edge]!]!);
    level[knot] = above + 1;
    widths[above] = (widths[above] ?? 0) + 1;
    if (isTaken[knot] === 0) paths += 1;
    for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) {
      if (isTaken[children[edge]!] === 1) continue;
      isTaken[children[edge]!] = 1;
      break;
    }
  }
  return { depth: widths.length, width: widths.reduce((most, knots) => Math.max(most, knots), 0), paths };
}

function bytesOf(slices: readonly string[]): number {
  return slices.reduce((sum, text) => sum + encodedSize({ kind: 'json', text }), 0);
}

function mebibytes(bytes: number): string {
  return (bytes / (1024 * 1024)).toFixed(1);
}
