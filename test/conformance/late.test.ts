import * as path from 'node:path';
import { LateDataStore } from '../../src/backends/late-data-store';
import { createSqliteDataStore } from '../../src/adapters/sqlite';
import { SelvageError } from '../../src/errors';
import type { DataStore } from '../../src/ports';
import { describeDataStore } from '../../src/testing';
import { sampleValue } from '../../src/testing/sample-records';
import { rejectionOf } from '../support/rejection-of';
import { folderForEach, removeFolder, temporaryFolder } from './temporary-folder';

const opens = (folder: string) => (): Promise<DataStore> =>
  createSqliteDataStore({ path: path.join(folder, 'values.db') });

describeDataStore('late', {
  async create() {
    const folder = await temporaryFolder();
    const late = async (): Promise<LateDataStore> =>
      new LateDataStore({ technology: 'sqlite', open: opens(folder) });
    return { adapter: await late(), another: late, cleanUp: () => removeFolder(folder) };
  },
  skip: [
    {
      test: 'loses nothing when its connections break, and makes new ones by itself',
      reason: 'files have no connections',
    },
    {
      test: 'takes a put, and a keep, of what is there for its last put',
      reason: 'the store itself proves it',
    },
    { test: 'says ValueDamaged of bytes that were changed', reason: 'the store itself proves it' },
    {
      test: 'counts what is damaged as absent where it is kept, and a put makes it whole',
      reason: 'the store itself proves it',
    },
  ],
});

describe('a data store that is opened late', () => {
  const folder = folderForEach();

  test('is opened once, by the first who need it; one that nobody needed is closed without', async () => {
    let opened = 0;
    const open = async (): Promise<DataStore> => {
      opened += 1;
      return await opens(folder())();
    };
    await new LateDataStore({ technology: 'sqlite', open }).close();
    const store = new LateDataStore({ technology: 'sqlite', open });
    await store.put([]);
    expect([opened, store.isOpen]).toEqual([0, false]);
    const values = ['a', 'b', 'c'].map(sampleValue);
    await Promise.all(values.map((value) => store.put([value])));
    expect((await store.hasMany(values.map(({ hash }) => hash))).size).toBe(3);
    expect([opened, store.isOpen]).toEqual([1, true]);
    await store.close();
  });

  test('tells each caller why it cannot be opened, is not tried again by each, and is opened when it can be', async () => {
    let tries = 0;
    let isThere = false;
    const open = async (): Promise<DataStore> => {
      tries += 1;
      if (!isThere) throw new SelvageError('BackendUnavailable', 'Nothing listens.');
      return await opens(folder())();
    };
    const patient = new LateDataStore({ technology: 'sqlite', open, openAgainAfterMs: 60_000 });
    for (const call of [() => patient.get('x'), () => patient.identity(), () => patient.list()])
      expect(await rejectionOf(call())).toMatchObject({ code: 'BackendUnavailable' });
    expect(tries).toBe(1);
    await patient.close();
    const store = new LateDataStore({ technology: 'sqlite', open, openAgainAfterMs: 0 });
    const value = sampleValue('later');
    expect(await rejectionOf(store.put([value]))).toBe(store.failure);
    isThere = true;
    // Who only compares it waits for no other opening, and finds it open the next time.
    expect(await rejectionOf(store.identity())).toMatchObject({ code: 'BackendUnavailable' });
    await store.put([value]);
    expect(await store.identity()).toMatch(/\S/);
    expect([tries, store.failure, await store.has(value.hash)]).toEqual([3, undefined, true]);
    await store.close();
  });

  test('that is closed while it is being opened is closed once', async () => {
    let closed = 0;
    const open = async (): Promise<DataStore> => {
      const opened = await opens(folder())();
      const close = opened.close.bind(opened);
      opened.close = async () => {
        closed += 1;
        await close();
      };
      return opened;
    };
    const store = new LateDataStore({ technology: 'sqlite', open });
    const opening = store.open();
    await store.close();
    await opening;
    expect(closed).toBe(1);
  });
});
