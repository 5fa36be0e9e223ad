import { jsonLines, jsonPath, pathKey, pathsTo } from '../../../src/explorer/page/json-lines';

const json = { name: 'Ada', rows: [1, { deep: null }], none: {} };

test('what is closed is one line; what is open has a line for each part', () => {
  expect(jsonLines(json, new Set())).toMatchObject([{ depth: 0, text: '{3}', isOpen: false, count: 3 }]);
  const open = new Set([pathKey([]), pathKey(['rows'])]);
  expect(jsonLines(json, open).map(({ name, text }) => `${name ?? ''} ${text}`)).toEqual([
    ' {3}',
    'name "Ada"',
    'rows [2]',
    '0 1',
    '1 {1}',
    'none {0}',
  ]);
});

test('a value nested deeper than calls can be, and one with a million items, cost what is shown of them', () => {
  let deep: unknown = 1;
  for (let depth = 0; depth < 50_000; depth++) deep = [deep];
  expect(jsonLines(deep as never, pathsTo(deep as never, 3))).toHaveLength(4);
  const wide = Array.from({ length: 100_000 }, (_, index) => [index]);
  expect(pathsTo(wide, 2).size).toBe(500);
});

test('a long text is cut, and control characters are escaped', () => {
  const [line] = jsonLines('a\u0000\u001b'.repeat(200), new Set());
  expect(line!.text.startsWith('"a\\u0000\\u001b')).toBe(true);
  expect(line!.text.endsWith('…"')).toBe(true);
});

test('a path is JSONPath, with names quoted where they must be', () => {
  expect(jsonPath([])).toBe('$');
  expect(jsonPath(['items', 0, 'name'])).toBe('$.items[0].name');
  expect(jsonPath(['first name', 'a"b', '0', '$type', 'ä', ''])).toBe(
    '$["first name"]["a\\"b"]["0"]["$type"]["ä"][""]',
  );
});
