import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `90s`, `30m`, `36h`, `30d`, `2w` in milliseconds; undefined: it is none of these. */
export function millisecondsOf(text: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * UNITS[unit!]!;
}

/** As {@link millisecondsOf}, as the argument of an option. */
export function duration(text: string): number {
  const milliseconds = millisecondsOf(text);
  if (milliseconds === undefined)
    throw new InvalidArgumentError('It must be a length of time such as 36h or 30d (s, m, h, d, w).');
  return milliseconds;
}
