import fc from 'fast-check';
import { densityOf, laneRows, rowsOf, type Row } from '../../../src/explorer/page/timeline/rows';
import type { Segment } from '../../../src/explorer/page/timeline/segments';

const nameOf = (row: Row): string | number =>
  row.kind === 'knot' ? row.knot : row.kind === 'group' ? row.name : row.items.map(({ knot }) => knot).join();
const names = (rows: readonly Row[]): string[] => rows.map((row) => `${' '.repeat(row.depth)}${nameOf(row)}`);

describe('the rows of a timeline', () => {
  const spans = [[50, 60], [10, 90], undefined, [20, 25]] as const;

  it.each([
    ['start', ['1', '3', '0', '2']],
    ['plan', ['0', '1', '2', '3']],
    ['duration', ['1', '0', '3', '2']],
  ] as const)('are in the order of %s, those without a time last', (order, expected) => {
    expect(names(rowsOf(4, spans, { order, closed: new Set() }))).toEqual(expected);
  });

  const groups = [
    { name: 'a', members: [0, 1, 3] },
    { name: 'a.b', parent: 0, members: [1, 3] },
  ];
  it('stand under their groups, and not where a group is closed', () => {
    expect(names(rowsOf(4, spans, { order: 'start', groups, closed: new Set() }))).toEqual([
      'a',
      ' a.b',
      '  1',
      '  3',
      ' 0',
      '2',
    ]);
    expect(names(rowsOf(4, spans, { order: 'start', groups, closed: new Set(['a.b']) }))).toEqual([
      'a',
      ' a.b',
      ' 0',
      '2',
    ]);
  });

  it('are those of a filter alone, with the groups that these are in', () => {
    const only = new Set([3, 2]);
    expect(names(rowsOf(4, spans, { order: 'plan', groups, closed: new Set(), only }))).toEqual([
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
        const rows = rowsOf(100, [], { order: 'start', groups: nested, closed: new Set() });
        const knots = rows.flatMap((row) => (row.kind === 'knot' ? [row.knot] : []));
        expect([...knots].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
      }),
    );
  });
});

describe('lanes of workers', () => {
  const body = (from: number, to: number, worker?: string): Segment => ({
    kind: 'body',
    from,
    to,
    status: 'ok',
    attempt: 1,
    worker,
  });
  const failed = (from: number, to: number, worker: string): Segment => ({
    kind: 'attempt',
    from,
    to,
    attempt: 1,
    worker,
    reason: '',
  });
  const segments = [
    [body(0, 0)],
    [failed(0, 10, 'b'), { kind: 'wait', from: 10, to: 20, wait: 'retry', code: 'Retry' }, body(20, 30, 'a')],
    [body(5, 25, 'a')],
    [body(30, 40, 'a')],
  ] as const satisfies readonly (readonly Segment[])[];

  it('have each attempt at the worker that made it, and no wait', () => {
    expect(names(laneRows(segments, { closed: new Set() }))).toEqual([
      'a',
      ' 2,3',
      ' 1',
      'b',
      ' 1',
      'without a worker',
      ' 0',
    ]);
    const [first] = laneRows(segments, { closed: new Set(['a']), only: new Set([1, 2]) });
    expect(first).toEqual({ kind: 'group', name: 'a', depth: 0, members: [2, 1], isClosed: true });
    expect(names(laneRows(segments, { closed: new Set(['a']), only: new Set([3]) }))).toEqual(['a']);
  });

  it('hold each attempt once, and those of a lane do not overlap', () => {
    const time = fc.tuple(fc.nat(100), fc.nat(30), fc.constantFrom('a', 'b', undefined));
    fc.assert(
      fc.property(fc.array(time, { maxLength: 60 }), (times) => {
        const rows = laneRows(
          times.map(([from, took, worker]) => [body(from, from + took, worker)]),
          { closed: new Set() },
        );
        const lanes = rows.flatMap((row) => (row.kind === 'lane' ? [row.items] : []));
        expect(
          lanes
            .flat()
            .map(({ knot }) => knot)
            .sort((a, b) => a - b),
        ).toEqual([...times.keys()]);
        for (const items of lanes)
          items.slice(1).forEach(({ segment }, index) => {
            expect(segment.from).toBeGreaterThanOrEqual(items[index]!.segment.to);
            expect(segment).toMatchObject({ worker: times[items[0]!.knot]![2] });
          });
      }),
    );
  });
});

it('the density of a time counts what went on in each of its parts', () => {
  expect([...densityOf([[0, 10], [5, 5], undefined, [90, 200]], [0, 100], 10)]).toEqual([
    2, 1, 0, 0, 0, 0, 0, 0, 0, 1,
  ]);
});
