import type { Layout } from '../plan/layout';
import { packCodes, unpackCodes } from './outcome-codes';

/**
 * How a member of a segment ended, as reported by the segment's activity. `requeue`: it has no outcome and joins a
 * later segment. `retryAlone`: it has no outcome and is dispatched individually.
 */
export type MemberEnd = 'requeue' | 'ok' | 'err' | 'retryAlone';

const ENDS: readonly MemberEnd[] = ['requeue', 'ok', 'err', 'retryAlone'];

/** Two bits per member. */
export function packEnds(ends: readonly MemberEnd[]): string {
  return packCodes(ends.length, (index) => ENDS.indexOf(ends[index]!));
}

/** Throws a plain `Error` if `text` does not encode `count` ends. */
export function unpackEnds(text: string, count: number): MemberEnd[] {
  const codes = unpackCodes(text, count);
  if (!codes) throw new Error(`The answer of a segment is not one for ${count} knots.`);
  return [...codes].map((code) => ENDS[code]!);
}

/** Positions of the members whose value is needed outside the segment: terminals, and parents of other knots. */
export function wantedOutside(layout: Layout, members: readonly number[]): number[] {
  const { terminals, childStart, children } = layout;
  const isMember = new Set(members);
  const isTerminal = new Set(terminals);
  const hasChildOutside = (knot: number): boolean => {
    for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) {
      if (!isMember.has(children[edge]!)) return true;
    }
    return false;
  };
  const wanted: number[] = [];
  members.forEach((knot, position) => {
    if (isTerminal.has(knot) || hasChildOutside(knot)) wanted.push(position);
  });
  return wanted;
}
