import type { Layout } from './layout';
import { packCodes, unpackCodes } from './outcome-codes';

/**
 * What became of a member of a segment, as the segment's activity tells it. `again`: nothing, it goes out with a later
 * segment; `alone`: nothing, it goes out by itself.
 */
export type MemberEnd = 'again' | 'ok' | 'err' | 'alone';

const ENDS: readonly MemberEnd[] = ['again', 'ok', 'err', 'alone'];

/** Two bits a member. */
export function packEnds(ends: readonly MemberEnd[]): string {
  return packCodes(ends.length, (index) => ENDS.indexOf(ends[index]!));
}

/** Throws a plain `Error` if `text` is not a packing of `count` ends. */
export function unpackEnds(text: string, count: number): MemberEnd[] {
  const codes = unpackCodes(text, count);
  if (!codes) throw new Error(`The answer of a segment is not one for ${count} knots.`);
  return [...codes].map((code) => ENDS[code]!);
}

/** Positions of the members whose value is needed outside of the segment: of terminals, and of parents of other knots. */
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
