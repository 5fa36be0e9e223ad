import type { LineageRecord, RunRecord } from '../ports';

export const EVENT_TYPES = ['run-started', 'knot-finished', 'run-ended'] as const;

interface OfRun {
  /**
   * Names the event, the same at each delivery: `<temporal run id>/started`, `<temporal run id>/<knot
   * id>/finished`, `<temporal run id>/ended/<status>`.
   */
  readonly id: string;
  /** Time in the record, in milliseconds since the epoch. */
  readonly at: number;
  /** The current record, which may be later than the event: a started run may have ended. */
  readonly run: RunRecord;
}

export interface RunStarted extends OfRun {
  readonly type: 'run-started';
}

/** A knot, or an element of a map, has its outcome; reused if `cached_from_run` is set. */
export interface KnotFinished extends OfRun {
  readonly type: 'knot-finished';
  readonly record: LineageRecord;
}

export interface RunEnded extends OfRun {
  readonly type: 'run-ended';
}

/** A durable event of the run history. */
export type RunEvent = RunStarted | KnotFinished | RunEnded;
