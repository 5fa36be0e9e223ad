import type { Encoded } from '../values';
import { formatPath, type Step } from '../values/path';

const SHOWN = 60;

/** The first difference of two values. */
export interface FirstDifference {
  /** In JavaScript's notation: `$.users[3].name`. */
  readonly path: string;
  /** Beginning of the value there, as JSON, or `nothing`. */
  readonly recorded: string;
  readonly now: string;
}

/** The first difference of two values; undefined for bytes, or if it cannot be determined. */
export function firstDifference(recorded: Encoded, now: Encoded): FirstDifference | undefined {
  if (recorded.kind !== now.kind)
    return { path: '$', recorded: shownEncoded(recorded), now: shownEncoded(now) };
  if (recorded.kind === 'bytes' || now.kind === 'bytes') {
    if (recorded.kind !== 'bytes' || now.kind !== 'bytes') return undefined;
    const [one, other] = [recorded.bytes, now.bytes];
    let at = 0;
    while (at < one.length && at < other.length && one[at] === other[at]) at += 1;
    return { path: `$[${at}]`, recorded: shown(one[at]), now: shown(other[at]) };
  }
  return differenceIn(JSON.parse(recorded.text), JSON.parse(now.text), []);
}

function differenceIn(one: unknown, other: unknown, path: readonly Step[]): FirstDifference | undefined {
  if (Object.is(one, other)) return undefined;
  const isPair = isNode(one) && isNode(other) && Array.isArray(one) === Array.isArray(other);
  // Values that JSON cannot express are wrapped; a path into the wrapping would mean nothing to readers.
  if (!isPair || '$type' in one || '$type' in other) {
    if (JSON.stringify(one) === JSON.stringify(other)) return undefined;
    return { path: formatPath(path), recorded: shown(one), now: shown(other) };
  }
  const isList = Array.isArray(one);
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  for (const name of names) {
    const step = isList ? Number(name) : name;
    const [has, hasOther] = [Object.hasOwn(one, name), Object.hasOwn(other, name)];
    const inner = [...path, step];
    if (has !== hasOther) {
      return {
        path: formatPath(inner),
        recorded: has ? shown(one[name]) : 'nothing',
        now: hasOther ? shown(other[name]) : 'nothing',
      };
    }
    const found = differenceIn(one[name], other[name], inner);
    if (found) return found;
  }
  return undefined;
}

function isNode(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shownEncoded(encoded: Encoded): string {
  return encoded.kind === 'bytes' ? `${encoded.bytes.byteLength} bytes` : cut(encoded.text);
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : cut(JSON.stringify(value));
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
