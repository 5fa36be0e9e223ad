import fc from 'fast-check';
import { columnOrder, orderedColumns } from '../../../src/values/column-order';

type Row = Record<string, number>;
const rows = fc.array(
  fc
    .uniqueArray(fc.constantFrom('a', 'B', 'ä', 'a b', '10', 'z', 'constructor'))
    .map((names): Row => Object.fromEntries(names.map((name, at) => [name, at]))),
);
/** As encoding does. */
const stored = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).sort(([one], [other]) => (one < other ? -1 : 1)));

test('the order in which names first come is found again in the stored rows', () => {
  fc.assert(
    fc.property(rows, (made) => {
      const names = [...new Set(made.flatMap((row) => Object.keys(row)))];
      const order = columnOrder(made);
      const found = orderedColumns(made.map(stored), order);
      expect(found).toEqual(order ? names : []);
      if (!order) expect(names).toEqual([...names].sort());
    }),
  );
});

test('it holds no names, and is absent for other lists, sorted names and too many', () => {
  expect(columnOrder([{ secret: 1, name: 2 }])).toEqual([1, 0]);
  expect(columnOrder([{ a: 1 }, { b: 1 }])).toBeUndefined();
  expect(columnOrder([{ b: 1, a: 1 }, 3])).toBeUndefined();
  expect(columnOrder([[1], [0]])).toBeUndefined();
  expect(columnOrder(Array.from({ length: 101 }, (_, at) => ({ [`n${at}`]: 1 })))).toHaveLength(100);
  expect(
    columnOrder([Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`n${at}`, 1]))]),
  ).toBeUndefined();
});

test('an order that does not fit is left aside', () => {
  expect(orderedColumns([{ a: 1, b: 2 }], [1, 0])).toEqual(['b', 'a']);
  expect(orderedColumns([{ a: 1 }], [1, 0])).toEqual([]);
  expect(orderedColumns([{ a: 1, b: 2 }], [7, 0])).toEqual([]);
});
