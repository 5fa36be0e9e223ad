import * as fc from 'fast-check';
import { z } from 'zod';
import {
  aggregate,
  check,
  knot,
  Knot as KnotClass,
  map,
  reduce,
  runLocally,
  source,
  subTapestry,
  tapestry,
  type Knot,
  type Tapestry,
} from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { refusal } from '../../support/refusal';
import { Latch } from '../../support/latch';
import { SwitchableBackends } from '../../support/switchable-backends';
import { runs } from '../../support/thorough';
import { until } from '../../support/until';

let ran = 0;
const HOUR = 3_600_000;

const now = jest.spyOn(Date, 'now');
beforeEach(() => {
  ran = 0;
  now.mockImplementation(() => 1_000_000);
});
afterAll(() => now.mockRestore());

const aged = knot('aged', { version: '1', cache: { maxAge: HOUR } }, ({ x }: { x: number }) => {
  ran += 1;
  return x * 2;
});
const one = tapestry('one', () => ({ end: aged({ x: 2 }, { id: 'k' }) }));

test('a value is taken until it is too old, counted from when it was made', async () => {
  const backends = createInMemoryBackends();
  const bodiesAt = async (at: number): Promise<number> => {
    now.mockImplementation(() => 1_000_000 + at);
    const before = ran;
    expect((await runLocally(one, {}, { backends })).values).toEqual({ end: 4 });
    return ran - before;
  };
  expect(await bodiesAt(0)).toBe(1);
  expect(await bodiesAt(HOUR - 1_000)).toBe(0);
  // Taken over a second before: that has not made it younger.
  expect(await bodiesAt(HOUR + 1_000)).toBe(1);
  const { lineage } = await runLocally(one, {}, { backends });
  const { made_by, made_at } = lineage[0]!.extra as { made_by: string; made_at: number };
  expect(made_by).toBe('k');
  expect(Math.abs(made_at - (1_000_000 + HOUR + 1_000))).toBeLessThan(1_000);
});

test('a value looks no older to a machine whose clock is a day ahead of the run history', async () => {
  const backends = createInMemoryBackends();
  await runLocally(one, {}, { backends });
  jest.spyOn(backends.runHistory, 'now').mockImplementation(async () => 1_000_000);
  now.mockImplementation(() => 1_000_000 + 24 * HOUR);
  const { lineage } = await runLocally(one, {}, { backends });
  expect(ran).toBe(1);
  expect(lineage[0]!.finished_at - 1_000_000).toBeLessThan(60_000);
});

test('a record says why a value was passed over', async () => {
  const backends = createInMemoryBackends();
  const first = await runLocally(one, {}, { backends });
  await backends.dataStore.delete(first.lineage[0]!.output_hash!);
  const second = await runLocally(one, {}, { backends });
  expect(second.lineage[0]!.extra).toMatchObject({ passed_over: 'value_gone' });
  now.mockImplementation(() => 1_000_000 + 2 * HOUR);
  const third = await runLocally(one, {}, { backends });
  expect(third.lineage[0]!.extra).toMatchObject({ passed_over: 'too_old' });
});

test('a body that stands in for another takes no value and leaves none', async () => {
  const backends = createInMemoryBackends();
  const fake = { replace: { aged: () => -1 }, backends };
  expect((await runLocally(one, {}, fake)).values).toEqual({ end: -1 });
  expect((await runLocally(one, {}, { backends })).values).toEqual({ end: 4 });
  expect((await runLocally(one, {}, fake)).values).toEqual({ end: -1 });
});

