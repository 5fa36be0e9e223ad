import fc from 'fast-check';
import { criticalPath, pathWords } from '../../../src/explorer/page/timeline/critical-path';
import type { Span } from '../../../src/explorer/page/timeline/time-scale';

/** Knots with the time that each takes and its parents, which come before it. */
const graphs = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.array(fc.nat(), { maxLength: 4 })), {
    minLength: 1,
    maxLength: 14,
  })
  .map((knots) => ({
    took: knots.map(([took]) => took),
    parents: knots.map(([, those], knot) =>
      knot === 0 ? [] : [...new Set(those.map((parent) => parent % knot))],
    ),
  }));

/** The times of knots that begin once their parents have ended. */
function timesOf({ took, parents }: { took: readonly number[]; parents: readonly number[][] }): Span[] {
  const spans: Span[] = [];
  took.forEach((length, knot) => {
    const begun = Math.max(0, ...parents[knot]!.map((parent) => spans[parent]![1]));
    spans.push([begun, begun + length]);
  });
  return spans;
}

describe('the critical path', () => {
  test('is as long as the longest of all paths', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { took, parents } = graph;
        const path = criticalPath(parents, timesOf(graph));
        path.slice(1).forEach((knot, index) => expect(parents[knot]).toContain(path[index]));
        expect(parents[path[0]!]).toEqual([]);
        const longest = (knot: number): number =>
          took[knot]! + Math.max(0, ...parents[knot]!.map((parent) => longest(parent)));
        const length = path.reduce((sum, knot) => sum + took[knot]!, 0);
        expect(length).toBe(Math.max(...took.map((_, knot) => longest(knot))));
      }),
    );
  });

  test('goes by the input that came last, of equal ones by the one that began first, to the last begun knot', () => {
    const parents = [[], [], [0, 1], [2], [2]];
    expect(criticalPath(parents, [[0, 9], [2, 9], [9, 12], [12, 13], undefined])).toEqual([0, 2, 3]);
    expect(
      criticalPath(parents, [
        [0, 8],
        [2, 9],
        [9, 12],
        [12, 13],
        [12, 20],
      ]),
    ).toEqual([1, 2, 4]);
    expect(criticalPath([[]], [undefined])).toEqual([]);
  });

  test('is told with its share of the time, and of a long one the ends are named', () => {
    expect(pathWords(['a', 'b\u202e'], 12_000, 15_000)).toBe(
      '2 knots, at work for 12 s of the run’s 15 s (80 %): a → b�',
    );
    const ids = Array.from({ length: 12 }, (_, index) => `k${index}`);
    expect(pathWords(ids, 1, 7_200_000)).toBe(
      '12 knots, at work for 1 ms of the run’s 2 h (below 1 %): k0 → k1 → k2 → k3 → 4 more → k8 → k9 → k10 → k11',
    );
  });
});
