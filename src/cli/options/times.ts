import { InvalidArgumentError } from 'commander';
import { durationMs } from '../../values/duration';

/** A date alone would mean different instants in UTC and in the reader's zone. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** A time in milliseconds from now, or an instant; without a zone, in this machine's. */
export function readDeadline(text: string): Date | number {
  const fromNow = durationMs(text);
  if (fromNow !== undefined) return fromNow;
  const time = TIME.test(text) ? new Date(text) : undefined;
  if (time && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError(
    'It must be a time from now, as 90s, 30m, 2h or 1d, or one such as 2026-01-31T18:00Z.',
  );
}
