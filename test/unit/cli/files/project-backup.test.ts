import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import fs from 'node:fs/promises';
import * as path from 'node:path';
import { createSqliteDataStore, createSqliteRunHistory } from '../../../../src/adapters/sqlite';
import { loadLibsql } from '../../../../src/adapters/sqlite/open';
import { knot, runLocally, table, tapestry } from '../../../../src';
import { describeStepBack, openBackends, RESTORED } from '../../../../src/backends';
import { backUpProject, restoreProject } from '../../../../src/cli/files/project-backup';
import { call } from '../../../../src/operations/call';
import { projectData } from '../../../../src/operations/surroundings';
import { sampleLineage, sampleRun, sampleValue } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';
import { nobody } from '../../../support/page';
import { rejectionOf } from '../../../support/rejection-of';
import { describeWithSmallDisk, SmallDisk } from '../../../support/small-disk';

const folder = folderForEach();
const project = (): string => path.join(folder(), 'project');
const database = (): string => path.join(project(), '.selvage', 'selvage.db');
const backup = (): string => path.join(folder(), 'backup');
const options = (environment: Record<string, string> = {}) => ({
  projectDir: project(),
  folder: backup(),
  environment,
});
const READER = { mayAct: false, isReadOnly: false, maySeeSecrets: true };
const RUN = sampleRun();
const value = sampleValue('x'.repeat(3_000_000));

async function commit(...knots: string[]): Promise<void> {
  const history = await createSqliteRunHistory({ path: database() });
  await history.startRun(RUN);
  await history.commit(knots.map((knot_id) => sampleLineage({ knot_id })));
  await history.close();
}

async function knotsOnRecord(file = database()): Promise<string[]> {
  const history = await createSqliteRunHistory({ path: file });
  const { items } = await history.findLineage({ runId: RUN.run_id });
  await history.close();
  return items.map(({ knot_id }) => knot_id).sort();
}

test('what is committed is in the backup while others have it open, and in the project after a restore; what was there is kept', async () => {
  const history = await createSqliteRunHistory({ path: database() });
  const data = await createSqliteDataStore({ path: database() });
  await history.startRun(RUN);
  await history.commit([sampleLineage({ knot_id: 'before' })]);
  await data.put([value]);
  const made = await backUpProject(options());
  expect(made.files).toMatchObject([{ name: 'selvage.db', holds: ['history', 'store', 'data'] }]);
  expect(readdirSync(backup()).sort()).toEqual(['backup.json', 'selvage.db']);
  expect(statSync(path.join(backup(), 'selvage.db')).mode & 0o777).toBe(0o600);
  await history.commit([sampleLineage({ knot_id: 'after' })]);
  await history.close();
  await data.close();

  const { files } = await restoreProject(options());
  expect(await knotsOnRecord()).toEqual(['before']);
  const restored = await createSqliteDataStore({ path: database() });
  expect(Buffer.from((await restored.get(value.hash))!).equals(value.bytes)).toBe(true);
  await restored.close();
  expect(files).toMatchObject([{ file: database(), movedTo: expect.stringContaining('before-restore') }]);
  // SQLite in this process still knows the file by its old name.
  const copy = path.join(folder(), 'copy.db');
  const { movedTo } = files[0]!;
  copyFileSync(movedTo!, copy);
  // Gone where the last one to close has moved all of it into the file.
  if (existsSync(`${movedTo}-wal`)) copyFileSync(`${movedTo}-wal`, `${copy}-wal`);
  expect(await knotsOnRecord(copy)).toEqual(['after', 'before']);
});

test('a table is in the backup with its rows, and a restore puts both back', async () => {
  const Orders = table({ id: 'int64', name: 'utf8' });
  const load = knot('load', { output: Orders }, () => [{ id: 1n, name: 'ada' }]);
  const shop = tapestry('shop', () => ({ orders: load({}, { id: 'orders' }) }));
  const place = { url: `sqlite:${database()}`, environment: {} };
  const backends = await openBackends(place);
  const { lineage } = await runLocally(shop, {}, { backends });
  await backends.close();
  await backUpProject(options());
  rmSync(project(), { recursive: true });
  await restoreProject(options());
  const restored = await openBackends(place);
  const data = { ...projectData(restored, nobody), caller: READER };
  const shown = await call(data, 'tables.show', { hash: lineage[0]!.output_hash! });
  await restored.close();
  expect(shown).toMatchObject({ table: { cells: [['1', 'ada']] } });
});

test('a log that others begin anew while it is copied is copied again', async () => {
  const history = await createSqliteRunHistory({ path: database() });
  await history.startRun(RUN);
  const knots = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const knot_id of knots) await history.commit([sampleLineage({ knot_id })]);
  // From here on, the next who commits begins the log anew.
  const connection = new (loadLibsql())(database(), { timeout: 1_000 });
  connection.exec('pragma wal_checkpoint(passive)');
  connection.close();
  const copyFile = jest.spyOn(fs, 'copyFile').mockImplementationOnce(async (from, to) => {
    const before = readFileSync(from);
    await history.commitWith([sampleLineage({ knot_id: 'meanwhile' })], [value]);
    const copied = Math.floor(before.length * 0.8);
    writeFileSync(to, Buffer.concat([before.subarray(0, copied), readFileSync(from).subarray(copied)]));
  });
  try {
    await backUpProject(options());
  } finally {
    copyFile.mockRestore();
    await history.close();
  }
  expect(await knotsOnRecord(path.join(backup(), 'selvage.db'))).toEqual(expect.arrayContaining(knots));
});

