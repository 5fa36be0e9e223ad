import { packRanges, unpackRanges } from './index-ranges';
import { ERR, OK, RUNNING, SKIPPED, WAITING, type KnotTable } from './knot-table';
import type { SegmentTable } from './segment-table';

/** A scheduler's state for another process. The state is JSON if its values are. */
export interface SavedScheduler<V> {
  readonly started: boolean;
  readonly cancelled: boolean;
  readonly outcomes: string;
  /** Running knots, ascending, without members of segments. */
  readonly running: readonly number[];
  /** Ranges of each running segment's members. Absent: none. */
  readonly segments?: readonly (readonly number[])[];
  /** Ranges of local knots that segments handed back to run individually. Absent: none. */
  readonly retryAlone?: readonly number[];
  /** Set if outcomes were taken over or knots run again: ended knots may have unended parents. */
  readonly takenOver?: true;
  /** Needed values in knot order. */
  readonly values: readonly V[];
}

export interface SchedulerState<V> {
  readonly table: KnotTable<V>;
  readonly segments: SegmentTable<V>;
  started: boolean;
  cancelled: boolean;
  hasTakenOver: boolean;
}

export function save<V>({
  table,
  segments,
  started,
  cancelled,
  hasTakenOver,
}: SchedulerState<V>): SavedScheduler<V> {
  const running: number[] = [];
  for (let knot = 0; knot < table.layout.size; knot++) {
    if (table.states[knot] === RUNNING && !segments.isMember(knot)) running.push(knot);
  }
  const inSegments = [...segments.running].map(packRanges);
  const alone = packRanges(segments.unsettledAlone());
  return {
    started,
    cancelled,
    outcomes: table.saveOutcomes(),
    running,
    ...(inSegments.length > 0 && { segments: inSegments }),
    ...(alone.length > 0 && { retryAlone: alone }),
    ...(hasTakenOver && { takenOver: true as const }),
    values: table.saveValues(),
  };
}

/** Loads a save, and returns its running segments. Throws a plain `Error` for a save of another layout. */
export function load<V>(state: SchedulerState<V>, saved: SavedScheduler<V>): number[][] {
  const { table, segments } = state;
  const { size } = table.layout;
  if (!table.loadOutcomes(saved.outcomes)) throw damaged(`the outcomes are not those of ${size} knots`);
  state.started = saved.started;
  state.cancelled = saved.cancelled;
  state.hasTakenOver = saved.takenOver ?? false;
  for (const knot of saved.running) {
    if (table.states[knot] !== WAITING) throw damaged(`knot ${knot} cannot be running`);
    table.move(knot, RUNNING);
  }
  const running = (saved.segments ?? []).map(unpackRanges);
  for (const members of running) {
    const wrong = members.find((knot) => table.states[knot] !== WAITING);
    if (wrong !== undefined) throw damaged(`knot ${wrong} cannot be in a segment`);
    segments.begin(members);
  }
  segments.setAlone(unpackRanges(saved.retryAlone ?? []));
  const needed = table.loadValues(saved.values);
  if (needed !== saved.values.length)
    throw damaged(`${needed} values are needed and ${saved.values.length} are there`);
  for (let knot = 0; knot < size; knot++) {
    if (!isPossible(state, knot)) throw damaged(`knot ${knot} contradicts its parents`);
  }
  return running;
}

/** Whether S1 to S3 hold for the knot. A save of another layout would violate these invariants. */
function isPossible<V>(run: SchedulerState<V>, knot: number): boolean {
  const { table, segments } = run;
  const state = table.states[knot];
  const isDecidable = table.unsettledParents[knot] === 0;
  const fate = table.fate(knot);
  const isRunnable = isDecidable && fate === undefined;
  if (state === WAITING) {
    const mayWait = !run.cancelled && knot >= table.layout.parameterCount;
    return !run.started || (mayWait && (!isDecidable || isRunnable || run.hasTakenOver));
  }
  return (
    run.started &&
    (state === SKIPPED ||
      (state === ERR && isDecidable && fate === ERR) ||
      (state === OK && isDecidable && table.isSelectable(knot)) ||
      run.hasTakenOver ||
      isRunnable ||
      segments.isMemberThatMayRun(knot))
  );
}

function damaged(what: string): Error {
  return new Error(`The saved state is damaged or of another layout: ${what}.`);
}
