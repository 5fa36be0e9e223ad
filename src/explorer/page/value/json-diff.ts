import type { Json } from '../../../values';
import { hunksOf } from './hunks';

/** A part in which two values differ, absent from a value that has no such part. */
export interface PartDifference {
  readonly path: readonly (string | number)[];
  readonly first?: Json;
  readonly second?: Json;
}

/** Parts below this depth are compared as a whole. */
const DEEPEST = 40;

/** The innermost parts that differ, in order, at most `limit`. Items of lists are paired by what is equal around them. */
export function differencesOf(first: Json, second: Json, limit: number): PartDifference[] {
  const found: PartDifference[] = [];
  const walk = (path: PartDifference['path'], one: Json | undefined, other: Json | undefined): void => {
    if (found.length >= limit || isSame(one, other)) return;
    const pairs = path.length < DEEPEST ? pairsOf(one, other) : undefined;
    if (!pairs)
      found.push({
        path,
        ...(one !== undefined && { first: one }),
        ...(other !== undefined && { second: other }),
      });
    else for (const [name, left, right] of pairs) walk([...path, name], left, right);
  };
  walk([], first, second);
  return found;
}

type Pair = readonly [name: string | number, first: Json | undefined, second: Json | undefined];

/** The parts of two lists or of two objects; undefined for all other pairs of values. */
function pairsOf(one: Json | undefined, other: Json | undefined): Pair[] | undefined {
  if (Array.isArray(one) && Array.isArray(other)) return aligned(one, other);
  if (!isObject(one) || !isObject(other)) return undefined;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].map((name) => [name, own(one, name), own(other, name)]);
}

/** Pairs of items that differ, by their index in the second list, or of removed items in the first. */
function aligned(one: readonly Json[], other: readonly Json[]): Pair[] {
  return hunksOf(one, other, isSame).flatMap(({ first, firstEnd, second, secondEnd }) =>
    Array.from({ length: Math.max(firstEnd - first, secondEnd - second) }, (_, step): Pair => {
      const [left, right] = [first + step, second + step];
      return right < secondEnd
        ? [right, left < firstEnd ? one[left] : undefined, other[right]]
        : [left, one[left], undefined];
    }),
  );
}

/** The stack is explicit: values may be nested deeper than calls can be. */
function isSame(first: Json | undefined, second: Json | undefined): boolean {
  const rest = [[first, second]];
  while (rest.length > 0) {
    const [one, other] = rest.pop()!;
    if (one === other) continue;
    if (Array.isArray(one) && Array.isArray(other)) {
      if (one.length !== other.length) return false;
      one.forEach((item, index) => rest.push([item, other[index]]));
    } else if (isObject(one) && isObject(other)) {
      const names = Object.keys(one);
      if (names.length !== Object.keys(other).length) return false;
      for (const name of names) rest.push([one[name], own(other, name)]);
    } else return false;
  }
  return true;
}

function isObject(json: Json | undefined): json is { readonly [name: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Names come from users: one may be called `constructor`. */
function own(object: { readonly [name: string]: Json }, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
