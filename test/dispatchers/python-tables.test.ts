import { z } from 'zod';
import {
  dask,
  knot,
  python,
  pythonKnot,
  runLocally,
  table,
  tapestry,
  type Table,
  type Knot,
} from '../../src';
import { openSelvage, closeAll } from '../support/open-selvage';
import { clusterPython, describeWithClusters, PYTHON_BODIES } from '../support/python-environment';

const Orders = table({ id: 'int64', name: 'utf8?', price: 'decimal(18,2)' }, { key: ['id'] });
const Wide = table({
  id: 'int64',
  few: 'int64?',
  small: 'uint8',
  name: 'utf8?',
  price: 'decimal(18,2)',
  yes: 'bool?',
  day: 'date32',
  at: 'timestamp[us]',
  tags: 'list<utf8>',
  place: 'struct<"x y":int8,"days":list<date32>>',
});
/** More than a row group; no double can say the ids. */
const ROWS = 70_000;
const wideRows = Array.from({ length: ROWS }, (_, i) => ({
  id: 2n ** 60n + BigInt(i),
  few: i % 3 === 0 ? null : 2n ** 60n + BigInt(i),
  small: i % 256,
  name: i % 5 === 0 ? null : `ç ${i % 1000}`,
  price: `${i}.25`,
  yes: i % 7 === 0 ? null : i % 2 === 0,
  day: '2026-01-31',
  at: `2026-01-31T12:00:00.${String(i).padStart(6, '0')}`,
  tags: i % 2 === 0 ? [] : ['a', `b${i}`],
  place: { 'x y': i % 100, days: ['2020-02-29'] },
}));
const orders = [
  { id: 3n, name: 'c', price: '3.00' },
  { id: 1n, name: null, price: '1.10' },
  { id: 2n, name: 'b', price: '2.20' },
];

const loadWide = knot('load-wide', { output: Wide }, () => wideRows);
const load = knot('load', { output: Orders }, () => orders);

