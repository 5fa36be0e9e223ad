import { z } from 'zod';
import { contentHash, encodeValue } from '../../../src/values';
import { createInMemoryBackends } from '../../../src/backends';
import { Crowd } from '../../support/crowd';
import { knot, map, reduce, runLocally, tapestry, type Knot } from '../../../src';

const constant = knot('constant', ({ value }: { value: unknown }) => value);

function given<T>(value: T, id: string): Knot<T> {
  return constant({ value }, { id }) as unknown as Knot<T>;
}

const double = knot('double', { version: '2' }, ({ x }: { x: number }) => x * 2);
const checked = knot('checked', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => {
  if (x % 3 === 0) throw new RangeError(`three divides ${x}`);
  return x;
});

const hashOf = (value: unknown): string => contentHash(encodeValue(value));

/** Maps over a constant. */
function over<T extends object>(value: T, place: (list: Knot<T>) => Knot<unknown>) {
  return tapestry('t', () => ({ mapped: place(given(value, 'list')) }));
}

describe('a map', () => {
  test('has the list of what the body makes of each element, in order, and a record of each', async () => {
    const t = over([3, 1, 2], (list) => map({ over: list, each: double, bind: 'x' }, { id: 'mapped' }));
    const { values, lineage, outcomes } = await runLocally(t, {});
    expect(values).toEqual({ mapped: [6, 2, 4] });
    expect(Object.keys(outcomes)).toEqual(['list', 'mapped']);
    expect(lineage.map(({ knot_id }) => knot_id)).toEqual([
      'list',
      'mapped[0]',
      'mapped[1]',
      'mapped[2]',
      'mapped',
    ]);
    expect(lineage[1]).toMatchObject({
      definition: 'double',
      definition_version: '2',
      parent_knot_ids: { x: 'list' },
      parent_input_hashes: { x: hashOf(3) },
      output_hash: hashOf(6),
      outcome: 'ok',
      attempt: 1,
    });
    expect(lineage[4]).toMatchObject({
      definition: 'selvage.map',
      code_hash: lineage[1]!.code_hash,
      parent_knot_ids: { over: 'list' },
      parent_input_hashes: { over: hashOf([3, 1, 2]) },
      output_hash: hashOf([6, 2, 4]),
      extra: { length: 3, elements: { count: 3, failed: 0 } },
    });
  });

  test('keeps the keys of a record', async () => {
    const record = { b: 1, a: 2, '10': 3, '9': 4, $type: 5, 'with "quotes" \\ ]}': 6 };
    const t = over(record, (list) => map({ over: list, each: double, bind: 'x' }, { id: 'mapped' }));
    const { values, lineage } = await runLocally(t, {});
    const expected = Object.fromEntries(Object.entries(record).map(([key, x]) => [key, 2 * x]));
    expect(values).toEqual({ mapped: expected });
    expect(lineage.at(-1)!.output_hash).toBe(hashOf(expected));
    expect(lineage.find(({ knot_id }) => knot_id === 'mapped["a"]')!.output_hash).toBe(hashOf(4));
  });

  test('goes over several lists at once, with what is shared', async () => {
    const t = tapestry('t', () => {
      const user = given(['anna', 'ben'], 'users');
      const gift = given([1, 2], 'gifts');
      const unit = given('EUR', 'unit');
      return {
        mapped: map(
          {
            over: { user, gift },
            shared: { unit, all: user, mark: { text: '!' } },
            each: async ({ user: name, gift: sum, unit: of, all, mark }, { knotId }) =>
              `${knotId} ${name} ${sum} ${of} ${all.length}${mark.text}`,
          },
          { id: 'mapped' },
        ),
      };
    });
    const { values, lineage } = await runLocally(t, {});
    expect(values.mapped).toEqual(['mapped[0] anna 1 EUR 2!', 'mapped[1] ben 2 EUR 2!']);
    expect(lineage.find(({ knot_id }) => knot_id === 'mapped[1]')).toMatchObject({
      definition: 'selvage.map.each',
      parent_knot_ids: { user: 'users', gift: 'gifts', unit: 'unit', all: 'users' },
      parent_input_hashes: {
        user: hashOf('ben'),
        gift: hashOf(2),
        unit: hashOf('EUR'),
        all: hashOf(['anna', 'ben']),
      },
      constant_input_hashes: { mark: hashOf({ text: '!' }) },
    });
  });

  test.each([[[]], [{}]])('of nothing is nothing: %p', async (nothing) => {
    const t = over(nothing, (list) => map({ over: list, each: double, bind: 'x' }, { id: 'mapped' }));
    expect((await runLocally(t, {})).values).toEqual({ mapped: nothing });
  });

  test('takes elements of any kind as they are', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const elements = [
      bytes,
      undefined,
      null,
      'a,"b"]',
      [1, [2]],
      { d: new Date(0) },
      new Map([[1, 2]]),
      5n,
      -0,
    ];
    const t = over(elements, (list) => map({ over: list, each: ({ element }) => element }, { id: 'mapped' }));
    const { values, lineage } = await runLocally(t, {});
    expect(values).toEqual({ mapped: elements });
    expect(lineage.at(-1)!.output_hash).toBe(hashOf(elements));
    for (const [index, element] of elements.entries()) {
      expect(lineage.find(({ knot_id }) => knot_id === `mapped[${index}]`)).toMatchObject({
        output_hash: hashOf(element),
        parent_input_hashes: { element: hashOf(element) },
      });
    }
  });

  test('gives each body a copy of its own', async () => {
    const t = tapestry('t', () => {
      const list = given([{ n: 1 }, { n: 2 }], 'list');
      const mapped = map(
        {
          over: list,
          shared: { list },
          each: ({ element, list: all }) => {
            element.n += 10;
            all[0]!.n += 100;
            return [element.n, all[0]!.n];
          },
        },
        { id: 'mapped' },
      );
      return { mapped, list };
    });
    expect((await runLocally(t, {})).values).toEqual({
      mapped: [
        [11, 101],
        [12, 101],
      ],
      list: [{ n: 1 }, { n: 2 }],
    });
  });

  test('runs no more bodies at once than it is told', async () => {
    const run = async (concurrency?: number) => {
      const crowd = new Crowd();
      const each = () => crowd.join(0);
      const list = Array.from({ length: 250 }, (_, index) => index);
      await runLocally(
        over(list, (of) => map({ over: of, each, ...(concurrency && { concurrency }) }, { id: 'mapped' })),
        {},
      );
      return crowd.most;
    };
    expect([await run(), await run(7), await run(1), await run(1_000)]).toEqual([100, 7, 1, 250]);
  });

  test('retries each element by itself, within its own timeout', async () => {
    const attempts = new Map<number, number>();
    const t = over([1, 2, 3], (list) =>
      map(
        {
          over: list,
          each: async ({ element }: { element: number }, { attempt, signal }) => {
            attempts.set(element, attempt);
            if (element === 2 && attempt < 3) throw new Error('again');
            if (element === 3 && attempt < 2)
              await new Promise((_, reject) =>
                signal.addEventListener('abort', () => reject(new Error('late'))),
              );
            return element;
          },
        },
        { id: 'mapped', retry: { maximumAttempts: 3, initialInterval: 1 }, timeout: 500 },
      ),
    );
    const { values, lineage } = await runLocally(t, {});
    expect(values).toEqual({ mapped: [1, 2, 3] });
    expect([...attempts]).toEqual([
      [1, 1],
      [2, 3],
      [3, 2],
    ]);
    expect(lineage.find(({ knot_id }) => knot_id === 'mapped[1]')!.attempt).toBe(3);
  });

  test('is found by reduce, and its bodies by replace', async () => {
    const t = tapestry('t', () => {
      const list = given([1, 2, 3], 'list');
      const mapped = map({ over: list, each: double, bind: 'x' }, { id: 'mapped' });
      return { sum: reduce({ of: mapped, fold: (sum, x) => sum + x, initial: 0 }, { id: 'sum' }) };
    });
    expect((await runLocally(t, {})).values).toEqual({ sum: 12 });
    for (const name of ['mapped', 'double']) {
      const { values } = await runLocally(t, {}, { replace: { [name]: ({ x }: { x: number }) => x * 100 } });
      expect(values).toEqual({ sum: 600 });
    }
  });
});

