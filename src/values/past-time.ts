import { durationMs } from './duration';

/** A date without a time would mean different instants in UTC and local time. */
const DAY_OR_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** The accepted forms of times, for help and messages. */
export const TIME_FORMS = 'so long ago (90s, 15m, 2h, 3d, 1w) or a time (2026-01-31, 2026-01-31T12:00Z)';

/** The time in milliseconds since the epoch; undefined if the text is not a time. Durations count back from `now`. */
export function pastTime(text: string, now: number): number | undefined {
  const ago = durationMs(text);
  const time = ago === undefined ? (DAY_OR_TIME.test(text) ? Date.parse(text) : NaN) : now - ago;
  return Number.isFinite(time) ? time : undefined;
}
