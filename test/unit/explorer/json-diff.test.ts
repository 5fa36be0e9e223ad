import { differencesOf } from '../../../src/explorer/page/value/json-diff';
import type { Json } from '../../../src/values';

const parts = (first: Json, second: Json, limit = 100): unknown[] =>
  differencesOf(first, second, limit).map(({ path, ...sides }) => [path.join('.'), sides]);

test('only the innermost parts that differ are told, with both sides', () => {
  expect(parts({ name: 'Ada', at: { x: 1, y: 2 } }, { name: 'Ada', at: { x: 1, y: 3 } })).toEqual([
    ['at.y', { first: 2, second: 3 }],
  ]);
  expect(parts(4, 6)).toEqual([['', { first: 4, second: 6 }]]);
  expect(parts({ x: [1] }, { x: { 0: 1 } })).toEqual([['x', { first: [1], second: { 0: 1 } }]]);
  expect(parts([{ a: 1 }], [{ a: 1 }])).toEqual([]);
});

test('a part that one value lacks has one side, whatever its name', () => {
  expect(parts({ constructor: 1 }, { b: null })).toEqual([
    ['constructor', { first: 1 }],
    ['b', { second: null }],
  ]);
});

test('an item put into a list is the only difference', () => {
  expect(parts([1, 2, 3], [1, 9, 2, 3])).toEqual([['1', { second: 9 }]]);
  expect(parts([1, 2, 3], [2, 3])).toEqual([['0', { first: 1 }]]);
});

test('rows of a table are paired by the equal rows around them', () => {
  const rows = ['a', 'b', 'c', 'd', 'e'].map((name, at) => ({ name, at }));
  const changed = [rows[0]!, { name: 'new', at: 9 }, rows[1]!, { name: 'c', at: 7 }, rows[4]!];
  expect(parts(rows, changed)).toEqual([
    ['1', { second: { name: 'new', at: 9 } }],
    ['3.at', { first: 2, second: 7 }],
    ['3', { first: { name: 'd', at: 3 } }],
  ]);
});

test('long lists of differences end at the limit, and deep values are compared', () => {
  const list = Array.from({ length: 1_000 }, (_, index) => index);
  expect(
    parts(
      list,
      list.map((item) => item + 1_000),
      5,
    ),
  ).toHaveLength(5);
  let [one, other]: Json[] = [1, 2];
  for (let depth = 0; depth < 50_000; depth++) [one, other] = [[one!], [other!]];
  expect(parts(one!, other!)).toHaveLength(1);
});
