/** How times, sizes and counts are written. The functions are pure: the current time is an argument. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Formats a duration in at most two parts: `840 ms`, `4.2 s`, `3 m 20 s`, `2 h 5 m`, `3 d 4 h`. */
export function durationWords(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const span = Math.max(0, ms);
  if (span < SECOND) return `${Math.round(span)} ms`;
  // The limits are below the numbers that rounding would make 10.0 or 60, which the next form takes.
  if (span < 9950) return `${(span / SECOND).toFixed(1)} s`;
  if (span < MINUTE - SECOND / 2) return `${Math.round(span / SECOND)} s`;
  if (span < HOUR - SECOND / 2) return parts(span, MINUTE, 'm', SECOND, 's');
  if (span < DAY - MINUTE / 2) return parts(span, HOUR, 'h', MINUTE, 'm');
  return parts(span, DAY, 'd', HOUR, 'h');
}

function parts(span: number, large: number, largeName: string, small: number, smallName: string): string {
  const smalls = Math.round(span / small);
  const perLarge = large / small;
  const whole = Math.floor(smalls / perLarge);
  const rest = smalls % perLarge;
  return rest === 0 ? `${whole} ${largeName}` : `${whole} ${largeName} ${rest} ${smallName}`;
}

/** Formats a time as `just now`, `4 m ago`, `in 2 h`; as a date if it is more than a week away. */
export function relativeWords(at: number, now: number): string {
  const ahead = at - now;
  const span = Math.abs(ahead);
  if (span >= 7 * DAY) return dateWords(at);
  if (span < 10 * SECOND) return ahead > 1000 ? 'in a moment' : 'just now';
  const words =
    span < MINUTE
      ? `${Math.floor(span / SECOND)} s`
      : span < HOUR
        ? `${Math.floor(span / MINUTE)} m`
        : span < DAY
          ? `${Math.floor(span / HOUR)} h`
          : `${Math.floor(span / DAY)} d`;
  return ahead > 0 ? `in ${words}` : `${words} ago`;
}

export function relativeLastsMs(at: number, now: number): number {
  const span = Math.abs(at - now);
  if (span < MINUTE) return SECOND;
  return span < HOUR ? 10 * SECOND : MINUTE;
}

function dateWords(at: number): string {
  return new Date(at).toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
}

export function exactWords(at: number): string {
  return new Date(at).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'long',
  });
}

/** Formats day and time to the minute, in a time zone. */
export function timeWords(at: number, timeZone: string): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  };
  try {
    return new Date(at).toLocaleString(undefined, { ...options, timeZone });
  } catch {
    // The server may know a zone that this browser does not.
    return new Date(at).toLocaleString(undefined, { ...options, timeZoneName: 'short' });
  }
}

const numbers = new Intl.NumberFormat('en-GB');

export function countWords(count: number, noun?: string, plural = `${noun}s`): string {
  const text = numbers.format(count);
  return noun === undefined ? text : `${text} ${count === 1 ? noun : plural}`;
}

export function atLeast(count: number, isMore: boolean): string {
  return `${countWords(count)}${isMore ? '+' : ''}`;
}

/** The beginning of a hash, long enough to tell it from others. */
export function shortHash(hash: string): string {
  const bare = hash.replace(/^[a-z0-9-]+:/, '');
  return bare.slice(0, 8);
}
