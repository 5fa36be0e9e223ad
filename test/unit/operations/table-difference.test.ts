import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { table, Table } from '../../../src';
import { createLocalDiskDataStore } from '../../../src/adapters/disk';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { describeDifference } from '../../../src/cli/show/tables';
import type { AskOf } from '../../../src/operations';
import { call } from '../../../src/operations/call';
import { projectData, type Rights } from '../../../src/operations/surroundings';
import { encodeTable } from '../../../src/runtime/encoded-table';
import type { TableParts } from '../../../src/tables/table';
import { defaultSha256, StoredBytes } from '../../../src/values';
import { STORED_TABLE } from '../../../src/values/stored-table';
import { nobody } from '../../support/page';

const OWNER: Rights = { mayAct: true, isReadOnly: false, maySeeSecrets: true };
const READER: Rights = { ...OWNER, maySeeSecrets: false };
const BLOCK = 65_536;

const Orders = table({ id: 'int64', name: 'utf8?', price: 'float64', password: 'utf8' }, { key: ['id'] });
const pen = { id: 1n, name: 'pen', price: 1, password: 'a' };
const cup = { id: 2n, name: 'cup', price: 2, password: 'b' };
const bag = { id: 3n, name: null, price: 3, password: 'c' };

function project(backends = createInMemoryBackends()) {
  const { dataStore } = backends;
  const keep = async (made: Table<object>): Promise<string> => {
    await made.store(async (source, { mediaType }) => {
      const { hash, size } = await dataStore.putStream(source);
      return new StoredBytes({ hash, size, mediaType });
    });
    const { hash, text } = encodeTable(made as Table, defaultSha256);
    await dataStore.put([{ hash, bytes: Buffer.from(text) }]);
    return hash;
  };
  return async (
    one: Table<object>,
    other: Table<object>,
    ask: Partial<AskOf<'tables.diff'>> = {},
    caller = OWNER,
  ) => {
    const [first, second] = [await keep(one), await keep(other)];
    const of = { ...projectData(backends, nobody), caller };
    const answer = await call(of, 'tables.diff', { first, second, ...ask });
    if (answer.form === 'none') throw new Error(answer.message);
    return answer;
  };
}

test('rows are matched by the key, and changed cells shown with both values', async () => {
  const diff = project();
  const now = [{ ...cup, id: 0n }, pen, { ...bag, name: 'bag', price: NaN }];
  const answer = await diff(await Orders.from([pen, cup, bag]), await Orders.from(now));
  expect(answer).toMatchObject({ key: ['id'], added: 1, removed: 1, changed: 1, isChecked: true });
  expect(answer).not.toHaveProperty('compared');
  expect(answer.columns).toEqual([
    { name: 'name', change: 'changed', first: 'utf8', second: 'utf8', rows: 1 },
    { name: 'price', change: 'changed', first: 'float64', second: 'float64', rows: 1 },
  ]);
  expect(answer.items).toEqual([
    {
      change: 'added',
      second: 0,
      values: ['0'],
      cells: [
        { column: 'name', second: 'cup' },
        { column: 'price', second: 2 },
        { column: 'password', second: 'b' },
      ],
    },
    expect.objectContaining({ change: 'removed', first: 1, values: ['2'] }),
    {
      change: 'changed',
      first: 2,
      second: 2,
      values: ['3'],
      cells: [
        { column: 'name', first: null, second: 'bag' },
        { column: 'price', first: 3, second: { $type: 'number', value: 'NaN' } },
      ],
    },
  ]);
  const lines = describeDifference(answer);
  expect(lines).toContain('3 rows and 3 rows, matched by id: 1 added, 1 removed, 1 changed.');
  expect(lines).toMatch(/changed +3 +name: null → bag, price: 3 → NaN/);
});

test('cells differ as their hash does: NaN is equal to itself, and -0 is not 0', async () => {
  const diff = project();
  const Numbers = table({ x: 'float64' });
  const { changed, items } = await diff(
    await Numbers.from({ x: [NaN, 0, 1] }),
    await Numbers.from({ x: [NaN, -0, 1] }),
  );
  expect({ changed, rows: items.map(({ first }) => first) }).toEqual({ changed: 1, rows: [1] });
});

test('columns that were added, removed or retyped are told, and do not change rows', async () => {
  const diff = project();
  const Before = table({ id: 'int64', old: 'utf8', price: 'float64' }, { key: ['id'] });
  const Now = table({ id: 'int64', price: 'decimal(18,2)', fresh: 'bool' }, { key: ['id'] });
  const answer = await diff(
    await Before.from([{ id: 1n, old: 'x', price: 1 }]),
    await Now.from([{ id: 1n, price: '1.00', fresh: true }]),
  );
  expect(answer.columns).toEqual([
    { name: 'old', change: 'removed', first: 'utf8' },
    { name: 'price', change: 'retyped', first: 'float64', second: 'decimal(18,2)' },
    { name: 'fresh', change: 'added', second: 'bool' },
  ]);
  expect(answer).toMatchObject({ added: 0, removed: 0, changed: 0, items: [] });
  const apart = await diff(await table({ a: 'bool' }).from({ a: [true] }), await Orders.from([pen]));
  expect(apart).toMatchObject({ compared: { first: 0, second: 0 }, added: 0, removed: 0 });
});

