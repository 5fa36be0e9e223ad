import type { LineageRecord, RunRecord } from '../ports';

export const EVENT_TYPES = ['run-started', 'knot-finished', 'run-ended'] as const;

interface OfRun {
  /**
   * Names what happened, and is the same at each delivery: `<temporal run id>/started`,
   * `<temporal run id>/<knot id>/finished`, `<temporal run id>/ended/<status>`. To deliver an event twice and an event
   * that was delivered twice look the same to whoever remembers ids.
   */
  readonly id: string;
  /** The time in the record: milliseconds since the epoch. */
  readonly at: number;
  /** The run as it is on record now, which may be after the event: a run that has started may have ended already. */
  readonly run: RunRecord;
}

export interface RunStarted extends OfRun {
  readonly type: 'run-started';
}

/** A knot, or an element of a map, has its outcome: `ok`, `err` or `skipped`; reused if `cached_from_run` is set. */
export interface KnotFinished extends OfRun {
  readonly type: 'knot-finished';
  readonly record: LineageRecord;
}

export interface RunEnded extends OfRun {
  readonly type: 'run-ended';
}

/** Something that is durable in the run history. */
export type RunEvent = RunStarted | KnotFinished | RunEnded;