describe('elements that fail', () => {
  const list = [1, 3, 5, 6];
  const mapping = (onError?: 'fail' | 'skip' | 'collect', value: number[] | Record<string, number> = list) =>
    over(value, (of) =>
      map({ over: of, each: checked, bind: 'x', ...(onError && { onError }) }, { id: 'mapped' }),
    );

  test('make the map fail when all have ended, and are named', async () => {
    for (const onError of [undefined, 'fail'] as const) {
      const { outcomes, lineage } = await runLocally(mapping(onError), {});
      expect(outcomes['mapped']).toMatchObject({
        kind: 'err',
        error: {
          type: 'MapElements',
          message:
            '2 of the 4 elements of map "mapped" failed: [1], [3]. Look at their records, or choose another onError. ' +
            'The first: RangeError: three divides 3',
          cause: { type: 'RangeError', message: 'three divides 3' },
        },
      });
      expect(lineage.find(({ knot_id }) => knot_id === 'mapped[2]')!.outcome).toBe('ok');
      expect(lineage.find(({ knot_id }) => knot_id === 'mapped[3]')).toMatchObject({
        outcome: 'err',
        error_record_id: expect.stringMatching(/^err_/),
      });
      expect(lineage.at(-1)!.extra).toMatchObject({ elements: { count: 4, failed: 2 } });
    }
  });

  test('are left out', async () => {
    const { values, status } = await runLocally(mapping('skip'), {});
    expect(values).toEqual({ mapped: [1, 5] });
    expect(status).toBe('succeeded');
    const record = await runLocally(mapping('skip', { a: 1, b: 3 }), {});
    expect(record.values).toEqual({ mapped: { a: 1 } });
  });

  test('are collected as outcomes, which are equal in all runs', async () => {
    const one = await runLocally(mapping('collect'), {});
    const other = await runLocally(mapping('collect'), {});
    expect(one.values.mapped).toMatchObject([
      { kind: 'ok', value: 1 },
      { kind: 'err', error: { type: 'RangeError', message: 'three divides 3', traceback: '' } },
      { kind: 'ok', value: 5 },
      { kind: 'err', error: { type: 'RangeError' } },
    ]);
    expect(other.lineage.at(-1)!.output_hash).toBe(one.lineage.at(-1)!.output_hash);
    expect(one.lineage.at(-1)!.output_hash).toBe(hashOf(one.values.mapped));
  });

  test('are judged by the schemas of their definition', async () => {
    const { outcomes } = await runLocally(mapping(undefined, ['one'] as never), {});
    expect(outcomes['mapped']).toMatchObject({
      error: {
        type: 'MapElements',
        cause: { type: 'InvalidInput', message: expect.stringContaining('mapped[0]') },
      },
    });
  });
});

test('a cancel stops the bodies and lets no more begin: what has ended is on record, and the map is skipped', async () => {
  const controller = new AbortController();
  const backends = createInMemoryBackends();
  const begun: number[] = [];
  const t = over([1, 2, 3, 4, 5], (list) =>
    map(
      {
        over: list,
        concurrency: 2,
        each: async ({ element }: { element: number }, { signal }) => {
          begun.push(element);
          if (element === 1) return element;
          if (element === 3) controller.abort();
          await new Promise((_, reject) => {
            if (signal.aborted) reject(new Error('stopped'));
            signal.addEventListener('abort', () => reject(new Error('stopped')));
          });
        },
      },
      { id: 'mapped' },
    ),
  );
  const { outcomes, status, lineage } = await runLocally(t, {}, { signal: controller.signal, backends });
  expect(status).toBe('cancelled');
  expect(outcomes['mapped']).toEqual({ kind: 'skipped', reason: 'cancelled' });
  expect(begun).toEqual([1, 2, 3]);
  expect(lineage.map(({ knot_id }) => knot_id)).toEqual(['list', 'mapped[0]', 'mapped']);
});