test('a restore is noted in the history: it goes back in time because somebody wants it to', async () => {
  await commit('a');
  const { begunAt } = await backUpProject(options());
  rmSync(project(), { recursive: true });
  const { files } = await restoreProject(options());
  expect(files).toEqual([{ file: database(), contains: ['history', 'store', 'data'] }]);
  const history = await createSqliteRunHistory({ path: database() });
  const steps = await history.stepsBack();
  await history.close();
  expect(steps).toMatchObject([{ lost_after: begunAt, noticed_by: RESTORED }]);
  expect(describeStepBack(steps[0]!)).toMatch(/^`selvage restore` put a backup of .* as it was asked to/);
});

describe('a backup is refused', () => {
  test('where a folder is there already', async () => {
    await commit('a');
    await backUpProject(options());
    await expect(backUpProject(options())).rejects.toMatchObject({ code: 'BackupRefused' });
  });

  test('where there is nothing', async () => {
    await expect(backUpProject(options())).rejects.toMatchObject({ code: 'BackupRefused' });
    expect(existsSync(backup())).toBe(false);
  });

  test.each([
    ['SELVAGE_DATA', 'valkey://user:secret@db', 'persistence of the server'],
    ['SELVAGE_DATA', 'file:values', 'copy the folder'],
  ])('where %s is %s, and says what to use', async (variable, url, instead) => {
    await commit('a');
    const error = await rejectionOf(backUpProject(options({ [variable]: url })));
    expect(error).toMatchObject({ code: 'BackupRefused', message: expect.stringContaining(instead) });
    expect(error.message).not.toContain('secret');
  });
});

test('a database in PostgreSQL without its programs, and one that cannot be reached, are told without the password', async () => {
  const url = 'postgres://user:secret@127.0.0.1:1/shop?schema=team_a&migrate=false';
  const environment = { SELVAGE_STORE: url, SELVAGE_HISTORY: url, SELVAGE_DATA: url };
  const { PATH } = process.env;
  process.env['PATH'] = folder();
  const missing = await rejectionOf(backUpProject(options(environment)));
  process.env['PATH'] = PATH;
  expect(missing).toMatchObject({
    code: 'MissingPackage',
    message: expect.stringContaining('postgresql-client'),
  });
  const away = await rejectionOf(backUpProject(options(environment)));
  expect(away).toMatchObject({
    code: 'BackupRefused',
    message: expect.stringMatching(/pg_dump .*127\.0\.0\.1/),
  });
  expect(away.message).not.toContain('secret');
  expect(existsSync(backup())).toBe(false);
});

describe('a restore changes nothing', () => {
  beforeEach(async () => {
    await commit('a');
    await backUpProject(options());
    await commit('b');
  });
  const refuses = async (code: string, environment?: Record<string, string>): Promise<void> => {
    await expect(restoreProject(options(environment))).rejects.toMatchObject({ code });
    expect(await knotsOnRecord()).toEqual(['a', 'b']);
    expect(readdirSync(path.dirname(database()))).not.toContainEqual(expect.stringMatching(/restor/));
  };

  test('from a file that is cut', async () => {
    const file = path.join(backup(), 'selvage.db');
    writeFileSync(file, readFileSync(file).subarray(0, 5_000));
    await refuses('BackupDamaged');
  });

  test('from a file of which a byte is another', async () => {
    const file = path.join(backup(), 'selvage.db');
    const bytes = readFileSync(file);
    bytes[10_000]! ^= 1;
    writeFileSync(file, bytes);
    await refuses('BackupDamaged');
  });

  test('from a folder that is no backup', async () => {
    rmSync(path.join(backup(), 'backup.json'));
    await refuses('BackupDamaged');
  });

  test('from a backup that does not say what it is', async () => {
    appendFileSync(path.join(backup(), 'backup.json'), '}');
    await refuses('BackupDamaged');
  });

  test('where the project has history and values in two files', async () => {
    await refuses('BackupRefused', { SELVAGE_DATA: 'sqlite:values.db' });
  });
});

describeWithSmallDisk()('on a full disk', () => {
  test('a backup says so and leaves nothing', async () => {
    await commit('a');
    const data = await createSqliteDataStore({ path: database() });
    await data.put([value]);
    await data.close();
    const disk = new SmallDisk(1);
    try {
      const place = path.join(disk.folder, 'backup');
      await expect(backUpProject({ ...options(), folder: place })).rejects.toMatchObject({
        code: 'DiskFull',
      });
      expect(readdirSync(disk.folder)).toEqual([]);
    } finally {
      disk.remove();
    }
  });
});
