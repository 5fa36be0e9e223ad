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