describeWithClusters()('tables in Python', () => {
  const where = (): { interpreter: string; path: string[] } => ({
    interpreter: clusterPython(),
    path: [PYTHON_BODIES],
  });
  const options = (): { host: ReturnType<typeof python> } => ({ host: python({ ...where(), processes: 1 }) });
  const body = (name: string, more: object = {}) =>
    pythonKnot<object, unknown>(`table_bodies:${name}`, { ...options(), ...more });

  afterAll(closeAll);

  test('keep their hash through pyarrow, pandas, polars, DuckDB and readers', async () => {
    const names = ['by_pyarrow', 'by_pandas', 'by_polars', 'by_lazy', 'by_duckdb', 'by_reader'];
    const all = tapestry('all', () => {
      const given = loadWide({}, { id: 'given' });
      return Object.fromEntries<Knot<unknown>>([
        ['given', given],
        ...names.map((name) => [name, body(name)({ orders: given }, { id: name })] as const),
      ]);
    });
    const { status, values } = await runLocally(all, {});
    expect(status).toBe('succeeded');
    const { hash } = await Wide.from(wideRows);
    const hashes = Object.entries(values).map(([name, value]) => [name, (value as Table).hash]);
    expect(Object.fromEntries(hashes)).toEqual(
      Object.fromEntries(['given', ...names].map((name) => [name, hash])),
    );
    const fileOf = async (name: string): Promise<string> =>
      (await (values[name] as Table).written()).manifest.blob;
    expect(await fileOf('by_pyarrow')).toBe(await fileOf('given'));
    expect(await fileOf('by_polars')).toBe(await fileOf('given'));
    // Python wrote these rows, since a reader gives them once.
    expect(await fileOf('by_reader')).not.toBe(await fileOf('given'));
    const [last] = await (values['by_reader'] as Table).rows({ from: ROWS - 1 }).toArray();
    expect(last).toEqual(wideRows.at(-1));
  });

  test('lie in dataclasses, lists and results of async bodies', async () => {
    const inside = tapestry('inside', () => {
      const given = load({}, { id: 'given' });
      const report = body('nested')({ orders: given }, { id: 'report' });
      return {
        report,
        count: body('counted')({ report }, { id: 'count' }),
        later: body('by_async')({ orders: given }, { id: 'later' }),
      };
    });
    const { values } = await runLocally(inside, {});
    const made = await Orders.from(orders);
    const report = values.report as { orders: Table; parts: Table[] };
    expect(values.count).toEqual([3, 2, 3]);
    expect([report.orders.hash, (values.later as { orders: Table }).orders.hash]).toEqual([
      made.hash,
      made.hash,
    ]);
    expect(report.parts[1]!.hash).toBe(made.select('id').hash);
  });

  test('tell by their hash that pandas makes NaN a null', async () => {
    const changes = tapestry('changes', () => {
      const given = load({}, { id: 'given' });
      return {
        pandas: body('lossy')({ orders: given }, { id: 'pandas' }),
        pyarrow: body('lossless')({ orders: given }, { id: 'pyarrow' }),
      };
    });
    const { values } = await runLocally(changes, {});
    expect((values.pandas as Table).schema).toEqual((values.pyarrow as Table).schema);
    expect((values.pandas as Table).hash).not.toBe((values.pyarrow as Table).hash);
  });

  test.each([
    ['renamed', 'InvalidOutput', ['knot "made"', '"cost"']],
    ['without', 'InvalidOutput', ['knot "made"', '"price" (decimal(18,2)) of row 0 is null']],
    ['twice', 'InvalidOutput', ['knot "made"', 'The key id = 1 comes twice']],
  ])('which do not fit the declared output are refused: %s', async (name, code, words) => {
    const refused = tapestry('refused', () => ({
      made: body(name, { output: Orders })({ orders: load({}, { id: 'given' }) }, { id: 'made' }),
    }));
    const { outcomes } = await runLocally(refused, {});
    const made = outcomes['made'] as { kind: string; error: { type: string; message: string } };
    expect({ kind: made.kind, type: made.error.type }).toEqual({ kind: 'err', type: code });
    for (const word of words) expect(made.error.message).toContain(word);
  });

  test('are sorted by the key of the declared output', async () => {
    const sorted = tapestry('sorted', () => ({
      made: body('unsorted', { output: Orders })({ orders: load({}, { id: 'given' }) }, { id: 'made' }),
    }));
    const made = (await runLocally(sorted, {})).values.made as Table;
    expect([made.hash, made.key]).toEqual([(await Orders.from(orders)).hash, ['id']]);
  });

  test('with a column that has no hash are refused by path, column and remedy', async () => {
    const refused = tapestry('refused', () => ({
      made: body('bad')({ orders: load({}, { id: 'given' }) }, { id: 'made' }),
    }));
    const { outcomes } = await runLocally(refused, {});
    const { error } = outcomes['made'] as { error: { type: string; message: string } };
    expect(error.type).toBe('NotEncodable');
    expect(error.message).toContain('$.report');
    expect(error.message).toContain('"waits"');
    expect(error.message).toContain('Cast it to int64');
  });

  test('are what the reuse of a body depends on', async () => {
    const reused = tapestry('reused', { parameters: { reverse: z.boolean() } }, (_, { reverse }) => {
      const given = knot('given', { output: Orders }, (inputs: { reverse: boolean }) =>
        inputs.reverse ? [...orders].reverse() : orders,
      )({ reverse }, { id: 'given' });
      return { made: body('by_polars', { version: '1', cache: true })({ orders: given }, { id: 'made' }) };
    });
    const selvage = await openSelvage({ tapestries: [reused] });
    const seen: unknown[] = [];
    for (const reverse of [false, true]) {
      const run = await selvage.start(reused, { reverse });
      expect((await run.result()).status).toBe('succeeded');
      const record = (await run.lineage()).find(({ knot_id: id }) => id === 'made');
      seen.push([record?.cached_from_run !== null, record?.output_hash]);
    }
    const { hash } = await Orders.from(orders);
    expect(seen).toEqual([
      [false, hash],
      [true, hash],
    ]);
  });

  test('travel with the call to a cluster, and back with its answer', async () => {
    const host = dask({ ...where(), local: { workers: 1 } });
    const onCluster = tapestry('on-cluster', () => {
      const given = loadWide({}, { id: 'given' });
      return {
        made: pythonKnot<object, Table>('table_bodies:by_polars', { host })(
          { orders: given },
          { id: 'made' },
        ),
      };
    });
    const { status, values } = await runLocally(onCluster, {});
    expect(status).toBe('succeeded');
    expect(values.made!.hash).toBe((await Wide.from(wideRows)).hash);
    expect((await values.made!.rows({ from: 0, to: 1 }).toArray())[0]).toEqual(wideRows[0]);
  });
});
