import type { GraphKnot } from '../authoring/run-graph';

/**
 * The look of a knot: a colour, a shape and a word, so that nothing depends on colour. `open`: the knot has no outcome
 * yet.
 */
export type Look = 'ok' | 'reused' | 'failed' | 'skipped' | 'open';

export const LOOKS: readonly Look[] = ['failed', 'ok', 'reused', 'skipped', 'open'];

/** Signs that every font has. */
export const SIGNS: Readonly<Record<Look, string>> = {
  ok: '✓',
  reused: '↺',
  failed: '✕',
  skipped: '–',
  open: '○',
};

export const LOOK_WORDS: Readonly<Record<Look, string>> = {
  ok: 'ok',
  reused: 'reused',
  failed: 'failed',
  skipped: 'skipped',
  open: 'no outcome',
};

/** A knot's definition, or its function. */
export function kindWords({ kind, definition, each, signal, id }: GraphKnot): string {
  switch (kind) {
    case 'parameter':
      return 'parameter';
    case 'knot':
      return definition === undefined || definition === id ? 'knot' : definition;
    case 'map':
      return each === undefined ? 'map' : `map of ${each}`;
    case 'waitForSignal':
      return signal === undefined ? 'waits for a signal' : `waits for ${signal}`;
    case 'subTapestry':
      return 'tapestry';
    case 'firstOk':
      return 'first ok';
    case 'sleep':
      return 'sleeps';
    case 'waitUntil':
      return 'waits';
    default:
      return kind;
  }
}

/** Milliseconds of the body; undefined for a reused value. */
export function durationOf({ state }: Pick<GraphKnot, 'state'>): number | undefined {
  if (!state || state.outcome === 'skipped' || state.cachedFromRun !== undefined) return undefined;
  return Math.max(0, state.finishedAt - state.startedAt);
}

/** The duration of a run, from the start of the first knot to the end of the last. */
export function runDuration(knots: readonly Pick<GraphKnot, 'state'>[]): number | undefined {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { state } of knots) {
    if (!state) continue;
    from = Math.min(from, state.scheduledAt);
    to = Math.max(to, state.finishedAt);
  }
  return to < from ? undefined : to - from;
}

/** Formats a duration, such as `40 ms`, `1.2 s`, `12 s`, `3 min 5 s`, `2 h 4 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `12,345`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `sha256:1a2b3c4d…`. */
export function shortHash(hash: string): string {
  const start = hash.indexOf(':') + 9;
  return hash.length > start ? `${hash.slice(0, start)}…` : hash;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Formats a number of bytes, such as `512 B`, `2.1 KiB`, `48 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // A number that would be shown as 1024 is shown as 1.0 of the next unit.
  while (value >= (unit === 0 ? 1024 : 1023.5) && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
