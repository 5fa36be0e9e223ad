import { cpSync, renameSync } from 'node:fs';
import path from 'node:path';
import { createLocalDiskDataStore } from '../../../src/adapters/data-stores/local-disk';
import { createSqliteDataStore } from '../../../src/adapters/data-stores/sqlite';
import { inspectBackends } from '../../../src/backends';
import { SelvageError } from '../../../src/errors';
import type { DataStore, StoredValue } from '../../../src/protocols';
import { sampleValue } from '../../../src/testing/sample-records';
import { rejectionOf } from '../../support/rejection-of';
import { describeWithSmallDisk, SmallDisk } from '../../support/small-disk';

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
    expect(error.message).toContain(path.join(folder, 'data'));
  }

  test('on a disk that is full says so when it is opened', async () => {
    disk.fill();
    const error = await rejectionOf(open(disk.folder));
    expect(error.code).toBe('DiskFull');
    expect(error.message).toMatch(/no space left .*Free some/);
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
      expect(error.code).toBe('DiskFull');
      expect(error.message).toMatch(/no space left .*Free some/);
      expectClear(error);
    }
    expect(await store.get(before.hash)).toBeDefined();
    expect(await store.hasMany([large('a').hash, large('b').hash])).toEqual(new Set());
    disk.free();
    await store.put([large('a')]);
    expect(await store.has(large('a').hash)).toBe(true);
    await store.close();
  });

  test.each(['with data', 'without'])('on a disk that can only be read says so when it is opened, as doctor does: %s', async (what) => {
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
    expect(error.code).toBe('FolderUnusable');
    expect(error.message).toMatch(/name another place/);
    expectClear(error, folder);
    const found = reports.find(({ technology }) => technology !== 'memory');
    expect(SelvageError.is(found?.error, 'FolderUnusable')).toBe(true);
  });
});

describeWithSmallDisk()('local disk that can only be read from some moment on', () => {
  test('is unavailable for writing until it can be written again', async () => {
    const disk = new SmallDisk(8);
    const store = await createLocalDiskDataStore({ folder: disk.folder });
    await store.put([sampleValue('before')]);
    disk.forbidWriting();
    const error = await rejectionOf(store.put([sampleValue('after')]));
    expect(error.code).toBe('BackendUnavailable');
    expect(error.message).toContain('may write to it');
    expect(await store.get(sampleValue('before').hash)).toBeDefined();
    disk.allowWriting();
    await store.put([sampleValue('after')]);
    expect(await store.has(sampleValue('after').hash)).toBe(true);
    disk.remove();
  });
});

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
