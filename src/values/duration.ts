/** A duration: milliseconds, or a number with a unit (`ms`, `s`, `m`, `h`, `d` of 24 hours, `w`), such as `'90s'` or `'12h'`. */
export type Duration = number | string;

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Whole milliseconds, 0 or more; undefined if it is not a duration. */
export function durationMs(value: unknown): number | undefined {
  const milliseconds = typeof value === 'string' ? ofText(value) : value;
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds) || milliseconds < 0)
    return undefined;
  return Math.round(milliseconds);
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

/** Formats as `1 hour 30 minutes`. */
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