test('without a common key rows are matched by their number, and the answer says so', async () => {
  const diff = project();
  const Other = table({ id: 'int64', name: 'utf8?', price: 'float64', password: 'utf8' });
  const answer = await diff(await Orders.from([pen, cup]), await Other.from([pen, bag, cup]));
  expect(answer).toMatchObject({ key: [], changed: 1, added: 1, removed: 0 });
  expect(answer.items.map(({ change, second, values }) => [change, second, values])).toEqual([
    ['changed', 1, []],
    ['added', 2, []],
  ]);
  expect(describeDifference(answer)).toContain('matched by their number');
  // One block has the bytes of the other, with a row less.
  const Flags = table({ on: 'bool?' });
  const flags = await diff(await Flags.from({ on: [true] }), await Flags.from({ on: [true, null] }));
  expect(flags).toMatchObject({ added: 1, changed: 0 });
});

test('counts go on behind the rows that are shown, and say which rows they cover', async () => {
  const diff = project();
  const many = (from: number, price: number) =>
    Orders.from(Array.from({ length: 100 }, (_, at) => ({ ...pen, id: BigInt(at + from), price })));
  const [one, other] = [await many(0, 1), await many(10, 2)];
  const some = await diff(one, other, { rows: 2 });
  expect(some).toMatchObject({ removed: 10, changed: 90, added: 10 });
  expect(some.items).toHaveLength(2);
  const few = await diff(one, other, { scan: 15 });
  expect(few).toMatchObject({ removed: 10, changed: 5, added: 0, compared: { first: 15, second: 5 } });
  expect(describeDifference(few)).toContain('of the first 15 and 5 rows');
});

test('columns with secret names are hidden, and what is no table is refused', async () => {
  const diff = project();
  const [one, other] = [await Orders.from([pen]), await Orders.from([{ ...pen, password: 'z' }])];
  const { items } = await diff(one, other, {}, READER);
  expect(items[0]!.cells).toEqual([{ column: 'password', first: '[redacted]', second: '[redacted]' }]);
  await expect(diff(one, other, { second: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({
    code: 'InvalidQuery',
  });
});

test('a table whose rows are not in the order of its key is refused as damaged', async () => {
  const diff = project();
  const Keyed = table({ id: 'int64' }, { key: ['id'] });
  const loose = await table({ id: 'int64' }).from({ id: [3n, 1n] });
  const { hash, manifest } = loose[STORED_TABLE];
  const parts = { hash, bytes: await loose.parquet(), manifest: { ...(manifest as object), key: ['id'] } };
  const claims = new Table(parts as unknown as TableParts);
  await expect(diff(claims, await Keyed.from({ id: [1n, 2n, 4n] }))).rejects.toMatchObject({
    code: 'ValueDamaged',
    message: expect.stringContaining('not in the order of its key') as string,
  });
});

const cell = fc.record({ id: fc.integer({ min: 0, max: 12 }), a: fc.integer({ min: 0, max: 2 }) });
const rowsOf = fc.uniqueArray(cell, { selector: ({ id }) => id, maxLength: 12 });

test('the counts are those of a plain comparison by key', async () => {
  const diff = project();
  const Keyed = table({ id: 'int32', a: 'int32' }, { key: ['id'] });
  await fc.assert(
    fc.asyncProperty(rowsOf, rowsOf, async (before, now) => {
      const answer = await diff(await Keyed.from(before), await Keyed.from(now));
      const old = new Map(before.map(({ id, a }) => [id, a]));
      const fresh = new Map(now.map(({ id, a }) => [id, a]));
      const both = [...old.keys()].filter((id) => fresh.has(id));
      expect(answer).toMatchObject({
        added: fresh.size - both.length,
        removed: old.size - both.length,
        changed: both.filter((id) => old.get(id) !== fresh.get(id)).length,
      });
    }),
    { numRuns: 60 },
  );
});

test('of large tables only the blocks and columns that differ are read', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tables-'));
  try {
    const dataStore = await createLocalDiskDataStore({ folder });
    const diff = project({ ...createInMemoryBackends(), dataStore });
    const many = 8 * BLOCK;
    const Wide = table(
      { n: 'int32', a: 'float64', b: 'float64', c: 'float64', d: 'float64' },
      { key: ['n'] },
    );
    const numbers = (seed: number) => Float64Array.from({ length: many }, (_, at) => Math.sin(at * seed));
    const columns = { a: numbers(1), b: numbers(2), c: numbers(3), d: numbers(5) };
    const n = Int32Array.from({ length: many }, (_, at) => at);
    const one = await Wide.from({ n, ...columns });
    const changed = columns.b.slice();
    changed[3 * BLOCK + 7] = 42;
    const other = await Wide.from({
      ...columns,
      n: n.map((at) => (at === many - 1 ? at + 1 : at)),
      b: changed,
    });
    let read = 0;
    const getRange = dataStore.getRange.bind(dataStore);
    dataStore.getRange = async (hash, start, end) => {
      const part = await getRange(hash, start, end);
      read += part?.length ?? 0;
      return part;
    };
    const answer = await diff(one, other);
    expect(answer).toMatchObject({ added: 1, removed: 1, changed: 1, isChecked: false });
    expect(answer.items.map(({ first, second }) => [first, second])).toEqual([
      [3 * BLOCK + 7, 3 * BLOCK + 7],
      [many - 1, undefined],
      [undefined, many - 1],
    ]);
    expect(answer).not.toHaveProperty('compared');
    // Of eight blocks of five columns: two of one block, and five of another.
    expect(read).toBeLessThan(0.3 * many * 36 * 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
