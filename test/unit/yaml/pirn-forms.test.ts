import { knot, loadPipeline, runLocally } from '../../../src';

/*
 * Documents in the forms that pirn's have: the keys, the names of types and policies, and what may be left out. Written for this test.
 */

const shop = {
  'shop.knots.total': ({ prices, rate }: { prices: number[]; rate: number }) =>
    prices.reduce((sum, price) => sum + price, 0) * rate,
  receipt: knot('receipt', ({ total }: { total: number }) => ({ total })),
};

async function outputsOf(
  text: string,
  callables: Record<string, unknown>,
  parameters: Record<string, unknown> = {},
): Promise<{ readonly outputs: unknown; readonly outcomes: Record<string, unknown> }> {
  const { outputs, outcomes } = await runLocally(loadPipeline(text, { callables }).tapestry, parameters);
  return { outputs, outcomes };
}

test('a chain with a default', async () => {
  const text = `
name: simple
nodes:
  - id: x
    type: parameter
    type_: int
    has_default: true
    default: 5
  - id: doubled
    type: knot
    callable: double
    parents:
      x: x
  - id: answer
    type: knot
    callable: add
    parents:
      a: x
      b: doubled
`;
  const callables = {
    double: ({ x }: { x: number }) => x * 2,
    add: ({ a, b }: { a: number; b: number }) => a + b,
  };
  const { outputs } = await outputsOf(text, callables);
  expect(outputs).toEqual({ 'param:x': 5, doubled: 10, answer: 15 });
});

test('dotted names that are among the callables, config, tags, policies and a folded description', async () => {
  const text = `
name: till
description: >
  Adds up what is in a basket,
  and writes a receipt.

allow_callable_refs: true
allowed_module_prefixes:
  - shop.knots

nodes:
  # ── Inputs ──
  - id: prices
    type: parameter
    type_: list[float]
    description: What is in the basket
    validate_io: true

  - id: total
    type: knot
    callable: shop.knots.total
    parents:
      prices: prices
    config:
      rate: 2
    tags: [money, fast]
    error_policy: require_all_parents

  - id: receipt
    type: sink
    callable: receipt
    parents:
      total:   total
    validate_io: false
`;
  const { outputs } = await outputsOf(text, shop, { prices: [1, 2] });
  expect(outputs).toEqual({ 'param:prices': [1, 2], total: 6, receipt: { total: 6 } });
});

test('a branch has all its paths, and those that are not taken are skipped', async () => {
  const text = `
name: post
nodes:
  - id: parcel
    type: parameter
    type_: dict
    has_default: true
    default: {size: large}
  - id: way
    type: branch
    input: parcel
    selector: size_of
    branches: [small, large]
`;
  const { outputs, outcomes } = await outputsOf(text, { size_of: ({ size }: { size: string }) => size });
  expect(outputs).toMatchObject({ 'way:large': { size: 'large' } });
  expect(outcomes['way:small']).toEqual({ kind: 'skipped', reason: 'branch_not_selected' });
});

test('a source, a map over it, a reduce in pairs, a gate and an aggregator', async () => {
  const text = `
nodes:
  - id: merged
    type: aggregator
    combine: merge
    parents: {sum: positive, all: lengths}
  - id: positive
    type: gate
    input: sum
    predicate: is_positive
  - id: sum
    type: reduce
    of: lengths
    combine: plus
    has_initial: true
    initial: 100
  - id: lengths
    type: map
    over: words
    each: measure
    bind: word
    shared:
      factor: factor
      label: exact
  - id: factor
    type: parameter
    type_: int
    has_default: true
    default: 2
  - id: words
    type: source
    callable: read_words
`;
  const { outputs } = await outputsOf(text, {
    read_words: () => ['a', 'bcd'],
    measure: ({ word, factor, label }: { word: string; factor: number; label: string }) =>
      label === 'exact' ? word.length * factor : -1,
    plus: (sum: number, length: number) => sum + length,
    is_positive: (sum: number) => sum > 0,
    merge: (inputs: { sum: number; all: number[] }) => inputs,
  });
  expect(outputs).toMatchObject({ merged: { sum: 108, all: [2, 6] } });
});

test('a reduce of the whole list, and what receives errors', async () => {
  const text = `
nodes:
  - {id: numbers, type: parameter, type_: 'list[int]', has_default: true, default: [1, 2, 3]}
  - {id: sum, type: reduce, of: numbers, combine: sum_all}
  - {id: broken, type: knot, callable: fail, parents: {x: sum}}
  - {id: report, type: knot, callable: report, parents: {broken: broken, sum: sum}, error_policy: receive_errors}
`;
  const { outputs } = await outputsOf(text, {
    sum_all: (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0),
    fail: () => {
      throw new Error('no');
    },
    report: ({ broken, sum }: { broken: { kind: string }; sum: { kind: string; value: number } }) =>
      `${broken.kind} ${sum.value}`,
  });
  expect(outputs).toMatchObject({ sum: 6, report: 'err 6' });
});

test.each([
  ['int', 5, 'a'],
  ['float', 1.5, 'a'],
  ['str', 'a', 1],
  ['bool', true, 1],
  ['dict', { a: 1 }, [1]],
  ['list', [1], 'a'],
  ['list[dict]', [{}], [1]],
  ['dict[str, int]', { a: 1 }, { a: 'b' }],
  ['tuple[int, str]', [1, 'a'], ['a', 1]],
  ['set[int]', [1], ['a']],
  ['str | None', null, 1],
  ['Optional[int]', null, 'a'],
  ['Union[int, str]', 'a', null],
  ["Literal['a', 'b']", 'b', 'c'],
  ['list[list[int]]', [[1]], [1]],
  ['datetime.date', '2026-01-31', 'soon'],
  ['uuid.UUID', '6f9619ff-8b86-d011-b42d-00cf4fc964ff', 'x'],
])('the type %s takes and refuses what it says', async (type, good, bad) => {
  const text = `nodes:\n  - { id: y, type: parameter, type_: ${JSON.stringify(type)} }\n  - { id: k, type: knot, callable: f, parents: { y: y } }\n`;
  const callables = { f: ({ y }: { y: unknown }) => y };
  await expect(outputsOf(text, callables, { y: good })).resolves.toMatchObject({ outputs: { k: good } });
  await expect(outputsOf(text, callables, { y: bad })).rejects.toThrow(/y/);
});
