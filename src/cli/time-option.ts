import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DURATION = /^(\d+(?:\.\d+)?)([smhdw])$/;
const DAY_OR_TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** What `--since` and `--until` take, for the help. */
export const TIME_FORMS = 'so long ago (90s, 15m, 2h, 3d, 1w) or a time (2026-01-31, 2026-01-31T12:00Z)';

/** The time that an option says, in milliseconds since the epoch; for commander, which names the option in the error. */
export function timeOption(text: string, now: number = Date.now()): number {
  const duration = DURATION.exec(text);
  const time = duration
    ? now - Number(duration[1]) * UNITS[duration[2]!]!
    : DAY_OR_TIME.test(text)
      ? Date.parse(text)
      : NaN;
  if (Number.isFinite(time)) return time;
  throw new InvalidArgumentError(`It must say ${TIME_FORMS}.`);
}
