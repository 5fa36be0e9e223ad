import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import Libsql from 'libsql';
import { createSqliteDataStore, createSqliteRunHistory } from '../../../../src/adapters/sqlite';
import { SelvageError } from '../../../../src/errors';
import { sampleLineage, sampleRun, sampleValue } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';
import { refusal } from '../../../support/refusal';

const folder = folderForEach();
const file = () => path.join(folder(), 'selvage.db');

test('a file that is no database is named, with the remedy', async () => {
  await writeFile(file(), 'this is a letter, not a database. '.repeat(500));
  await expect(createSqliteRunHistory({ path: file() })).rejects.toMatchObject({
    code: 'DatabaseDamaged',
    details: { file: file() },
    message: expect.stringMatching(/selvage\.db.*doctor --repair.*move the file away/s),
  });
});

test('a database with overwritten pages is told as damaged, not answered wrongly', async () => {
  const history = await createSqliteRunHistory({ path: file() });
  await history.commit(Array.from({ length: 500 }, (_, index) => sampleLineage({ knot_id: `k${index}` })));
  await history.close();
  const handle = await open(file(), 'r+');
  const { size } = await handle.stat();
  await handle.write(Buffer.alloc(size - 8_192, 0xff), 0, size - 8_192, 8_192);
  await handle.close();

  const findAll = async (): Promise<unknown> => {
    const damaged = await createSqliteRunHistory({ path: file() });
    try {
      return await damaged.getRecords('temporal-run-1');
    } finally {
      await damaged.close();
    }
  };
  await expect(findAll()).rejects.toMatchObject({ code: 'DatabaseDamaged', details: { file: file() } });
});

test('tables of others in the same file stay as they are', async () => {
  const db = new Libsql(file());
  db.exec('create table theirs (x); insert into theirs values (1)');
  const history = await createSqliteRunHistory({ path: file() });
  await history.startRun(sampleRun());
  expect(db.prepare('select x from theirs').all()).toEqual([{ x: 1 }]);
  await history.close();
  db.close();
});

test('a full disk is told as such, and work goes on when there is space again', async () => {
  const database = new Libsql(file());
  const store = await createSqliteDataStore({ database });
  const value = sampleValue('x'.repeat(500_000));
  const pages = (database.prepare('pragma page_count').all() as { page_count: number }[])[0]?.page_count ?? 0;
  database.exec(`pragma max_page_count = ${pages + 5}`);
  await expect(store.put([value])).rejects.toMatchObject({ code: 'DiskFull' });
  expect(await store.has(value.hash)).toBe(false);
  database.exec('pragma max_page_count = 1000000');
  await store.put([value]);
  expect(await store.has(value.hash)).toBe(true);
  database.close();
});

test('a folder in the place of the file is told as unusable', async () => {
  await mkdir(file());
  await expect(createSqliteRunHistory({ path: file() })).rejects.toMatchObject(
    refusal('FolderUnusable', file()),
  );
});

const isRoot = process.getuid?.() === 0;
const unlessRoot = isRoot ? test.skip : test;
const because = isRoot ? ' (SKIPPED: this user is root, whom no permission stops)' : '';

unlessRoot(`a read-only folder is told as unusable${because}`, async () => {
  await chmod(folder(), 0o500);
  await expect(createSqliteRunHistory({ path: file() })).rejects.toMatchObject(
    refusal('FolderUnusable', file()),
  );
});

test('a record that SQLite cannot keep is refused before it reaches the library', async () => {
  const history = await createSqliteRunHistory({ path: file() });
  for (const worker of [true, undefined, 'zero\u0000inside', Symbol('x'), () => 1]) {
    const record = sampleLineage({ worker: worker as string });
    await expect(history.commit([record])).rejects.toThrow(/^SQLite cannot (?:store|hold) /);
  }
  expect(await history.getRecords('temporal-run-1')).toEqual([]);
  await history.close();
});

describe('while another connection holds the write lock', () => {
  test('a commit waits with the event loop free, and then goes through', async () => {
    const history = await createSqliteRunHistory({ path: file() });
    const holder = new Libsql(file());
    holder.exec('begin immediate');
    const commit = history.commit([sampleLineage()]);
    // Reads, and timers, go on.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await history.getRecords('temporal-run-1')).toEqual([]);
    holder.exec('commit');
    expect(await commit).toMatchObject([{ inserted: true }]);
    holder.close();
    await history.close();
  });

  test('a commit gives up at last, and the connection still sees what others write', async () => {
    const history = await createSqliteRunHistory({ path: file() });
    const holder = new Libsql(file());
    holder.exec('begin immediate');
    let now = 0;
    // Each look at the clock finds that 3 s have passed.
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => (now += 3_000));
    const error = await history.commit([sampleLineage()]).catch((thrown: unknown) => thrown);
    clock.mockRestore();
    expect(SelvageError.is(error, 'BackendUnavailable') && error.message).toContain(file());
    holder.exec('commit');
    const other = await createSqliteRunHistory({ path: file() });
    await other.commit([sampleLineage({ worker: 'other' })]);
    expect(await history.commit([sampleLineage()])).toMatchObject([
      { inserted: false, record: { worker: 'other' } },
    ]);
    holder.close();
    await other.close();
    await history.close();
  });
});