test('another version, other inputs, and a stream instead of its bytes are another key', async () => {
  const backends = createInMemoryBackends();
  const bytes = new Uint8Array([1, 2, 3]);
  const describe = (version: string) =>
    knot('describe', { version, cache: true }, ({ of }: { of: object }) =>
      of instanceof Uint8Array ? 'bytes' : 'stream',
    );
  const source = knot('source', async ({ stored }: { stored: boolean }, context) =>
    stored ? await context.store(bytes) : bytes,
  );
  const keys: (string | null)[] = [];
  for (const [version, stored] of [
    ['1', false],
    ['1', true],
    ['2', true],
  ] as const) {
    const any = tapestry('any', () => ({
      end: describe(version)({ of: source({ stored }, { id: 'source' }) }, { id: 'k' }),
    }));
    const run = await runLocally(any, {}, { backends });
    expect(run.values).toEqual({ end: stored ? 'stream' : 'bytes' });
    keys.push(run.lineage.find((record) => record.knot_id === 'k')!.cache_key);
  }
  expect(new Set(keys).size).toBe(3);
});

test('an element is the same as a knot of that input, and a stream among the elements is another thing than its bytes', async () => {
  const backends = createInMemoryBackends();
  const bytes = new Uint8Array([1, 2, 3]);
  const kinds = knot('kind', { version: '1', cache: true }, ({ of }: { of: object }) =>
    of instanceof Uint8Array ? 'bytes' : 'stream',
  );
  const sources = knot('sources', async ({ stored }: { stored: boolean }, context) => [
    stored ? await context.store(bytes) : bytes,
  ]);
  const keys: (string | null)[] = [];
  for (const stored of [false, true]) {
    const elements = tapestry('elements', () => ({
      end: map({ over: sources({ stored }, { id: 'all' }), each: kinds, bind: 'of' }, { id: 'm' }),
    }));
    const { values, lineage } = await runLocally(elements, {}, { backends });
    expect(values).toEqual({ end: [stored ? 'stream' : 'bytes'] });
    keys.push(lineage.find(({ knot_id }) => knot_id === 'm[0]')!.cache_key);
  }
  const source = knot('source', async (_: object, context) => await context.store(bytes));
  const single = tapestry('single', () => ({ end: kinds({ of: source({}, { id: 'one' }) }, { id: 'k' }) }));
  const { lineage } = await runLocally(single, {}, { backends });
  const record = lineage.find(({ knot_id }) => knot_id === 'k')!;
  expect(record.extra).toMatchObject({ made_by: 'm[0]' });
  expect(keys).toEqual([expect.not.stringContaining(record.cache_key!), record.cache_key]);
});

test('a body that stands in for that of elements takes no value and leaves none', async () => {
  const backends = createInMemoryBackends();
  const list = knot('list', () => [1, 2]);
  const elements = tapestry('elements', () => ({
    end: map({ over: list({}, { id: 'all' }), each: aged, bind: 'x' }, { id: 'm' }),
  }));
  const fake = { replace: { aged: () => -1 }, backends };
  expect((await runLocally(elements, {}, fake)).values).toEqual({ end: [-1, -1] });
  expect((await runLocally(elements, {}, { backends })).values).toEqual({ end: [2, 4] });
  expect((await runLocally(elements, {}, fake)).values).toEqual({ end: [-1, -1] });
  expect((await runLocally(elements, {}, { backends })).values).toEqual({ end: [2, 4] });
  expect(ran).toBe(2);
});

test.each<{ what: string; shape: Tapestry }>([
  { what: 'a knot', shape: tapestry('one', () => ({ end: aged({ x: 2 }, { id: 'k' }) })) },
  {
    what: 'an element',
    shape: tapestry('list', () => ({
      end: map({ over: knot('list', () => [1])({}, { id: 'all' }), each: aged, bind: 'x' }, { id: 'k' }),
    })),
  },
])('no body begins after a cancel that came while $what was looked up', async ({ shape }) => {
  const switchable = new SwitchableBackends(createInMemoryBackends());
  const lookUp = new Latch();
  switchable.inflict({ only: ['runHistory.findCached'], until: lookUp.passed });
  const cancel = new AbortController();
  const run = runLocally(shape, {}, { backends: switchable.backends, signal: cancel.signal });
  now.mockImplementation(() => performance.timeOrigin + performance.now());
  await until('it is looked up', () => switchable.hit.length > 0);
  cancel.abort();
  lookUp.open();
  const { status, outcomes } = await run;
  expect(status).toBe('cancelled');
  expect(outcomes['k']).toEqual({ kind: 'skipped', reason: 'cancelled' });
  expect(ran).toBe(0);
});

