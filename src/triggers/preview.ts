import { oddTimes, plannedTimes, type DstAnomaly, type TimePlan } from './planned-times';

/** Times are milliseconds since the epoch. */
export interface SchedulePreview {
  /** Planned times, ascending, without jitter; fewer than requested if no more exist. */
  readonly times: readonly number[];
  /** Clock changes of the next two years that affect planned times. */
  readonly clockChanges: readonly DstAnomaly[];
}

const CHANGES_WITHIN_MS = 2 * 366 * 86_400_000;

export function previewTimes(plan: TimePlan, from: number, limit: number): SchedulePreview {
  const times: number[] = [];
  for (const time of plannedTimes(plan, from)) {
    times.push(time);
    if (times.length >= limit) break;
  }
  return { times, clockChanges: oddTimes(plan, from, from + CHANGES_WITHIN_MS) };
}
