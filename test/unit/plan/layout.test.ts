import { compile, decodeLayout, encodeLayout, layoutOf, type Layout, type Plan } from '../../../src/plan';
import {
  addKnot,
  addParameter,
  constant,
  definition,
  emptyTapestry,
  grid,
  parent,
  tapestryOf,
} from '../../support/tapestry-records';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

/** x -> double -> add <- x, and an unused parameter and a knot that nothing needs. */
function quickstart(): Plan {
  const tapestry = emptyTapestry('quickstart', { failOn: 'never' });
  const x = addParameter(tapestry, 'x');
  addParameter(tapestry, 'unused');
  const d = addKnot(
    tapestry,
    'd',
    definition('double'),
    { x: parent(x) },
    { timeout: 5, retry: { maximumAttempts: 2 } },
  );
  const answer = addKnot(
    tapestry,
    'answer',
    definition('add'),
    { a: parent(x), b: parent(d), c: parent(x) },
    { summary: 'the answer' },
  );
  addKnot(tapestry, 'report', definition('report'), { text: constant('hi') });
  tapestry.terminals = new Map([
    ['sum', answer],
    ['doubled', d],
    ['again', answer],
  ]);
  return compile(tapestry).plan;
}

const plain = (layout: Layout): unknown =>
  JSON.parse(
    JSON.stringify(layout, (_, value: unknown) =>
      ArrayBuffer.isView(value) || value instanceof Map
        ? [...(value as unknown as Iterable<unknown>)]
        : value,
    ),
  );

describe('the layout of a plan', () => {
  test('has the graph and the options of the knots in columns', () => {
    expect(plain(layoutOf(quickstart()))).toEqual({
      size: 5,
      ids: ['param:x', 'param:unused', 'd', 'answer', 'report'],
      parameterCount: 2,
      parentStart: [0, 0, 0, 1, 3, 3],
      parents: [0, 0, 2],
      childStart: [0, 2, 2, 3, 3, 3],
      children: [2, 3, 3],
      definition: [-1, -1, 0, 1, 2],
      activityTypes: ['double', 'add', 'report'],
      policy: [0, 0, 1, 0, 0],
      policies: [{}, { timeout: 5 }],
      summaries: [[3, 'the answer']],
      terminals: [2, 3],
      failOn: 'never',
    });
  });

  test('takes ids of knots for terminals, each once', () => {
    const layout = layoutOf(quickstart(), ['report', 'sum', 'answer', 'param:unused']);
    expect(layout.ids).toEqual(['param:x', 'param:unused', 'd', 'answer', 'report']);
    expect([...layout.terminals]).toEqual([1, 3, 4]);
  });

  test('takes the name of a terminal before an equal id', () => {
    const tapestry = tapestryOf([[], []]);
    const [first, second] = tapestry.knots.values();
    tapestry.terminals = new Map([[first!.id, second!]]);
    expect(layoutOf(compile(tapestry).plan, [first!.id]).ids).toEqual([second!.id]);
  });

  test('refuses an empty list of terminals and unknown ones, and says which there are', () => {
    expect(thrownBy(() => layoutOf(quickstart(), []))).toMatchObject(refusal('UnknownTerminal', 'empty'));
    expect(thrownBy(() => layoutOf(quickstart(), ['sum', 'total']))).toMatchObject({
      code: 'UnknownTerminal',
      message: expect.stringMatching(/'quickstart'.*'total'.*sum, doubled, again/),
      details: { terminal: 'total' },
    });
  });

  test.each(['constructor', '__proto__', 'toString'])('does not take %s for a terminal', (name) => {
    expect(thrownBy(() => layoutOf(quickstart(), [name])).code).toBe('UnknownTerminal');
  });

  test('shortens summaries to 100 characters and cuts none in two', () => {
    const tapestry = emptyTapestry();
    addKnot(tapestry, 'fits', definition('step'), {}, { summary: 'x'.repeat(100) });
    addKnot(
      tapestry,
      'long',
      [...tapestry.knots.values()][0]!.definition!,
      {},
      { summary: '🧵'.repeat(101) },
    );
    const { summaries } = layoutOf(compile(tapestry).plan);
    expect(summaries.get(0)).toBe('x'.repeat(100));
    expect(summaries.get(1)).toBe(`${'🧵'.repeat(99)}…`);
  });
});

const bytesOf = (text: string): number => Buffer.byteLength(text);

describe('an encoded layout', () => {
  test('keeps to the size of a slice with many long texts of several bytes a character', () => {
    const tapestry = emptyTapestry();
    const options = (index: number) => ({
      summary: '🧵"\\\n'.repeat(40),
      dispatcher: { kind: 'queue' as const, taskQueue: `ü-${index}`.repeat(40) },
    });
    const step = definition('step');
    for (let index = 0; index < 2_000; index++)
      addKnot(tapestry, `k${index}`.padEnd(200, '.'), step, {}, options(index));
    const layout = layoutOf(compile(tapestry).plan);
    const slices = encodeLayout(layout);
    expect(Math.max(...slices.map(bytesOf))).toBeLessThanOrEqual(128 * 1024);
    expect(decodeLayout(slices)).toEqual(layout);
  });

  test('refuses a name that no slice can hold', () => {
    const tapestry = emptyTapestry();
    addKnot(
      tapestry,
      'k',
      definition('step'),
      {},
      { dispatcher: { kind: 'queue', taskQueue: 'q'.repeat(130 * 1024) } },
    );
    const layout = layoutOf(compile(tapestry).plan);
    expect(thrownBy(() => encodeLayout(layout)).code).toBe('PlanTooLarge');
  });

  const slices = encodeLayout(layoutOf(compile(tapestryOf(grid(100, 100))).plan));
  const small = encodeLayout(layoutOf(compile(tapestryOf([[], [0], [0, 1]])).plan))[0]!;
  const changed = (change: (slice: Record<string, unknown[]>) => void): string[] => {
    const slice = JSON.parse(small) as Record<string, unknown[]>;
    change(slice);
    return [JSON.stringify(slice)];
  };

  test.each<[string, readonly string[]]>([
    ['none', []],
    ['a missing one', slices.slice(1)],
    ['a missing last one', slices.slice(0, -1)],
    ['two in wrong order', [slices[1]!, slices[0]!, ...slices.slice(2)]],
    ['a cut one', [...slices.slice(0, -1), slices.at(-1)!.slice(0, -9)]],
    ['one of another format', changed((slice) => Object.assign(slice, { format: 2 }))],
    ['a lost id', changed((slice) => slice['ids']!.pop())],
    ['a lost parent', changed((slice) => slice['parents']!.pop())],
    ['a parent too many', changed((slice) => slice['parents']!.push(1))],
    ['a run without end', changed((slice) => slice['parents']!.push([1, 1e15]))],
    ['a parent that comes later', changed((slice) => slice['parents']!.fill(-1))],
    ['an unknown definition', changed((slice) => slice['definitions']!.fill(5))],
    ['an unknown policy', changed((slice) => slice['policy']!.fill(1))],
    ['an unknown terminal', changed((slice) => slice['terminals']!.fill(3))],
  ])('is refused with %s', (_, bad) => {
    expect(thrownBy(() => decodeLayout(bad)).code).toBe('InvalidPlan');
  });
});
