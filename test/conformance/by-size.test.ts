import { utimes } from 'node:fs/promises';
import * as path from 'node:path';
import { BySizeDataStore } from '../../src/backends/by-size-data-store';
import { createLocalDiskDataStore } from '../../src/adapters/disk';
import { createSqliteDataStore } from '../../src/adapters/sqlite';
import { openBackends } from '../../src/backends';
import { describeDataStore } from '../../src/testing';
import { allPages } from '../../src/testing/pages';
import { sampleHash, sampleLineage, sampleValue } from '../../src/testing/sample-records';
import { folderForEach, removeFolder, temporaryFolder } from './temporary-folder';

const LIMIT = 12;

async function open(folder: string, limit = LIMIT): Promise<BySizeDataStore> {
  const small = await createSqliteDataStore({ path: path.join(folder, 'small.db') });
  const large = await createLocalDiskDataStore({ folder: path.join(folder, 'large') });
  return new BySizeDataStore({ small, large, limit });
}

/** Both sides of the limit have values of the suite. */
describeDataStore('by-size', {
  async create() {
    const folder = await temporaryFolder();
    return {
      adapter: await open(folder),
      another: () => open(folder),
      cleanUp: () => removeFolder(folder),
    };
  },
  skip: [
    {
      test: 'loses nothing when its connections break, and makes new ones by itself',
      reason: 'files have no connections',
    },
    {
      test: 'takes a put, and a keep, of what is there for its last put',
      reason: 'the two stores prove it of themselves',
    },
    { test: 'says ValueDamaged of bytes that were changed', reason: 'the two stores prove it of themselves' },
    {
      test: 'counts what is damaged as absent where it is kept, and a put makes it whole',
      reason: 'the two stores prove it of themselves',
    },
  ],
});

describe('values by size', () => {
  const folder = folderForEach();

  test('go where they belong, a stream too, and are found whatever the limit is now', async () => {
    const store = await open(folder());
    const [small, large] = [sampleValue('small'), sampleValue('larger than the limit')];
    await store.put([small, large]);
    const stream = await store.putStream(onePiece('streamed, and large'));
    const smallStream = await store.putStream(onePiece('stream'));
    const all = [small.hash, large.hash, stream.hash, smallStream.hash];
    expect(await store.small.hasMany(all)).toEqual(new Set([small.hash, smallStream.hash]));
    expect(await store.large.hasMany(all)).toEqual(new Set([large.hash, stream.hash]));
    await store.close();

    const other = await open(folder(), 0);
    expect((await other.getMany(all)).size).toBe(4);
    expect(await other.keep([...all, sampleHash('nothing')])).toEqual(new Set(all));
    // In both stores from now on, and listed once nevertheless.
    await other.put([small]);
    const listed = await allPages(1, (page) => other.list(page));
    expect(listed.map(({ hash }) => hash).sort()).toEqual(all.sort());
    await other.delete(small.hash);
    expect(await other.has(small.hash)).toBe(false);
    await other.close();
  });

  test('what is old in one of the two stores and young in the other is not said to be deleted', async () => {
    const store = await open(folder(), 0);
    const value = sampleValue('in both');
    await store.put([value]);
    await store.small.put([value]);
    const digest = value.hash.slice(-64);
    const file = path.join(folder(), 'large', digest.slice(0, 2), digest.slice(2, 4), `sha256-${digest}`);
    await utimes(file, 1, 1);
    expect(await store.deleteUnlessPutSince([value.hash], Date.now() - 7_200_000)).toEqual([]);
    expect(await store.get(value.hash)).toBeDefined();
    await store.close();
  });

  test('openBackends takes the large store from the environment, and small values share the transaction of their records', async () => {
    const environment = { SELVAGE_DATA_LARGE: 'file:large' };
    const backends = await openBackends({ projectDir: folder(), environment, largeValueBytes: LIMIT });
    const store = backends.dataStore as BySizeDataStore;
    const [small, large] = [sampleValue('small'), sampleValue('larger than the limit')];
    await backends.commit([{ record: sampleLineage(), values: [small, large] }]);
    expect(await store.small.hasMany([small.hash, large.hash])).toEqual(new Set([small.hash]));
    expect(await store.large.hasMany([small.hash, large.hash])).toEqual(new Set([large.hash]));
    // What refuses the record takes the small values with it.
    const lost = sampleValue('lost');
    const refused = { ...sampleLineage(), knot_id: null as unknown as string };
    await expect(backends.commit([{ record: refused, values: [lost] }])).rejects.toThrow();
    expect(await store.has(lost.hash)).toBe(false);
    await backends.close();
  });

  test('whoever names the data store in code gets no large one from the environment', async () => {
    const environment = { SELVAGE_DATA_LARGE: 'file:large' };
    const backends = await openBackends({ url: 'memory:', environment });
    expect(backends.dataStore.technology).toBe('memory');
    await backends.close();
  });
});

async function* onePiece(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
