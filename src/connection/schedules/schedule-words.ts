import { toString as inWords } from 'cronstrue';
import type { ScheduleTimes } from './schedule-form';
import { cronText, durationWords, type CalendarRule } from '../../triggers';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Describes times of a day, such as `at 02:30, Monday through Friday`. */
function cronWords(cron: string): string {
  const words = inWords(cron, { use24HourTimeFormat: true, throwExceptionOnParseError: false });
  return words.charAt(0).toLowerCase() + words.slice(1);
}

export function ruleWords(rules: readonly CalendarRule[]): string {
  return rules.map((rule) => cronWords(cronText(rule))).join('; or ');
}

export function timesWords(times: ScheduleTimes): string {
  if ('rules' in times) return ruleWords(times.rules) || 'never';
  return times.intervals
    .map(({ everyMs, offsetMs }) => {
      const later = offsetMs === 0 ? '' : `, ${durationWords(offsetMs)} after multiples of it`;
      return `every ${durationWords(everyMs)}${later}`;
    })
    .join('; or ');
}

/** Formats a time as `Saturday, 31 January 2026 at 02:30:00`, by the clock of a time zone. */
export function timeWords(time: number, timezone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(time);
}

/** Local time in ISO 8601, with a UTC offset in milliseconds: `2026-01-31T02:30:00+01:00`. */
export function isoTime(time: number, offset: number): string {
  const shown = new Date(time + offset).toISOString().replace(/\.000Z$|Z$/, '');
  if (offset === 0) return `${shown}Z`;
  const minutes = Math.round(Math.abs(offset) / MINUTE_MS);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${shown}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Formats the distance of a time, such as `in 3 hours`, `in 2 days`. */
export function untilWords(time: number, now: number): string {
  const left = Math.max(0, time - now);
  if (left < MINUTE_MS) return 'within a minute';
  const [size, unit] =
    left < 2 * HOUR_MS
      ? ([MINUTE_MS, 'minute'] as const)
      : left < 48 * HOUR_MS
        ? ([HOUR_MS, 'hour'] as const)
        : ([24 * HOUR_MS, 'day'] as const);
  const count = Math.floor(left / size);
  return `in ${count} ${unit}${count === 1 ? '' : 's'}`;
}
