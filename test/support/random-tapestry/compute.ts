import type { Outcome } from '../../../src';

/*
 * The functions of the kinds, shared by the bodies and the reference interpreter. Numbers stay small, so that each of
 * them is long past if used as a time.
 */

/** The most attempts of a body, and how many of its first ones throw. If equal, all attempts throw. */
export interface Tries {
  readonly attempts: number;
  readonly throws: number;
}

export type Shape = { type: 'a' | 'b' | 'c'; n: number };

/** The result of an element in a map that collects. */
export type Collected =
  | { readonly kind: 'ok'; readonly value: number }
  | { readonly kind: 'err'; readonly error: { readonly type: string; readonly message: string } };

const small = (number: number): number => number % 100_000;

/**
 * Throws on the attempts that must fail. If all must, even additional attempts throw, so that a lost worker does not
 * change the outcome.
 */
export function tryLuck({ attempts, throws }: Tries, attempt: number): void {
  if (throws === attempts || attempt <= throws) throw new Error('no luck yet');
}

export const compute = {
  source: (seed: number) => seed * 37,
  mix(numbers: readonly number[], seed: number): number {
    const sum = numbers.reduce((total, number) => total + number, seed);
    if (sum % 7 === 0) throw new Error(`no luck with ${sum}`);
    return (sum * 3) % 1_000;
  },
  tally: (told: readonly string[], seed: number) =>
    told.reduce((sum, what, place) => sum + (place + 1) * what.length, seed),
  aggregate: (numbers: readonly number[], seed: number) =>
    small(numbers.reduce((total, number) => total + 2 * number, seed)),
  sink: (number: number, seed: number) => Math.abs(number - seed),
  spread: (number: number, seed: number) =>
    Array.from({ length: (number + seed) % 6 }, (_, place) => number + place),
  table: (number: number, seed: number): Record<string, number> =>
    Object.fromEntries(['a', 'b', 'c', 'key "d"'].slice(seed % 4).map((key, place) => [key, number + place])),
  sum: (numbers: readonly number[], seed: number) =>
    small(numbers.reduce((total, number) => total + number, seed)),
  highest: (numbers: readonly number[], seed: number) => Math.max(seed, ...numbers),
  survivors: (all: readonly Collected[], seed: number) =>
    small(all.reduce((sum, one) => sum + (one.kind === 'ok' ? one.value : one.error.message.length), seed)),
  /** Some tags have no path. */
  draw: (number: number, seed: number): Shape => ({
    type: (['a', 'b', 'a', 'b', 'c'] as const)[(number + seed) % 5]!,
    n: number,
  }),
  area: ({ n }: Shape, seed: number) => n + seed,
  /** One iteration. */
  grow: (number: number, seed: number) => small(number) * 2 + seed + 1,
  isGrown: (number: number) => number > 300,
  /** Fails for some elements. */
  element(number: number, seed: number): number {
    if ((number + seed) % 9 === 0) throw new Error(`no luck with ${number}`);
    return small(number * 2 + seed);
  },
  /** The payload for a knot that waits for a signal. */
  signal: (seed: number) => seed * 11,
  made(number: number, seed: number): number {
    if ((number + seed) % 4 === 0) throw new Error(`nothing made of ${number}`);
    return number + 1;
  },
  recovered: (made: number | undefined, seed: number): Shape => ({
    type: seed % 2 === 0 ? 'a' : 'b',
    n: made ?? seed,
  }),
  /** Not always a boolean. */
  gate: (number: number, seed: number): unknown =>
    (number + seed) % 11 === 0 ? 'perhaps' : (number + seed) % 3 !== 0,
  /** Not always one of its paths. */
  selector: (number: number, seed: number): string =>
    (number + seed) % 13 === 0 ? 'lost' : number > 500 ? 'large' : 'small',
};

/** The outcome of a knot, as a text of the knot that receives it. */
export function toldOf(outcome: Outcome): string {
  if (outcome.kind === 'ok') return `ok ${JSON.stringify(plainValue(outcome.value))}`;
  return outcome.kind === 'err' ? `err ${outcome.error.type}` : `skipped ${outcome.reason}`;
}

/** The value, with only type and message of failures collected by a map. */
export function plainValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plainValue);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => {
      if (name !== 'error') return [name, plainValue(member)];
      const { type, message } = member as { type: string; message: string };
      return [name, { type, message }];
    }),
  );
}
