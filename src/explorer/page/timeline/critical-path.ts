import { shownText } from '../shown-text';
import { countWords, durationWords } from '../words';
import type { Span } from './time-scale';

/**
 * The knots that decided when a run ended, first to last: the knot that ended last and, before each knot, the parent
 * that ended last. If several ended at once, the one that began first counts, because it took the longest.
 *
 * @param spans undefined for knots that have not begun
 */
export function criticalPath(
  parents: readonly (readonly number[])[],
  spans: readonly (Span | undefined)[],
): number[] {
  const last = (knots: Iterable<number>): number | undefined => {
    let found: number | undefined;
    for (const knot of knots) {
      const [span, other] = [spans[knot], found === undefined ? undefined : spans[found]];
      if (span && (!other || span[1] > other[1] || (span[1] === other[1] && span[0] < other[0])))
        found = knot;
    }
    return found;
  };
  const path: number[] = [];
  for (let knot = last(spans.keys()); knot !== undefined; knot = last(parents[knot]!)) path.unshift(knot);
  return path;
}

/** Ids that are named of a long path, at each end. */
const NAMED = 4;

/** @param workedMs time in which knots of the path worked */
export function pathWords(ids: readonly string[], workedMs: number, wholeMs: number): string {
  const between = ids.length - 2 * NAMED;
  const named =
    between > 1 ? [...ids.slice(0, NAMED), `${countWords(between)} more`, ...ids.slice(-NAMED)] : ids;
  const share = (100 * workedMs) / wholeMs;
  const percent = share > 0 && share < 1 ? 'below 1' : Math.round(share);
  return `${countWords(ids.length, 'knot')}, at work for ${durationWords(workedMs)} of the run’s ${durationWords(wholeMs)} (${percent} %): ${named.map(shownText).join(' → ')}`;
}
