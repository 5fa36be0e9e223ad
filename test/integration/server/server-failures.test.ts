import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import Database from 'libsql';

import { EmbeddedServer } from '../../../src/server';
import { isAlive } from '../../../src/server/process-identity';
import { readState, serverFolder } from '../../../src/server/server-folder';
import { listening } from '../../support/listening';
import { describeWithSmallDisk, SmallDisk } from '../../support/small-disk';
import { until } from '../../support/until';
import { Holder } from './holder';
import { makeProject, removeProjects, serverProcesses } from './projects';
import { refusal } from '../../support/refusal';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

afterAll(removeProjects);

async function supervisorEnds(projectDir: string): Promise<void> {
  const { supervisor } = readState(serverFolder(projectDir))!;
  await until('the supervisor ends', () => !isAlive(supervisor));
}

test('a busy port is named', async () => {
  const projectDir = makeProject();
  const busy = await listening();
  const { port } = busy;
  try {
    await expect(EmbeddedServer.acquire({ projectDir, port })).rejects.toMatchObject({
      code: 'PortInUse',
      message: expect.stringContaining(`Port ${port}`),
      details: { port },
    });
    await supervisorEnds(projectDir);
    expect(serverProcesses(projectDir)).toEqual([]);
  } finally {
    await busy.close();
  }
  const server = await EmbeddedServer.acquire({ projectDir, port });
  expect(server.address).toBe(`127.0.0.1:${port}`);
  await server.release({ wait: true });
});

test('a database that is none is named and left alone, and no claim is left behind', async () => {
  const projectDir = makeProject();
  const { database, leases } = serverFolder(projectDir);
  mkdirSync(leases, { recursive: true });
  writeFileSync(database, 'SQLite it is not');
  await expect(EmbeddedServer.acquire({ projectDir })).rejects.toMatchObject(
    refusal('DatabaseDamaged', database),
  );
  expect(readFileSync(database, 'utf8')).toBe('SQLite it is not');
  expect(readdirSync(leases)).toEqual([]);
});

test('a database that lacks Temporal’s tables is named and left alone', async () => {
  const projectDir = makeProject();
  const { database, root } = serverFolder(projectDir);
  mkdirSync(root, { recursive: true });
  const foreign = new Database(database);
  foreign.exec("CREATE TABLE foreigner (name TEXT); INSERT INTO foreigner VALUES ('kept')");
  foreign.close();

  await expect(EmbeddedServer.acquire({ projectDir })).rejects.toMatchObject({
    code: 'DatabaseDamaged',
    message: expect.stringContaining(database),
    details: { file: database },
  });
  await supervisorEnds(projectDir);
  const after = new Database(database);
  expect(after.prepare('SELECT name FROM foreigner').all()).toMatchObject([{ name: 'kept' }]);
  after.close();
});

test('a database whose pages are overwritten is named and left alone', async () => {
  const projectDir = makeProject();
  const { database } = serverFolder(projectDir);
  const server = await EmbeddedServer.acquire({ projectDir });
  await server.release({ wait: true });
  // Everything into the one file, so that the blow lands in it.
  const connection = new Database(database);
  connection.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
  connection.close();
  const bytes = readFileSync(database);
  writeFileSync(database, bytes.fill(0xa5, 100));

  await expect(EmbeddedServer.acquire({ projectDir })).rejects.toMatchObject(
    refusal('DatabaseDamaged', database),
  );
  await supervisorEnds(projectDir);
  expect(
    readFileSync(database)
      .subarray(4096)
      .every((byte) => byte === 0xa5),
  ).toBe(true);
});

test('a project folder that cannot be written is named', async () => {
  const projectDir = makeProject();
  chmodSync(projectDir, 0o555);
  const holder = new Holder(projectDir, isRoot ? { uid: NOBODY } : {});
  const failure = await holder.next('failed');
  chmodSync(projectDir, 0o755);
  expect(failure).toMatchObject(refusal('FolderUnusable', path.join(projectDir, '.selvage')));
  await holder.ended();
});

test('a server folder that became read-only is named', async () => {
  const projectDir = makeProject();
  const { root, leases, home } = serverFolder(projectDir);
  for (const folder of [leases, home]) mkdirSync(folder, { recursive: true });
  for (const folder of [leases, home, root]) chmodSync(folder, 0o555);
  const holder = new Holder(projectDir, isRoot ? { uid: NOBODY } : {});
  const failure = await holder.next('failed');
  for (const folder of [root, leases, home]) chmodSync(folder, 0o755);
  expect(failure).toMatchObject(refusal('FolderUnusable', leases));
  await holder.ended();
});

test('a file in the place of the folder is named', async () => {
  const projectDir = makeProject();
  const file = path.join(projectDir, '.selvage');
  writeFileSync(file, 'in the way');
  await expect(EmbeddedServer.acquire({ projectDir })).rejects.toMatchObject(refusal('FolderUnusable', file));
  expect(readFileSync(file, 'utf8')).toBe('in the way');
});

test('a program that is no Temporal server is named, with what it printed', async () => {
  const projectDir = makeProject();
  const program = path.join(projectDir, 'temporal');
  writeFileSync(program, '#!/bin/sh\necho "unknown flag: --sqlite-pragma" >&2\nexit 3\n', { mode: 0o755 });
  const holder = new Holder(projectDir, { env: { SELVAGE_TEMPORAL_CLI: program } });
  const failure = await holder.next('failed');
  expect(failure).toMatchObject(refusal('ServerStartFailed', program));
  expect(failure.message).toContain('it exited with code 3');
  expect(failure.message).toContain('unknown flag: --sqlite-pragma');
  await holder.ended();
});

describeWithSmallDisk()('on a disk of one megabyte', () => {
  test('a full one is told from other failures', async () => {
    const disk = new SmallDisk(1);
    const ballast = path.join(disk.folder, 'ballast');
    try {
      writeFileSync(ballast, Buffer.alloc(400 * 1024));
      await expect(EmbeddedServer.acquire({ projectDir: disk.folder })).rejects.toMatchObject(
        refusal('DiskFull', serverFolder(disk.folder).root),
      );
      await supervisorEnds(disk.folder);
      expect(existsSync(ballast)).toBe(true);
      expect(serverProcesses(disk.folder)).toEqual([]);
    } finally {
      disk.remove();
    }
  });
});
