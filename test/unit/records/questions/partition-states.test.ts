import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { daily, knot, list, map, runLocally, source, table, tapestry, type Table } from '../../../../src';
import { type AnyTapestry, recordOf } from '../../../../src/authoring';
import { openBackends } from '../../../../src/backends';
import { createInMemoryBackends } from '../../../../src/backends/in-memory';
import { listPartitions, type PartitionsOptions } from '../../../../src/connection/list-partitions';
import type { Backends } from '../../../../src/ports';
import { sampleRun } from '../../../../src/testing/sample-records';

interface Shape {
  readonly regions?: readonly string[];
  readonly code?: 'first' | 'second';
  readonly limit?: number;
  readonly constant?: number;
  readonly version?: string;
  readonly timeout?: number;
  readonly isRewired?: boolean;
  readonly hasMore?: boolean;
}

const regions = ['eu', 'us', 'as', 'sa'] as const;

/** One tapestry as it is edited. */
function weather(shape: Shape = {}): AnyTapestry {
  const { code = 'first', limit = 10, constant = 1, version, timeout, isRewired, hasMore } = shape;
  const fetch =
    code === 'first'
      ? ({ of }: { of: { key: string } }) => `rain in ${of.key}`
      : ({ of }: { of: { key: string } }) => `sun in ${of.key}`;
  const report = knot(
    'report',
    { ...(version !== undefined && { version }) },
    ({ a, b, limit: most, constant: more }: { a: string; b: string; limit: number; constant: number }) =>
      `${a}, ${b}, ${most}, ${more}, and so on, as long as a text must be to be told`,
  );
  return tapestry(
    'weather',
    {
      partition: list(shape.regions ?? regions),
      parameters: { limit: { schema: z.number(), default: limit } },
    },
    (_t, { partition, limit: most }) => {
      const a = knot('fetch', fetch)({ of: partition }, { id: 'fetched', ...(timeout && { timeout }) });
      const b = knot('other', ({ of }: { of: { key: string } }) => `wind in ${of.key}`)(
        { of: partition },
        { id: 'other' },
      );
      const [x, y] = isRewired ? [b, a] : [a, b];
      if (hasMore) knot('more', ({ of }: { of: string }) => of)({ of: a }, { id: 'more' });
      const last = report({ a: x, b: y, limit: most, constant }, { id: 'report' });
      return { last };
    },
  );
}

const where: Record<string, () => Promise<{ backends: Backends; remove: () => void }>> = {
  memory: async () => ({ backends: createInMemoryBackends(), remove: () => undefined }),
  sqlite: async () => {
    const projectDir = mkdtempSync(join(tmpdir(), 'selvage-partitions-'));
    const backends = await openBackends({ projectDir });
    return { backends, remove: () => rmSync(projectDir, { recursive: true }) };
  },
};

