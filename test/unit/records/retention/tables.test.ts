import { knot, runLocally, table, tapestry, type Table } from '../../../../src';
import { openBackends } from '../../../../src/backends';
import { collectGarbage, findDamaged, missingValues } from '../../../../src/records/retention';
import type { Backends } from '../../../../src/ports';
import { manifestText } from '../../../../src/tables/stored-manifest';
import type { TableManifest } from '../../../../src/tables/manifest';
import { defaultSha256 } from '../../../../src/values';
import { blobsOfTables } from '../../../../src/runtime/table-rows';
import { removeFolder, temporaryFolder } from '../../../conformance/temporary-folder';

const HOUR_MS = 3_600_000;
const Orders = table({ id: 'int64', name: 'utf8' });
const load = knot('load-some', { output: Orders }, () => [{ id: 1n, name: 'a' }]);
const names = knot('their-names', ({ orders }: { orders: Table<{ id: bigint; name: string }> }) =>
  orders.select('name'),
);
const shop = tapestry('shop-of-tables', () => {
  const orders = load({}, { id: 'orders' });
  return { orders, names: names({ orders }, { id: 'names' }) };
});

let folder: string;
let backends: Backends;
beforeEach(async () => {
  folder = await temporaryFolder();
  backends = await openBackends({ url: 'sqlite:selvage.db', projectDir: folder, environment: {} });
});
afterEach(async () => {
  await backends.close();
  await removeFolder(folder);
});

/** When all that was put so far is old. */
async function gc(): Promise<number> {
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now + 6 * HOUR_MS);
  try {
    return (await collectGarbage(backends, { grace: 2 * HOUR_MS })).unreferenced.count;
  } finally {
    clock.mockRestore();
  }
}

async function madeTables(): Promise<{ tables: string[]; blob: string; runId: string }> {
  const { values, lineage } = await runLocally(shop, {}, { backends });
  const tables = [values.orders!.hash, values.names!.hash];
  const blobs = new Set((await blobsOfTables(backends.dataStore, tables)).values());
  expect(blobs.size).toBe(1);
  return { tables, blob: [...blobs][0]!, runId: lineage[0]!.temporal_run_id };
}

test('gc keeps the rows of a table as long as a manifest names them, and removes them with the last', async () => {
  const { tables, blob, runId } = await madeTables();
  expect(await gc()).toBe(0);
  await backends.dataStore.delete(tables[0]!);
  expect(await gc()).toBe(0);
  expect(await backends.dataStore.has(blob)).toBe(true);
  await backends.runHistory.deleteRun(runId);
  expect(await gc()).toBe(2);
  expect((await backends.dataStore.list()).items).toEqual([]);
});

test('gc keeps all rows while a manifest cannot be read', async () => {
  const { tables, blob } = await madeTables();
  await backends.dataStore.delete(tables[1]!);
  await backends.dataStore.put([{ hash: tables[1]!, bytes: Buffer.from('damaged') }]);
  await backends.dataStore.delete(tables[0]!);
  expect(await gc()).toBe(0);
  expect(await backends.dataStore.has(blob)).toBe(true);
});

test('a table whose rows are gone is whole again after it was made again', async () => {
  const { tables } = await madeTables();
  const { dataStore } = backends;
  // A manifest of another writer, whose Parquet file somebody removed.
  const hash = tables[0]!;
  const { check: _, ...mine } = JSON.parse(
    Buffer.from((await dataStore.get(hash))!).toString(),
  ) as TableManifest & {
    check: string;
  };
  const text = manifestText({ ...mine, blob: `bytes-sha256:${'0'.repeat(64)}` }, defaultSha256);
  await dataStore.delete(hash);
  await dataStore.put([{ hash, bytes: Buffer.from(text) }]);
  const { values } = await runLocally(shop, {}, { backends });
  expect(await values.orders!.rows().toArray()).toEqual([{ id: 1n, name: 'a' }]);
  const blobs = await blobsOfTables(dataStore, [hash]);
  expect(await dataStore.has(blobs.get(hash)!)).toBe(true);
});

describe('tables without their rows, or that are gone, are named', () => {
  const nested = tapestry('nested-tables', () => ({
    list: knot('list-of-tables', async () => [{ of: await Orders.from([{ id: 2n, name: 'b' }]) }])(
      {},
      { id: 'list' },
    ),
  }));

  test('with a run that made them', async () => {
    const { tables, blob } = await madeTables();
    const { lineage } = await runLocally(shop, {}, { backends, runId: 'again' });
    expect(await missingValues(backends)).toEqual({ count: 0, values: [] });
    await backends.dataStore.delete(blob);
    const { count, values } = await missingValues(backends);
    expect(count).toBe(2);
    expect(values.map(({ hash }) => hash).sort()).toEqual([...tables].sort());
    expect(values.map(({ runId }) => runId)).toContain(lineage[0]!.run_id);
  });

  test.each(['rows', 'table'] as const)('inside of a value: the %s', async (what) => {
    const { values } = await runLocally(nested, {}, { backends, runId: 'nested' });
    const { hash } = values.list![0]!.of;
    const blob = (await blobsOfTables(backends.dataStore, [hash])).get(hash)!;
    expect((await missingValues(backends)).count).toBe(0);
    await backends.dataStore.delete(what === 'rows' ? blob : hash);
    expect(await missingValues(backends)).toEqual({ count: 1, values: [{ hash, runId: 'nested' }] });
  });

  test('by doctor', async () => {
    const { tables, blob } = await madeTables();
    expect(await findDamaged(backends.dataStore)).toMatchObject({ damaged: [], withoutRows: [] });
    await backends.dataStore.delete(blob);
    const { damaged, withoutRows } = await findDamaged(backends.dataStore);
    expect(damaged).toEqual([]);
    expect([...withoutRows].sort()).toEqual([...tables].sort());
  });
});
