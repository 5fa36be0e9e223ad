import type { Layout } from '../plan/layout';
import { packCodes, unpackCodes } from './outcome-codes';

/**
 * How a segment's member ended. `requeue`: the member has no outcome, for a later segment. `retryAlone`: the member has
 * no outcome, to be dispatched individually.
 */
export type MemberEnd = 'requeue' | 'ok' | 'err' | 'retryAlone';

const ENDS: readonly MemberEnd[] = ['requeue', 'ok', 'err', 'retryAlone'];

export function packEnds(ends: readonly MemberEnd[]): string {
  return packCodes(ends.length, (index) => ENDS.indexOf(ends[index]!));
}

/** Throws a plain `Error` if `text` is not for `count` members. */
export function unpackEnds(text: string, count: number): MemberEnd[] {
  const codes = unpackCodes(text, count);
  if (!codes) throw new Error(`The answer of a segment is not one for ${count} knots.`);
  return [...codes].map((code) => ENDS[code]!);
}

/** Positions of members that are terminals, or parents of knots outside. */
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