describe.each(Object.keys(where))('partitions on record in %s', (technology) => {
  let backends: Backends;
  let remove: () => void;

  beforeEach(async () => {
    ({ backends, remove } = await where[technology]!());
  });
  afterEach(async () => {
    await backends.close();
    remove();
  });

  const run = (
    of: AnyTapestry,
    partition: string,
    more: object = {},
    options: object = {},
  ): Promise<unknown> => runLocally(of, { partition, ...more }, { backends, ...options });
  const states = async (of: AnyTapestry, options?: PartitionsOptions): Promise<Record<string, string>> => {
    const found = await listPartitions(backends, recordOf(of), options);
    return Object.fromEntries(found.map(({ key, state }) => [key, state]));
  };
  const reasons = async (of: AnyTapestry, key: string): Promise<readonly object[]> =>
    (await listPartitions(backends, recordOf(of), { from: key, to: key }))[0]!.reasons;
  const failing = { replace: { fetched: () => Promise.reject(new Error('no rain')) } };

  test('are missing, ok or failed by their newest run, running while one is under way', async () => {
    const now = weather();
    await run(now, 'eu');
    await run(now, 'us', {}, failing);
    await backends.runHistory.startRun(
      sampleRun({
        tapestry: 'weather',
        partition: 'as',
        status: 'running',
        temporal_run_id: 'r',
        run_id: 'weather/as',
      }),
    );
    expect(await states(now)).toEqual({ eu: 'ok', us: 'failed', as: 'running', sa: 'missing' });
    expect(await states(now, { state: ['failed', 'missing'] })).toEqual({ us: 'failed', sa: 'missing' });
    expect(await states(now, { from: 'us', to: 'as' })).toEqual({ us: 'failed', as: 'running' });
    await run(now, 'eu', {}, failing);
    const [eu] = await listPartitions(backends, recordOf(now), { to: 'eu' });
    expect(eu).toMatchObject({
      state: 'failed',
      runs: 2,
      latestRun: { status: 'failed' },
      latestOkRun: { status: 'succeeded' },
    });
  });

  test('are stale by the code that ran, whatever the plan says', async () => {
    await run(weather(), 'eu');
    await run(weather({ code: 'second' }), 'us');
    const now = weather({ code: 'second' });
    expect(await states(now)).toMatchObject({ eu: 'stale', us: 'ok' });
    const code = { kind: 'code', knotId: 'fetched' };
    expect(await reasons(now, 'eu')).toEqual([
      { ...code, before: expect.any(String) as string, now: expect.any(String) as string },
    ]);
    // A deploy between the start of a run and its end: other code than that of its plan.
    await run(now, 'as', {}, { replace: { fetched: () => 'snow' } });
    expect(await reasons(now, 'as')).toMatchObject([code]);
    await run(now, 'eu');
    expect(await states(now)).toMatchObject({ eu: 'ok' });
  });

  test.each<[string, Shape, object[]]>([
    ['a constant', { constant: 2 }, [{ kind: 'config', knotId: 'report', part: 'constants' }]],
    ['a version', { version: '2' }, [{ kind: 'config', knotId: 'report', part: 'version' }]],
    ['the wiring', { isRewired: true }, [{ kind: 'config', knotId: 'report', part: 'wiring' }]],
    ['a default', { limit: 20 }, [{ kind: 'input', input: 'limit' }]],
    ['how long a body may run', { timeout: 5_000 }, []],
    ['a knot that no terminal needs', { hasMore: true }, []],
    ['more partitions', { regions: [...regions, 'af'] }, []],
  ])('by what they are made of: %s', async (_what, shape, expected) => {
    await run(weather(), 'eu');
    expect(await reasons(weather(shape), 'eu')).toMatchObject(expected);
    expect(await states(weather(shape))).toMatchObject({ eu: expected.length > 0 ? 'stale' : 'ok' });
  });

  test('by what their run was given, and would be given now', async () => {
    const now = weather();
    await run(now, 'eu', { limit: 5 });
    expect(await reasons(now, 'eu')).toMatchObject([{ kind: 'input', input: 'limit' }]);
    expect(await states(now, { parameters: { limit: 5 } })).toMatchObject({ eu: 'ok' });
    await expect(states(now, { parameters: { limit: 'x' } })).rejects.toMatchObject({
      code: 'InvalidParameters',
    });
  });

  test('by what only a part of their knots has made', async () => {
    await run(weather(), 'eu', {}, { terminals: ['fetched'] });
    expect(await reasons(weather(), 'eu')).toMatchObject([
      { kind: 'config', knotId: 'other', part: 'new' },
      { kind: 'config', knotId: 'report', part: 'new' },
    ]);
  });

  test('by the code that runs for the elements of a map', async () => {
    const make = (each: (of: { x: number }) => number): AnyTapestry =>
      tapestry('mapped', { partition: list(['a']) }, () => ({
        all: map(
          { over: source({ read: () => [1, 2] }, { id: 'numbers' }), each: knot('each', each), bind: 'x' },
          { id: 'all' },
        ),
      }));
    await run(
      make(({ x }) => x + 1),
      'a',
    );
    expect(await states(make(({ x }) => x + 1))).toEqual({ a: 'ok' });
    expect(
      await reasons(
        make(({ x }) => x + 2),
        'a',
      ),
    ).toMatchObject([{ kind: 'code', knotId: 'all' }]);
  });

  test('by another time zone, but not by another first day', async () => {
    const make = (start: string, timezone: string): AnyTapestry =>
      tapestry(
        'days',
        { partition: daily(start, { timezone, last: '2024-01-03' }) },
        (_t, { partition }) => ({
          day: knot('day', ({ of }: { of: { start: Date } }) => of.start)({ of: partition }, { id: 'day' }),
        }),
      );
    await run(make('2024-01-02', 'UTC'), '2024-01-02');
    expect(await states(make('2024-01-01', 'UTC'))).toEqual({
      '2024-01-01': 'missing',
      '2024-01-02': 'ok',
      '2024-01-03': 'missing',
    });
    expect(await reasons(make('2024-01-01', 'Europe/Berlin'), '2024-01-02')).toMatchObject([
      { kind: 'input', input: 'partition' },
    ]);
  });

  test('by a partition of another tapestry that was made anew, and made something else', async () => {
    const below = tapestry(
      'below',
      { partition: list(regions), parameters: { text: z.string() } },
      (_t, { partition, text }) => ({
        size: knot(
          'size',
          ({ of, region }: { of: string; region: { key: string } }) => of.length + region.key.length,
        )({ of: text, region: partition }, { id: 'size' }),
      }),
    );
    const made = async (of: AnyTapestry): Promise<string> =>
      ((await runLocally(of, { partition: 'eu' }, { backends })).values as { last: string }).last;
    const text = await made(weather());
    await run(below, 'eu', { text });
    await run(below, 'us', { text: 'given by hand, and made by nobody else, however long' });
    expect(await states(below)).toMatchObject({ eu: 'ok', us: 'ok' });
    await made(weather());
    expect(await states(below)).toMatchObject({ eu: 'ok', us: 'ok' });
    await made(weather({ code: 'second' }));
    expect(await states(below)).toMatchObject({ eu: 'stale', us: 'ok' });
    expect(await reasons(below, 'eu')).toMatchObject([
      { kind: 'input', input: 'text', source: { tapestry: 'weather', partition: 'eu', knotId: 'report' } },
    ]);
  });

  test('not by a column of a table that they were not given', async () => {
    const Prices = table({ id: 'int64', price: 'float64', note: 'utf8' });
    const made = async (row: object) => {
      const load = knot('load', { output: Prices }, () => [{ id: 1n, price: 2, note: 'a', ...row }] as never);
      const above = tapestry('above', { partition: list(regions) }, () => {
        const all = load({}, { id: 'all' });
        return { all, some: all.select('id', 'price') };
      });
      return (await runLocally(above, { partition: 'eu' }, { backends })).values;
    };
    const rows = knot('rows', ({ of }: { of: Table }) => of.rowCount);
    const parameters = { prices: z.custom<Table>() };
    const given = { partition: list(regions), parameters };
    const whole = tapestry('given-prices', given, (_t, { prices }) => ({
      rows: rows({ of: prices }, { id: 'rows' }),
    }));
    const selecting = tapestry('selects-prices', given, (_t, { prices }) => ({
      rows: rows({ of: prices.select('id', 'price') }, { id: 'rows' }),
    }));
    const { all, some } = await made({});
    await run(whole, 'eu', { prices: some });
    await run(whole, 'us', { prices: all });
    await run(selecting, 'eu', { prices: all });
    const { all: other } = await made({ note: 'b' });
    expect(await states(whole)).toMatchObject({ eu: 'ok', us: 'stale' });
    expect(await states(selecting)).toMatchObject({ eu: 'ok' });
    expect(await states(selecting, { parameters: { prices: other } })).toMatchObject({ eu: 'ok' });
    const unknown = await Prices.from([{ id: 1n, price: 2, note: 'c' }]);
    expect(await states(selecting, { parameters: { prices: unknown } })).toMatchObject({ eu: 'ok' });
    await made({ note: 'b', price: 3 });
    expect(await states(whole)).toMatchObject({ eu: 'stale', us: 'stale' });
    expect(await states(selecting)).toMatchObject({ eu: 'stale' });
  });

  test('of which no plan is left cannot be told to be ok', async () => {
    await run(weather(), 'eu');
    const other: Backends = { ...backends, tapestryStore: createInMemoryBackends().tapestryStore };
    const [eu] = await listPartitions(other, recordOf(weather({ limit: 20 })), { to: 'eu' });
    expect(eu!.reasons).toMatchObject([
      { kind: 'config', part: 'plan-gone' },
      { kind: 'input', input: 'limit' },
    ]);
  });

  test('that are not over are there if somebody has made them', async () => {
    const now = await backends.runHistory.now();
    const today = new Date(now).toISOString().slice(0, 10);
    const days = tapestry('days', { partition: daily(today) }, (_t, { partition }) => ({
      day: knot('day', ({ of }: { of: { start: Date } }) => of.start)({ of: partition }, { id: 'day' }),
    }));
    expect(await states(days)).toEqual({});
    await run(days, today);
    expect(await listPartitions(backends, recordOf(days))).toMatchObject([
      { key: today, state: 'ok', open: true },
    ]);
  });

  test('cannot be asked for where there are none, or by what is none', async () => {
    const bare = tapestry('bare', (t) => ({ x: t.parameter('x', z.number()) }));
    await expect(states(bare)).rejects.toMatchObject({
      code: 'InvalidConfig',
      message: expect.stringContaining('no partitions') as string,
    });
    await expect(states(weather(), { state: 'fine' as never })).rejects.toMatchObject({
      code: 'InvalidConfig',
    });
    await expect(states(weather(), { from: 'nowhere' })).rejects.toMatchObject({ code: 'InvalidPartition' });
  });
});
