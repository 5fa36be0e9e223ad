import { foldElements } from '../../../src/operations/lineage/element-ranges';

test('elements of a map are folded into ranges, where the first of them stood', () => {
  expect(foldElements(['a', 'm[0]', 'm[1]', 'm[2]', 'm[5]', 'b', 'm[7]', 'm[8]', 'm', 'c'])).toEqual([
    'a',
    'm[0–2, 5, 7–8]',
    'm',
    'b',
    'c',
  ]);
  expect(foldElements(['m', 'm[3]'])).toEqual(['m', 'm[3]']);
  expect(foldElements(['u["ada"]', 'u["bob"]', 'v[1]'])).toEqual(['u["ada", "bob"]', 'v[1]']);
  expect(foldElements([])).toEqual([]);
});

test('of many ranges the first are named', () => {
  const odd = Array.from({ length: 15 }, (_, n) => `m[${2 * n + 1}]`);
  expect(foldElements(odd)).toEqual(['m[1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 5 more]']);
});
