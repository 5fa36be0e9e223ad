import { oddTimes, plannedTimes, type DstAnomaly, type TimePlan } from './planned-times';

/** The planned times of a schedule, computed without a server. Times are milliseconds since the epoch. */
export interface SchedulePreview {
  /** Ascending, without jitter. Fewer than requested if no more exist. */
  readonly times: readonly number[];
  /** Effects of clock changes on planned times within two years. */
  readonly clockChanges: readonly DstAnomaly[];
}

/** How far ahead clock changes are searched. */
const CHANGES_WITHIN_MS = 2 * 366 * 86_400_000;

/**
 * The first planned times after an instant.
 *
 * @param limit 1 or more
 */
export function previewTimes(plan: TimePlan, from: number, limit: number): SchedulePreview {
  const times: number[] = [];
  for (const time of plannedTimes(plan, from)) {
    times.push(time);
    if (times.length >= limit) break;
  }
  return { times, clockChanges: oddTimes(plan, from, from + CHANGES_WITHIN_MS) };
}
