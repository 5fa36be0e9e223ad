import { aggregate, knot, local, reduce, runLocally, tapestry, type Knot } from '../../../src';
import { recordOf } from '../../../src/authoring';
import { compile } from '../../../src/plan';

const list = knot('list', ({ of }: { of: number[] }) => of);
const record = knot('record', () => ({ a: 1 }) as unknown as number[]);

test('an aggregate gets values and constants by name, as copies, and the context', async () => {
  const basket = { fruits: ['pear'] };
  const t = tapestry('t', () => {
    const numbers = list({ of: [1, 2] }, { id: 'numbers' });
    return {
      all: aggregate(
        {
          inputs: { numbers, basket },
          combine: async (inputs, ctx) => {
            inputs.numbers.push(3);
            inputs.basket.fruits.push('worm');
            return { ...inputs, knot: ctx.knotId };
          },
        },
        { id: 'all', retry: { maximumAttempts: 2 } },
      ),
      numbers,
    };
  });
  for (let run = 0; run < 2; run++) {
    const { values, lineage } = await runLocally(t, {});
    expect(values).toEqual({
      all: { numbers: [1, 2, 3], basket: { fruits: ['pear', 'worm'] }, knot: 'all' },
      numbers: [1, 2],
    });
    expect(lineage.at(-1)).toMatchObject({
      knot_id: 'all',
      definition: 'selvage.aggregate',
      definition_version: null,
    });
  }
});

test('an aggregate and a reduce that receive outcomes are told of what failed, was skipped, or is Ok', async () => {
  const broken = knot('broken', (_: object): number[] => {
    throw new Error('no list');
  });
  const t = tapestry('t', () => {
    const numbers = list({ of: [1, 2] }, { id: 'numbers' });
    const failed = broken({}, { id: 'failed' });
    const skipped = list({ of: failed }, { id: 'skipped' });
    const kindOf = (id: string, of: Knot<number[]>, config: object = {}) =>
      reduce(
        {
          of,
          receives: 'outcomes',
          combine: async (all) => (all.kind === 'ok' ? `${all.value.length} ok` : all.kind),
        },
        { id, ...config },
      );
    kindOf('of-ok', numbers);
    kindOf('of-failed', failed);
    kindOf('of-skipped', skipped);
    kindOf('not-of-failed', failed, { errorPolicy: 'skipIfParentFailed' });
    kindOf('strict', failed, { errorPolicy: 'requireAllParents' });
    kindOf('of-no-list', record({}, { id: 'record' }));
    aggregate(
      {
        inputs: { numbers, failed, skipped, by: 3 },
        receives: 'outcomes',
        combine: ({ numbers, failed, skipped, by }) => [
          numbers.kind === 'ok' && numbers.value.length * by.value,
          failed.kind === 'err' && failed.error.message,
          skipped.kind === 'skipped' && skipped.reason,
        ],
      },
      { id: 'all' },
    );
  });
  const { outcomes, outputs, lineage } = await runLocally(t, {});
  expect(outputs).toMatchObject({
    'of-ok': '2 ok',
    'of-failed': 'err',
    'of-skipped': 'skipped',
    all: [6, 'no list', 'parent_failed_or_skipped'],
  });
  expect(outcomes).toMatchObject({
    'not-of-failed': { kind: 'skipped', reason: 'parent_failed_or_skipped' },
    strict: { kind: 'err', error: { type: 'RequireAllParents' } },
    'of-no-list': { kind: 'err', error: { type: 'NotAList' } },
  });
  const classes = new Map(lineage.map(({ knot_id, definition }) => [knot_id, definition]));
  expect(['of-ok', 'all'].map((id) => classes.get(id))).toEqual([
    'selvage.reduce.outcomes',
    'selvage.aggregate.outcomes',
  ]);
});

test('a reduce combines the whole list, or folds element after element in order', async () => {
  const order: number[] = [];
  const t = tapestry('t', () => {
    const of = list({ of: [3, 1, 2] }, { id: 'numbers' });
    const first = list({ of: [7] }, { id: 'first' });
    const none = list({ of: [] }, { id: 'none' });
    return {
      whole: reduce({ of, combine: (all) => all.join('-') }, { id: 'whole' }),
      folded: reduce(
        {
          of,
          fold: async (so, element) => {
            await new Promise((resolve) => setTimeout(resolve, 4 - element));
            order.push(element);
            return `${so}${element}`;
          },
          initial: '',
        },
        { id: 'folded' },
      ),
      pushed: reduce(
        {
          of,
          fold: (all: number[], element: number) => {
            all.push(element);
            return all;
          },
          initial: first,
        },
        { id: 'pushed' },
      ),
      empty: reduce({ of: none, fold: (sum, element) => sum + element, initial: 0 }, { id: 'empty' }),
    };
  });
  const { values, outputs } = await runLocally(t, {});
  expect(values).toEqual({ whole: '3-1-2', folded: '312', pushed: [7, 3, 1, 2], empty: 0 });
  expect(outputs['first']).toEqual([7]);
  expect(order).toEqual([3, 1, 2]);
});

test('what is no list fails the knot, by name', async () => {
  const t = tapestry('t', () => {
    reduce({ of: record({}, { id: 'record' }), combine: (all) => all.length }, { id: 'size' });
  });
  const { outcomes } = await runLocally(t, {});
  expect(outcomes['size']).toMatchObject({
    kind: 'err',
    error: { type: 'NotAList', message: expect.stringMatching(/"size".*"of" is an object/) },
  });
});

test('two nodes of one kind have each its own code, and equal ones the same', () => {
  const build = (combine: (numbers: readonly number[]) => number, other = combine) =>
    tapestry('t', (t) => {
      const of: Knot<number[]> = list({ of: [1] }, { id: 'numbers' });
      t.register(reduce({ of, combine }, { id: 'one', dispatcher: local() }));
      reduce({ of, combine: other }, { id: 'two' });
    });
  const definitionsOf = (t: ReturnType<typeof build>) => compile(recordOf(t)).plan.definitions;
  const max = (numbers: readonly number[]) => Math.max(...numbers);
  const min = (numbers: readonly number[]) => Math.min(...numbers);
  expect(definitionsOf(build(max)).map(({ name, inline }) => [name, inline])).toEqual([
    ['list', undefined],
    ['selvage.reduce', true],
  ]);
  const [, one, two] = definitionsOf(build(max, min));
  expect(two).toMatchObject({ name: 'selvage.reduce', inline: true });
  expect(two!.codeHash).not.toBe(one!.codeHash);
});
