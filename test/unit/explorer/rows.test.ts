import fc from 'fast-check';
import { densityOf, rowsOf, ticksOf, type Row } from '../../../src/explorer/page/timeline/rows';

const names = (rows: readonly Row[]): string[] =>
  rows.map((row) => `${' '.repeat(row.depth)}${row.kind === 'knot' ? row.knot : row.name}`);

describe('the rows of a timeline', () => {
  const spans = [[50, 60], [10, 90], undefined, [20, 25]] as const;
  const spanOf = (knot: number): readonly [number, number] | undefined => spans[knot];

  it.each([
    ['start', ['1', '3', '0', '2']],
    ['plan', ['0', '1', '2', '3']],
    ['duration', ['1', '0', '3', '2']],
  ] as const)('are in the order of %s, those without a time last', (order, expected) => {
    expect(names(rowsOf(4, spanOf, { order, closed: new Set() }))).toEqual(expected);
  });

  const groups = [
    { name: 'a', members: [0, 1, 3] },
    { name: 'a.b', parent: 0, members: [1, 3] },
  ];
  it('stand under their groups, and not where a group is closed', () => {
    expect(names(rowsOf(4, spanOf, { order: 'start', groups, closed: new Set() }))).toEqual([
      'a',
      ' a.b',
      '  1',
      '  3',
      ' 0',
      '2',
    ]);
    expect(names(rowsOf(4, spanOf, { order: 'start', groups, closed: new Set(['a.b']) }))).toEqual([
      'a',
      ' a.b',
      ' 0',
      '2',
    ]);
  });

  it('are those of a filter alone, with the groups that these are in', () => {
    const only = new Set([3, 2]);
    expect(names(rowsOf(4, spanOf, { order: 'plan', groups, closed: new Set(), only }))).toEqual([
      '2',
      'a',
      ' a.b',
      '  3',
    ]);
  });

  it('hold each knot once, whatever the groups', () => {
    const numbers = fc.array(fc.nat(99), { maxLength: 100 });
    fc.assert(
      fc.property(numbers, numbers, (outer, inner) => {
        const nested = [
          { name: 'o', members: [...new Set([...outer, ...inner])] },
          { name: 'i', parent: 0, members: [...new Set(inner)] },
        ];
        const rows = rowsOf(100, () => undefined, { order: 'start', groups: nested, closed: new Set() });
        const knots = rows.flatMap((row) => (row.kind === 'knot' ? [row.knot] : []));
        expect([...knots].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
      }),
    );
  });
});

describe('a scale', () => {
  it('names round times, few enough to read', () => {
    expect(ticksOf(0, 10_000, 6)).toEqual({ step: 2000, ticks: [0, 2000, 4000, 6000, 8000, 10_000] });
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.integer({ min: 1, max: 4e9 }),
        fc.integer({ min: 2, max: 20 }),
        (from, length, most) => {
          const { ticks } = ticksOf(from, from + length, most);
          expect(ticks.length).toBeLessThanOrEqual(most + 1);
        },
      ),
    );
  });
});

it('the density of a time counts what went on in each of its parts', () => {
  expect([...densityOf([[0, 10], [5, 5], undefined, [90, 200]], 0, 100, 10)]).toEqual([
    2, 1, 0, 0, 0, 0, 0, 0, 0, 1,
  ]);
});
