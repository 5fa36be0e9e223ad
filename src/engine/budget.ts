import { encodedSize } from '../canonical';
import { SelvageError } from '../errors';
import { encodeLayout } from './layout-codec';
import type { Layout, LayoutPolicy } from './layout';
import {
  FATAL_BYTES,
  HOLD_BYTES,
  HOLD_EVENTS,
  INLINE_BYTES_PER_ACTIVITY,
  PARAMETER_BYTES_INLINE,
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
 * What a run of a layout may ask of the server, before it runs. Upper bounds: each knot is taken to be in a workflow task of its
 * own, which is so of a chain and of nothing else, and each value to be as large as goes inline.
 *
 * Not in them, for no plan tells it: what an operator does (signals, pauses, resets), workflow tasks that fail or time out, the activity that a
 * segment gives a knot back to when a worker is lost (one more for that knot), and the message and stack of a failed knot,
 * which may take 15 KiB in place of a value. The host keeps to the limits whatever comes: it reads them off the history.
 */

/** Of an activity: scheduled, started, ended. */
const ACTIVITY_EVENTS = 3;
/** Of a workflow task: scheduled, started, completed. */
const TASK_EVENTS = 3;
/** Of a timer: started, fired. */
const TIMER_EVENTS = 2;
/** Of a child run: initiated, started, ended; and its signal. */
const CHILD_EVENTS = 4;
/** It wakes its run when it has started, by its signal, and when it has ended. */
const CHILD_TASKS = 3;
/** Of the activity that records what a receiver of outcomes is about to read. */
const RECORD_EVENTS = ACTIVITY_EVENTS;
/** Of a wait beside its own activity: one that says for how long, a timer, a signal that is answered, and the activity that checks it. */
const WAIT_EVENTS = ACTIVITY_EVENTS + TIMER_EVENTS + 2 + ACTIVITY_EVENTS;
/** It is woken by its signal or timer, by what says for how long, and by the check. */
const WAIT_TASKS = 3;

/** Without ids, input and result; the three events of each. Measured: 460 and 410, with short names of queues and workers. */
const ACTIVITY_BYTES = 800;
const TASK_BYTES = 700;
const CHILD_BYTES = 1_600;
const WAIT_EVENT_BYTES = 400;
/** What an activity's input has beside its parents: the plan's hash, the run's id and their names. */
const INPUT_BYTES = 200;
/** What stands around an inline value. */
const ENVELOPE_BYTES = 16;
/** The workers' default limit of a value that is sent along. */
const INLINE_VALUE_BYTES = 2 * 1024;
/** First and last event of an execution without parameters and outcomes: memo, failures, terminals in its answer. */
const EXECUTION_BYTES = 128 * 1024;
/** What the server takes as the input of a workflow. */
const PAYLOAD_BYTES = 2 * 1024 * 1024;
/** An outcome in what an execution hands to the next: two bits, in base 64. */
const OUTCOME_BYTES = 1 / 3;

/** Bounds of one run. Bytes are of histories, as the server counts them, with the default inline limit of 2 KiB. */
export interface RunBudget {
  /** Without parameters. */
  readonly knots: number;
  readonly parameters: number;
  /** Knots that go out in segments. */
  readonly localKnots: number;
  readonly edges: number;
  /** Knots of the longest path. */
  readonly depth: number;
  /** Knots of the widest level, a knot's level being the longest path to it. */
  readonly width: number;
  /** At most, where none is given back. */
  readonly segments: number;
  /** Of all executions together. */
  readonly events: number;
  readonly bytes: number;
  /** At once, child runs among them. */
  readonly pendingActivities: number;
  readonly layoutSlices: number;
  /** Of the layout, which each execution loads. */
  readonly layoutBytes: number;
  /** At most; the run continues as new between them. */
  readonly executions: number;
  /** Ids of the knots that go to child runs. */
  readonly childRuns: readonly string[];
  /** Those of them that go there for their timeout, in a plan of many events; the others always do. */
  readonly slowKnots: readonly string[];
}

/**
 * The budget of a run. Throws `PlanTooLarge` for a layout that no run can load.
 *
 * @param slices the encoded layout, where it is at hand
 */
export function budgetOf(layout: Layout, slices: readonly string[] = encodeLayout(layout)): RunBudget {
  const slow = new Set(childRunKnots(layout, HOLD_EVENTS));
  requireLoadable(layout, slices);
  const layoutBytes = bytesOf(slices);
  const { depth, width, paths } = shapeOf(layout);
  const work = workOf(layout, slow);
  const perExecution = overheadOf(layout, slices.length, layoutBytes);
  const executions = executionsOf(layout.size, work, perExecution);
  const settled = Math.ceil(layout.size / SETTLED_KNOTS_PER_CALL);
  return {
    knots: layout.size - layout.parameterCount,
    parameters: layout.parameterCount,
    localKnots: work.local,
    edges: layout.parents.length,
    depth,
    width,
    segments: work.segments,
    events: work.events + executions * (perExecution.events + settled),
    bytes: Math.ceil(work.bytes + executions * (perExecution.bytes + settled * TASK_BYTES)),
    pendingActivities: Math.min(RUNNING_KNOTS, paths, work.activities),
    layoutSlices: slices.length,
    layoutBytes,
    executions,
    childRuns: [...slow].map((knot) => layout.ids[knot]!),
    slowKnots: [...slow]
      .filter((knot) => !alwaysInChildRun(layout.policies[layout.policy[knot]!]!))
      .map((knot) => layout.ids[knot]!),
  };
}

/**
 * The knots that go to child runs, ascending: those that always do, and those that may run for over an hour, in a plan that may take
 * more than `maxEvents`.
 */
export function childRunKnots(layout: Layout, maxEvents: number): number[] {
  const always = layout.policies.map(alwaysInChildRun);
  // A node that passes a value on has more to tell than a child run can.
  const isSlow = layout.policies.map(({ timeout = 0, node }) => timeout > SLOW_KNOT_MS && node === undefined);
  if (!isSlow.includes(true) && !always.includes(true)) return [];
  const { activities } = activitiesOf(layout, new Set());
  const isLarge = activities * (ACTIVITY_EVENTS + TASK_EVENTS) > maxEvents;
  const knots: number[] = [];
  for (let knot = layout.parameterCount; knot < layout.size; knot++) {
    const policy = layout.policy[knot]!;
    if (always[policy] || (isLarge && isSlow[policy])) knots.push(knot);
  }
  return knots;
}

/**
 * Throws `PlanTooLarge` if an execution that has loaded the layout could not carry what may go out before anything has
 * ended: from there on, the host sees to it that the history does not grow too far.
 */
export function requireLoadable(layout: Layout, slices: readonly string[]): void {
  const layoutBytes = bytesOf(slices);
  const inputs = Uint32Array.from({ length: layout.size - layout.parameterCount }, (_, index) =>
    inputBytes(layout, layout.parameterCount + index),
  ).sort();
  const first = inputs.subarray(-RUNNING_KNOTS).reduce((sum, bytes) => sum + bytes + ACTIVITY_BYTES, 0);
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

interface Work {
  readonly local: number;
  readonly segments: number;
  /** Segments, queued knots and child runs. */
  readonly activities: number;
}

/** What all executions share. */
function workOf(layout: Layout, slow: ReadonlySet<number>): Work & { events: number; bytes: number } {
  const work = activitiesOf(layout, slow);
  let commandBytes = work.segments * (INLINE_BYTES_PER_ACTIVITY + INPUT_BYTES);
  let resultBytes = work.segments * INLINE_BYTES_PER_ACTIVITY;
  for (let knot = layout.parameterCount; knot < layout.size; knot++) {
    if (goesInSegment(layout, knot, slow)) {
      // Named in the segment's input and, with two bits, in its answer.
      commandBytes += layout.ids[knot]!.length + 4;
      resultBytes += 1;
    } else {
      const policy = layout.policies[layout.policy[knot]!]!;
      const names =
        layout.ids[knot]!.length +
        (policy.taskQueue?.length ?? 0) +
        layout.activityTypes[layout.definition[knot]!]!.length +
        (layout.summaries.get(knot)?.length ?? 0) * 4;
      commandBytes += inputBytes(layout, knot) + (slow.has(knot) ? 3 * names : names);
      resultBytes += INLINE_VALUE_BYTES + ENVELOPE_BYTES + (slow.has(knot) ? layout.ids[knot]!.length : 0);
    }
  }
  const parameters = layout.parameterCount * (INLINE_VALUE_BYTES + ENVELOPE_BYTES);
  // A timer and a task more wherever a task is full, and one is at least as full as this when another command does not fit.
  const fullTasks = Math.floor(commandBytes / (TASK_COMMAND_BYTES - 2 * INLINE_BYTES_PER_ACTIVITY));
  const single = work.activities - slow.size;
  const receivers = receiversOf(layout);
  const waits = waitsOf(layout);
  return {
    ...work,
    events:
      single * (ACTIVITY_EVENTS + TASK_EVENTS) +
      receivers * (RECORD_EVENTS + TASK_EVENTS) +
      waits * (WAIT_EVENTS + WAIT_TASKS * TASK_EVENTS) +
      slow.size * (CHILD_EVENTS + CHILD_TASKS * TASK_EVENTS) +
      fullTasks * (TIMER_EVENTS + TASK_EVENTS),
    bytes:
      // As they were given, which is at most what the server takes, and as they were accepted.
      Math.min(parameters, PAYLOAD_BYTES) +
      Math.min(parameters, PARAMETER_BYTES_INLINE + 5 * layout.parameterCount) +
      commandBytes +
      resultBytes +
      single * (ACTIVITY_BYTES + TASK_BYTES) +
      slow.size * (CHILD_BYTES + CHILD_TASKS * TASK_BYTES) +
      receivers * (ACTIVITY_BYTES + TASK_BYTES) +
      // A signal up to the inline limit; a larger one goes by reference.
      waits * (INLINE_VALUE_BYTES + WAIT_EVENTS * WAIT_EVENT_BYTES + WAIT_TASKS * TASK_BYTES) +
      fullTasks * 2 * TASK_BYTES,
  };
}

function inputBytes(layout: Layout, knot: number): number {
  const parents = layout.parentStart[knot + 1]! - layout.parentStart[knot]!;
  if (parents > PARENTS_PER_ACTIVITY) return INPUT_BYTES;
  return (
    INPUT_BYTES +
    Math.min(parents * (INLINE_VALUE_BYTES + ENVELOPE_BYTES), INLINE_BYTES_PER_ACTIVITY + 5 * parents)
  );
}

/** What each execution takes to begin and to end, but for the records that it settles. */
function overheadOf(layout: Layout, slices: number, layoutBytes: number): { events: number; bytes: number } {
  const pauses = Math.floor((slices - 1) / SLICES_PER_TASK);
  return {
    // The first event and task, a marker for each slice, and the last event.
    events: 1 + TASK_EVENTS + slices + pauses * (TIMER_EVENTS + TASK_EVENTS) + 1,
    bytes:
      EXECUTION_BYTES +
      layoutBytes +
      slices * TASK_BYTES +
      pauses * 2 * TASK_BYTES +
      layout.size * OUTCOME_BYTES,
  };
}

/**
 * An execution but the last has either come to where the server suggests to continue and settled as many knots as it must, or it
 * has come to where nothing more is dispatched.
 */
function executionsOf(
  knots: number,
  work: { events: number; bytes: number },
  overhead: { events: number; bytes: number },
): number {
  const events = work.events + overhead.events;
  if (events < SUGGESTED_EVENTS && work.bytes + overhead.bytes < SUGGESTED_BYTES) return 1;
  const until = (events: number, bytes: number): number =>
    work.events / (events - overhead.events) + work.bytes / Math.max(bytes - overhead.bytes, 1);
  const suggested = until(SUGGESTED_EVENTS, SUGGESTED_BYTES);
  const held = knots / SETTLED_PER_EXECUTION + until(HOLD_EVENTS, HOLD_BYTES);
  return 1 + Math.floor(Math.min(suggested, held));
}

/** One that receives outcomes goes by itself where a parent outside of its segment has failed. */
function goesInSegment(layout: Layout, knot: number, slow: ReadonlySet<number>): boolean {
  const { local, errorPolicy } = layout.policies[layout.policy[knot]!]!;
  return local === true && errorPolicy !== 'receiveErrors' && !slow.has(knot);
}

/** How many knots receive outcomes. */
function receiversOf(layout: Layout): number {
  return countKnots(layout, ({ errorPolicy }) => errorPolicy === 'receiveErrors');
}

/** How many knots wait for a signal or a time. */
function waitsOf(layout: Layout): number {
  return countKnots(layout, ({ wait }) => wait !== undefined);
}

function countKnots({ policy, policies }: Layout, isCounted: (policy: LayoutPolicy) => boolean): number {
  const counted = policies.map(isCounted);
  return counted.includes(true) ? policy.filter((index) => counted[index]).length : 0;
}

/**
 * How many activities there are. A segment begins with the start of the run or with the end of a knot outside of segments that
 * has a local child; with the end of the later one of two that ran side by side and have a child in common; and with the
 * end of one that was full.
 */
function activitiesOf(layout: Layout, slow: ReadonlySet<number>): Work {
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

/** `paths`: that many paths cover all knots, so no more than that many of them can be without one another. */
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
