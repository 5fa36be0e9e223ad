import { Retryable, SelvageError } from '../errors';

/** Milliseconds, or a number with a unit: `ms`, `s`, `m`, `h`, `d` (24 hours) or `w`, such as `'90s'` or `'12h'`. */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** The duration in whole milliseconds, 0 or more; undefined for other values. */
export function durationMs(value: unknown): number | undefined {
  const milliseconds = typeof value === 'string' ? ofText(value) : value;
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds) || milliseconds < 0)
    return undefined;
  return Math.round(milliseconds);
}

/** Converts a text. Given numbers stay exact, as plans have them, and other values are returned unchanged. */
export function inMilliseconds<T>(value: T): T | number {
  return typeof value === 'string' ? (durationMs(value) ?? value) : value;
}

/** Milliseconds of an option. Numbers and `undefined` are unchanged; invalid texts throw `InvalidConfig`. */
export function durationOption<T extends number | undefined>(option: string, given: T | string): T | number {
  const read = inMilliseconds(given);
  if (typeof read !== 'string') return read;
  throw new SelvageError(
    'InvalidConfig',
    `The option "${option}" is no duration: "${read}". Give a number of milliseconds, or a text such as "90s", "15m" or "7d".`,
    { details: { option, reason: 'WrongValue' } },
  );
}

/** The error's own wait before the next attempt, in milliseconds. */
export function waitAskedBy(error: unknown): number | undefined {
  const after = Retryable.is(error) ? inMilliseconds(error.after) : undefined;
  return typeof after === 'number' && Number.isFinite(after) ? Math.max(0, after) : undefined;
}

function ofText(text: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s?(ms|[smhdw])$/.exec(text.trim()) ?? [];
  return count === undefined ? undefined : Number(count) * UNITS[unit!]!;
}

const NAMES: readonly (readonly [number, string])[] = [
  [UNITS['d']!, 'day'],
  [UNITS['h']!, 'hour'],
  [UNITS['m']!, 'minute'],
  [UNITS['s']!, 'second'],
  [1, 'millisecond'],
];

/** Words such as `1 hour 30 minutes`. */
export function durationWords(milliseconds: number): string {
  let left = milliseconds;
  const parts: string[] = [];
  for (const [size, name] of NAMES) {
    const count = Math.floor(left / size);
    if (count === 0) continue;
    parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
    left -= count * size;
  }
  return parts.join(' ') || '0 seconds';
}
