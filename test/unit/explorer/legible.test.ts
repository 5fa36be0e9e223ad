import { legible, lettersIn, nameIn } from '../../../src/explorer/page/graph/legible';
import { CORNERS, freeCorner, placeIn } from '../../../src/explorer/page/graph/corners';
import { closedOf } from '../../../src/explorer/page/run/closed-groups';
import { shortened } from '../../../src/explorer/page/shown-text';
import type { GraphKnot } from '../../../src/authoring/run-graph';

const BOX = 52;

test('no text is smaller than 11 pixels, and what is shown fits into its box', () => {
  for (let zoom = 0.05; zoom <= 2; zoom += 0.05) {
    const { lines, first, second } = legible(BOX, zoom);
    expect(Math.min(first, second)).toBeGreaterThanOrEqual(11);
    const height = [0, first, first + second][lines]!;
    expect(height).toBeLessThanOrEqual(BOX * zoom);
  }
  expect([1, 0.5, 0.2].map((zoom) => legible(BOX, zoom).lines)).toEqual([2, 1, 0]);
  expect(lettersIn(66.3, 11)).toBe(10);
});

test('a long name loses its middle, and keeps its beginning and its end', () => {
  expect(shortened('load.customers.emea', 10)).toBe('load.…emea');
  expect(shortened('load.customers.emea', 4)).toBe('lo…a');
  expect(shortened('load.customers.emea', 2)).toBe('…');
  expect(shortened('load', 4)).toBe('load');
});

test('a name of which little fits is left out', () => {
  expect(nameIn('parameter', 9)).toBe('parameter');
  expect(nameIn('parameter', 8)).toBe('');
  expect(nameIn('drop-broken-readings', 9)).toBe('');
  expect(nameIn('drop-broken-readings', 12)).toBe('drop-…adings');
});

test('the minimap stays in its corner while that is free, else takes one in which it covers nothing', () => {
  expect(freeCorner('bottom-left', () => true)).toBe('bottom-left');
  expect(freeCorner('bottom-right', (corner) => corner === 'top-left')).toBe('top-left');
  expect(freeCorner('bottom-right', () => false)).toBeUndefined();
  const viewport = { width: 800, height: 600 };
  for (const corner of CORNERS) {
    const { x, y, width, height } = placeIn(corner, viewport);
    expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThanOrEqual(viewport.width);
    expect(y + height).toBeLessThanOrEqual(viewport.height);
  }
});

function knots(count: number, from: (index: number) => number[]): GraphKnot[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index === 0 ? 'source' : `load.part${index}`,
    kind: 'knot',
    inputs: from(index).map((parent) => ({ name: 'x', from: parent })),
  })) as unknown as GraphKnot[];
}

test('a long rank starts folded; a short one, and a chain, do not', () => {
  const fan = (index: number): number[] => (index === 0 ? [] : [0]);
  expect([...closedOf(undefined, knots(40, fan))]).toEqual(['load']);
  expect(closedOf(undefined, knots(20, fan)).size).toBe(0);
  expect(
    closedOf(
      undefined,
      knots(40, (index) => (index === 0 ? [] : [index - 1])),
    ).size,
  ).toBe(0);
  expect(closedOf('-', knots(40, fan)).size).toBe(0);
});
