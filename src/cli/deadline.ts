import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** A day alone would be one thing in UTC and another where the reader is. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** A time from now as milliseconds, or a point in time; one without a zone is of this machine's. */
export function readDeadline(text: string): Date | number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * UNITS[unit!]!;
  const time = TIME.test(text) ? new Date(text) : undefined;
  if (time && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError(
    'It must be a time from now, as 90s, 30m, 2h or 1d, or one such as 2026-01-31T18:00Z.',
  );
}