describe('functions of one source that capture different values', () => {
  const bySource = { codeHash: 'source' } as const;
  const list = knot('list', { version: '1', cache: true }, () => [1, 2]);
  const scaled = ({ x, by }: { x: number; by: number }) => x * by;

  /** All ways to write a function that captures `by`, in one tapestry twice. */
  const closures = (by: number) =>
    tapestry('closures', { knots: { cache: bySource } }, () => {
      const of = list({}, { id: 'list', cache: true });
      const each = (name: string, k: number) => ({
        [`${name}-source`]: source({ read: () => k }, { id: `${name}-source` }),
        [`${name}-aggregate`]: aggregate(
          { inputs: { of }, combine: (inputs) => inputs.of[1]! * k },
          { id: `${name}-aggregate` },
        ),
        [`${name}-reduce`]: reduce({ of, combine: (all) => all[1]! * k }, { id: `${name}-reduce` }),
        [`${name}-fold`]: reduce(
          { of, fold: (sum, element) => sum + element * k, initial: 0 },
          { id: `${name}-fold` },
        ),
        [`${name}-map`]: map({ over: of, each: ({ element }) => element * k }, { id: `${name}-map` }),
        [`${name}-nested`]: subTapestry(
          {
            tapestry: tapestry(`${name}-nested`, { knots: { cache: bySource } }, () => ({
              value: source({ read: () => k }, { id: 'value' }),
            })),
            inputs: {},
          },
          { id: `${name}-nested` },
        ),
        // As an input it is no secret.
        [`${name}-constant`]: knot('scaled', scaled)({ x: 2, by: k }, { id: `${name}-constant` }),
      });
      return { ...each('one', by), ...each('two', by + 1) };
    });
  const valuesOf = (name: string, k: number): Record<string, unknown> => ({
    [`${name}-source`]: k,
    [`${name}-aggregate`]: 2 * k,
    [`${name}-reduce`]: 2 * k,
    [`${name}-fold`]: 3 * k,
    [`${name}-map`]: [k, 2 * k],
    [`${name}-nested`]: { value: k },
    [`${name}-constant`]: 2 * k,
  });

  test('are never taken for one another, in one run or in two, and each takes its own', async () => {
    const backends = createInMemoryBackends();
    const shapes = [10, 20, 30].map((by) => ({ by, shape: closures(by) }));
    for (let round = 0; round < 2; round++) {
      for (const { by, shape } of shapes) {
        const { values, lineage } = await runLocally(shape, {}, { backends });
        expect(values).toEqual({ ...valuesOf('one', by), ...valuesOf('two', by + 1) });
        const made = lineage.filter((record) => record.cache_key !== null && record.cached_from_run === null);
        if (round === 1) expect(made.map(({ knot_id }) => knot_id)).toEqual([]);
      }
    }
  });

  test.each<{ what: string; make: (k: number) => Tapestry<object, { end: number }> }>([
    {
      what: 'functions of definitions',
      make: (k) =>
        tapestry('made', () => ({ end: knot('made', { cache: bySource }, () => k)({}, { id: 'end' }) })),
    },
    {
      what: 'classes',
      make: (k) => {
        class Made extends KnotClass<object, number> {
          static readonly knotName = 'made-class';
          static readonly options = { cache: bySource };
          process(): number {
            return k;
          }
        }
        return tapestry('made', () => ({ end: Made.place({}, { id: 'end' }) }));
      },
    },
    {
      what: 'schemas of one function',
      make: (k) => {
        const output = z.number().transform((value) => value + k);
        return tapestry('made', () => ({
          end: knot('made-schema', { cache: bySource, output }, zero)({}, { id: 'end' }),
        }));
      },
    },
  ])('$what are told apart, too', async ({ make }) => {
    const backends = createInMemoryBackends();
    for (const k of [1, 2]) expect((await runLocally(make(k), {}, { backends })).values).toEqual({ end: k });
  });

  test('one function is one body, in as many definitions and tapestries as it is', async () => {
    const backends = createInMemoryBackends();
    const make = () =>
      tapestry('made', () => ({ end: knot('of-one', { cache: bySource }, zero)({}, { id: 'end' }) }));
    await runLocally(make(), {}, { backends });
    const { lineage } = await runLocally(make(), {}, { backends });
    expect(lineage).toMatchObject([{ knot_id: 'end', cached_from_run: expect.any(String) }]);
  });

  test('a version is the word of the author: functions of one version are one body', async () => {
    const backends = createInMemoryBackends();
    const make = (k: number) =>
      tapestry('made', () => ({
        end: knot('versioned', { version: '1', cache: true }, () => k)({}, { id: 'end' }),
      }));
    await runLocally(make(1), {}, { backends });
    expect((await runLocally(make(2), {}, { backends })).values).toEqual({ end: 1 });
  });

  test('two of one name and version in one run are refused, also where one is nested', async () => {
    const named = (k: number) => knot('named', () => k);
    const inner = tapestry('inner', () => ({ end: named(1)({}, { id: 'end' }) }));
    const outer = tapestry('outer', () => {
      named(2)({}, { id: 'own' });
      subTapestry({ tapestry: inner, inputs: {} }, { id: 'nested' });
    });
    expect(check(outer)).toMatchObject([{ code: 'DuplicateDefinition' }]);
    await expect(runLocally(outer, {})).rejects.toMatchObject(
      refusal('DuplicateDefinition', /"inner".*"named".*"outer".*captured different values/),
    );
  });
});

