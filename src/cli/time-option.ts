import { InvalidArgumentError } from 'commander';
import { millisecondsOf } from './durations';

const DAY_OR_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** What `--since` and `--until` take, for the help. */
export const TIME_FORMS = 'so long ago (90s, 15m, 2h, 3d, 1w) or a time (2026-01-31, 2026-01-31T12:00Z)';

/** The time that an option says, in milliseconds since the epoch; for commander, which names the option in the error. */
export function timeOption(text: string, now: number = Date.now()): number {
  const ago = millisecondsOf(text);
  const day = DAY_OR_TIME.test(text) ? Date.parse(text) : NaN;
  const time = ago === undefined ? day : now - ago;
  if (Number.isFinite(time)) return time;
  throw new InvalidArgumentError(`It must say ${TIME_FORMS}.`);
}
