import { InvalidArgumentError } from 'commander';
import { durationMs } from '../../values/duration';
import { pastTime, TIME_FORMS } from '../../values/past-time';

export { TIME_FORMS };

/** The argument of an option in milliseconds. */
export function duration(text: string): number {
  const milliseconds = durationMs(text);
  if (milliseconds === undefined)
    throw new InvalidArgumentError('It must be a length of time such as 36h or 30d (s, m, h, d, w).');
  return milliseconds;
}

/** A date without a time would mean different instants in UTC and at the reader's place. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** How long a command waits, in milliseconds: a number alone is seconds. */
export function waitTime(text: string): number {
  return duration(/^\d+$/.test(text) ? `${text}s` : text);
}

/** A duration from now in milliseconds, or a point in time; without a zone, in this machine's. */
export function readDeadline(text: string): Date | number {
  const fromNow = durationMs(text);
  if (fromNow !== undefined) return fromNow;
  const time = TIME.test(text) ? new Date(text) : undefined;
  if (time && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError(
    'It must be a time from now, as 90s, 30m, 2h or 1d, or one such as 2026-01-31T18:00Z.',
  );
}

/** The time of an option, in milliseconds since the epoch. Errors are commander's, which names the option. */
export function timeOption(text: string): number {
  const time = pastTime(text, Date.now());
  if (time !== undefined) return time;
  throw new InvalidArgumentError(`It must say ${TIME_FORMS}.`);
}