/** One function for several definitions. */
const zero = () => 0;

test('random tapestries that run twice come to the same, and the second time no cached body runs', async () => {
  const bodies = new Map<string, number>();
  const note = (id: string): void => void bodies.set(id, (bodies.get(id) ?? 0) + 1);
  const sum = (inputs: Record<string, number>): number => Object.values(inputs).reduce((a, b) => a + b, 1);
  const plain = knot('plain', (inputs: Record<string, number>, { knotId }) => {
    note(knotId);
    return sum(inputs);
  });
  const cached = knot(
    'cached',
    { version: '1', cache: true },
    (inputs: Record<string, number>, { knotId }) => {
      note(knotId);
      return sum(inputs);
    },
  );
  const graph = fc.array(
    fc.record({ isCached: fc.boolean(), parents: fc.array(fc.nat(20), { maxLength: 3 }), salt: fc.nat(3) }),
    { minLength: 1, maxLength: 20 },
  );
  await fc.assert(
    fc.asyncProperty(graph, async (knots) => {
      const any = tapestry('any', () => {
        const placed: Knot<number>[] = [];
        knots.forEach(({ isCached, parents, salt }, index) => {
          const inputs: Record<string, Knot<number> | number> = { salt };
          for (const parent of parents) if (parent < index) inputs[`p${parent}`] = placed[parent]!;
          const definition = isCached ? cached : plain;
          placed.push(definition(inputs as Record<string, number>, { id: `k${index}` }));
        });
      });
      const backends = createInMemoryBackends();
      const first = await runLocally(any, {}, { backends });
      bodies.clear();
      const second = await runLocally(any, {}, { backends });
      expect(second.outputs).toEqual(first.outputs);
      const wanted = knots.flatMap(({ isCached }, index) => (isCached ? [] : [`k${index}`]));
      expect([...bodies.keys()].sort()).toEqual(wanted.sort());
      const hashes = ({ lineage }: typeof first): [string, string | null][] =>
        lineage.map((record): [string, string | null] => [record.knot_id, record.output_hash]).sort();
      expect(hashes(second)).toEqual(hashes(first));
    }),
    { numRuns: runs(30, 100) },
  );
});
