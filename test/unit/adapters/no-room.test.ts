import { cpSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import Database from 'libsql';
import { createLocalDiskDataStore } from '../../../src/adapters/disk';
import { createSqliteDataStore } from '../../../src/adapters/sqlite';
import { createDuckDbRunHistory } from '../../../src/adapters/duckdb';
import { inspectBackends } from '../../../src/backends';
import { SelvageError } from '../../../src/errors';
import type { DataStore, LineageRecord, StoredValue } from '../../../src/ports';
import { sampleLineage, sampleValue } from '../../../src/testing/sample-records';
import { rejectionOf } from '../../support/rejection-of';
import { describeWithSmallDisk, SmallDisk } from '../../support/small-disk';
import { refusal } from '../../support/refusal';

/** More than what is left in pages and files that are there already. */
const large = (name: string): StoredValue => sampleValue(name.repeat(300_000));

const TECHNOLOGIES: Record<string, { place: string; open(folder: string): Promise<DataStore> }> = {
  SQLite: {
    place: 'sqlite:data/selvage.db',
    open: (folder) => createSqliteDataStore({ path: path.join(folder, 'data', 'selvage.db') }),
  },
  'local disk': {
    place: 'file:data',
    open: (folder) => createLocalDiskDataStore({ folder: path.join(folder, 'data') }),
  },
};

describeWithSmallDisk().each(Object.entries(TECHNOLOGIES))('%s', (_, { place, open }) => {
  let disk: SmallDisk;

  beforeEach(() => {
    disk = new SmallDisk(8);
  });

  afterEach(() => disk.remove());

  function expectClear(error: SelvageError, folder = disk.folder): void {
    expect(error.message).not.toContain('\n');
    expect(error.message).toContain(folder);
  }

  test('on a disk that is full says so when it is opened', async () => {
    disk.fill();
    const error = await rejectionOf(open(disk.folder));
    expect(error).toMatchObject(refusal('DiskFull', /no space left .*Free some/));
    expectClear(error);
    disk.free();
    await (await open(disk.folder)).close();
  });

  test('on a disk that fills up says so, keeps what it has, and goes on when there is room again', async () => {
    const store = await open(disk.folder);
    const before = sampleValue('before');
    await store.put([before]);
    disk.fill();
    const puts = [
      () => store.put([large('a')]),
      () => store.putStream(inPieces(large('b').bytes)),
      () => store.putStream(inPieces(Buffer.concat(Array<Uint8Array>(20).fill(large('c').bytes)))),
    ];
    for (const put of puts) {
      const error = await rejectionOf(put());
      expect(error).toMatchObject(refusal('DiskFull', /no space left .*Free some/));
      expectClear(error);
    }
    expect(await store.get(before.hash)).toBeDefined();
    expect(await store.hasMany([large('a').hash, large('b').hash])).toEqual(new Set());
    disk.free();
    await store.put([large('a')]);
    expect(await store.has(large('a').hash)).toBe(true);
    await store.close();
  });

  test.each(['with data', 'without'])(
    'on a disk that can only be read says so when it is opened, as doctor does: %s',
    async (what) => {
      if (what === 'with data') {
        const store = await open(disk.folder);
        await store.put([sampleValue('before')]);
        await store.close();
        // As another process finds them: SQLite takes a descriptor again that this one has had of the same file, and writes by it.
        renameSync(path.join(disk.folder, 'data'), path.join(disk.folder, 'first'));
        cpSync(path.join(disk.folder, 'first'), path.join(disk.folder, 'data'), { recursive: true });
      }
      const folder = disk.readOnly();
      const [error, reports] = await Promise.all([
        rejectionOf(open(folder)),
        inspectBackends({
          projectDir: folder,
          environment: { SELVAGE_STORE: 'memory:', SELVAGE_HISTORY: 'memory:', SELVAGE_DATA: place },
        }),
      ]);
      expect(error).toMatchObject(refusal('FolderUnusable', /(EROFS|unable to open).*name another place/));
      expectClear(error, folder);
      const found = reports.find(({ technology }) => technology !== 'memory');
      expect(SelvageError.is(found?.error, 'FolderUnusable')).toBe(true);
    },
  );
});

describeWithSmallDisk()('what doctor says of a full disk', () => {
  let disk: SmallDisk;

  beforeEach(() => {
    disk = new SmallDisk(8);
  });

  afterEach(() => disk.remove());

  test.each(['sqlite:data/selvage.db', 'duckdb:data/history.duckdb', 'file:data'])(
    '%s, made before or not',
    async (place) => {
      const inspected = async (): Promise<unknown> => {
        const [report] = await inspectBackends({
          projectDir: disk.folder,
          environment: {
            SELVAGE_STORE: 'memory:',
            SELVAGE_HISTORY: place.startsWith('duckdb') ? place : 'memory:',
            SELVAGE_DATA: place.startsWith('duckdb') ? 'memory:' : place,
          },
        }).then((reports) => reports.filter(({ technology }) => technology !== 'memory'));
        return report!.error ?? report!.state;
      };
      mkdirSync(path.join(disk.folder, 'data'));
      const full = refusal('DiskFull', new RegExp(`no space left .*${disk.folder}.*Free some`));
      disk.fill();
      expect(await inspected()).toMatchObject(full);
      disk.free();
      const open = {
        sqlite: () => createSqliteDataStore({ path: path.join(disk.folder, 'data', 'selvage.db') }),
        duckdb: () => createDuckDbRunHistory({ path: path.join(disk.folder, 'data', 'history.duckdb') }),
        file: () => createLocalDiskDataStore({ folder: path.join(disk.folder, 'data') }),
      }[place.split(':')[0] as 'sqlite' | 'duckdb' | 'file'];
      await (await open()).close();
      expect(await inspected()).toBe('current');
      disk.fill();
      expect(await inspected()).toMatchObject(full);
    },
  );
});

describeWithSmallDisk()('local disk that can only be read from some moment on', () => {
  test('is unavailable for writing until it can be written again', async () => {
    const disk = new SmallDisk(8);
    const store = await createLocalDiskDataStore({ folder: disk.folder });
    await store.put([sampleValue('before')]);
    disk.forbidWriting();
    expect(await rejectionOf(store.put([sampleValue('after')]))).toMatchObject(
      refusal('BackendUnavailable', 'may write to it'),
    );
    expect(await store.get(sampleValue('before').hash)).toBeDefined();
    disk.allowWriting();
    await store.put([sampleValue('after')]);
    expect(await store.has(sampleValue('after').hash)).toBe(true);
    disk.remove();
  });
});

test('a connection to SQLite that can only read makes writing unavailable until it can write again', async () => {
  const connection = new Database(':memory:');
  const store = await createSqliteDataStore({ database: connection });
  connection.exec('pragma query_only = on');
  expect(await rejectionOf(store.put([sampleValue('value')]))).toMatchObject(
    refusal('BackendUnavailable', /cannot be opened for writing .*Make the file and its folder writable/),
  );
  connection.exec('pragma query_only = off');
  await store.put([sampleValue('value')]);
  expect(await store.has(sampleValue('value').hash)).toBe(true);
  connection.close();
});

describeWithSmallDisk()('DuckDB', () => {
  let disk: SmallDisk;

  beforeEach(() => {
    disk = new SmallDisk(8);
  });

  afterEach(() => disk.remove());

  const records = (name: string): LineageRecord[] =>
    Array.from({ length: 500 }, (_, index) =>
      sampleLineage({ knot_id: `${name}${index}`, extra: { text: name.repeat(2_000) } }),
    );

  test('on a disk that fills up says so, keeps what it has, and goes on when there is room again', async () => {
    const file = path.join(disk.folder, 'history.duckdb');
    const history = await createDuckDbRunHistory({ path: file });
    await history.commit([sampleLineage()]);
    disk.fill();
    for (let round = 0; round < 3; round += 1) {
      const error = await rejectionOf(history.commit(records('full')));
      expect(error.code).toBe('DiskFull');
      expect(error.message).toBe(
        `There is no space left to write to the run history ${file}. Free some space; runs go on from where they are.`,
      );
    }
    disk.free();
    expect((await history.commit(records('full'))).every(({ inserted }) => inserted)).toBe(true);
    expect(await history.getRecords(sampleLineage().temporal_run_id)).toHaveLength(501);
    await history.close();
  });

  test('on a disk that is full, or can only be read, says so when it is opened', async () => {
    disk.fill();
    const full = await rejectionOf(
      createDuckDbRunHistory({ path: path.join(disk.folder, 'history.duckdb') }),
    );
    expect(full.code).toBe('DiskFull');
    disk.free();
    const file = path.join(disk.readOnly(), 'history.duckdb');
    expect(await rejectionOf(createDuckDbRunHistory({ path: file }))).toMatchObject(
      refusal('FolderUnusable', file),
    );
    await (await createDuckDbRunHistory({ path: path.join(disk.folder, 'history.duckdb') })).close();
    const withData = await rejectionOf(createDuckDbRunHistory({ path: file }));
    expect(withData.code).toBe('FolderUnusable');
  });
});

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
