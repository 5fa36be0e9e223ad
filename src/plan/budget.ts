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
 * Upper bounds of a run's load on the server, from its layout: a workflow task per knot, and each value at the
 * largest inline size. Signals, pauses, resets, failed tasks, lost workers and long failure messages come on top.
 * The host stays within the limits in any case, as it reads them off the history.
 */

interface Cost {
  readonly events: number;
  readonly bytes: number;
}

/** Events of a workflow task: scheduled, started, completed. Bytes are measured without the contents of events. */
const TASK: Cost = { events: 3, bytes: 700 };
/** Events of an activity: scheduled, started, ended, and a task. Measured: 460 bytes without ids, input and result. */
const ACTIVITY: Cost = { events: 3 + TASK.events, bytes: 800 + TASK.bytes };
/** Events of a timer: started, fired, and the task that it wakes. */
const PAUSE: Cost = { events: 2 + TASK.events, bytes: 2 * TASK.bytes };
/** Events of a child run: initiated, started, ended, and its signal. A child run wakes its parent three times. */
const CHILD_RUN: Cost = { events: 4 + 3 * TASK.events, bytes: 1_600 + 3 * TASK.bytes };
const ENVELOPE_BYTES = 16;
/** The largest inline value that workers send by default. */
const INLINE_VALUE_BYTES = 2 * 1024 + ENVELOPE_BYTES;
/**
 * A wait without its own activity: an activity for the duration, a timer, an answered signal, and an activity that
 * checks it. Three of these steps wake the run.
 */
const WAIT: Cost = { events: 10 + 3 * TASK.events, bytes: INLINE_VALUE_BYTES + 10 * 400 + 3 * TASK.bytes };
/** An activity's input without parents: plan hash, run id and field names. */
const INPUT_BYTES = 200;
/** First and last event of an execution: memo, failures and terminals, without parameters and outcomes. */
const EXECUTION_BYTES = 128 * 1024;
const PAYLOAD_BYTES = 2 * 1024 * 1024;
/** An outcome for the next execution: two bits in base 64. */
const OUTCOME_BYTES = 1 / 3;

/** Bounds of one run. Bytes of histories are as the server counts them, at the default inline limit of 2 KiB. */
export interface RunBudget {
  /** Without parameters. */
  readonly knots: number;
  readonly parameters: number;
  /** Knots in segments. */
  readonly localKnots: number;
  readonly edges: number;
  /** Knots on the longest path. */
  readonly depth: number;
  /** Knots on the widest level. A knot's level is the length of the longest path to it. */
  readonly width: number;
  readonly segments: number;
  /** Over all executions. */
  readonly events: number;
  readonly bytes: number;
  /** At most this many activities are pending at once, child runs included. */
  readonly pendingActivities: number;
  /** Bytes of the layout, which each execution loads. */
  readonly layoutBytes: number;
  /** Number of executions; between them the run continues as new. */
  readonly executions: number;
  readonly childRuns: readonly string[];
  /** Knots that are child runs because of a long timeout in a plan of many events. */
  readonly slowKnots: readonly string[];
}

/** Throws `PlanTooLarge` for a layout that no run can load. */
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
 * Knots that run as child runs, ascending: always, or if they may take over an hour in a plan of over `maxEvents`.
 */
export function childRunKnots(layout: Layout, maxEvents: number): number[] {
  const always = layout.policies.map(alwaysInChildRun);
  // Answers of nodes that pass a value on hold more than a child run can return.
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
 * Throws `PlanTooLarge` if an execution with the loaded layout cannot hold the first dispatches. After the first
 * dispatches, the host limits the history.
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
    // A receiver has a further activity, which records its parents' outcomes before they are read.
    if (errorPolicy === 'receiveErrors') add(ACTIVITY);
    if (wait !== undefined) add(WAIT);
    if (goesInSegment(layout, knot, slow)) {
      // A member costs its name in the segment's input, and two bits in the answer.
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
  // Bytes of parameters as given (at most the server's limit) and as accepted.
  bytes += 2 * Math.min(parameterCount * INLINE_VALUE_BYTES, PAYLOAD_BYTES);
  // The run pauses when a workflow task is full.
  const full = Math.floor(commands / (TASK_COMMAND_BYTES - 2 * INLINE_BYTES_PER_ACTIVITY));
  return { events: events + full * PAUSE.events, bytes: bytes + commands + full * PAUSE.bytes };
}

function inputBytes(layout: Layout, knot: number): number {
  const parents = layout.parentStart[knot + 1]! - layout.parentStart[knot]!;
  if (parents > PARENTS_PER_ACTIVITY) return INPUT_BYTES;
  return INPUT_BYTES + Math.min(parents * INLINE_VALUE_BYTES, INLINE_BYTES_PER_ACTIVITY + 5 * parents);
}

function overheadOf({ size }: Layout, slices: number, layoutBytes: number): Cost {
  const pauses = Math.floor((slices - 1) / SLICES_PER_TASK);
  const settled = Math.ceil(size / SETTLED_KNOTS_PER_CALL);
  return {
    // First event and task, a marker per slice and per call that settles knots, and the last event.
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
 * All executions but the last end because the server suggests it and enough knots have settled, or because nothing
 * more may be dispatched.
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
 * A segment begins with the run, or when a knot outside of segments with a local child ends. A further segment begins
 * when the later of two parallel segments with a common child ends, and when a full one ends.
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

/** Counts `paths`, the chains of knots that together cover all knots. At most one knot of a chain can run at a time. */
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
