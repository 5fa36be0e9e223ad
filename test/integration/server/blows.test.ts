import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, Connection } from '@temporalio/client';
import { knot, tapestry } from '../../../src';
import { openBackends } from '../../../src/backends';
import { Selvage } from '../../../src/client';
import { EmbeddedServer } from '../../../src/server';
import { identify, isAlive, type ProcessIdentity } from '../../../src/server/process-identity';
import { readState, serverFolder } from '../../../src/server/server-folder';
import { sampleValue } from '../../../src/testing/sample-records';
import { overwritePages, pagesOf, withoutLog } from '../../support/database-blows';
import { closeAll, connectSelvage, onClose, startWorker, unique } from '../../support/open-selvage';
import { quietRuntime } from '../../support/quiet-runtime';
import { describeWithSmallDisk, SmallDisk } from '../../support/small-disk';
import { until } from '../../support/until';
import { bundledInterpreter } from '../../support/workflow-bundle';
import { makeProject, removeProjects, serverProcesses } from './projects';
import { refusal } from '../../support/refusal';

afterEach(closeAll);
afterAll(removeProjects);

let go: string;
const pass = knot('pass', ({ x }: { x: number }) => 'y'.repeat(x));
const wait = knot('wait', async ({ x }: { x: string }, { signal }) => {
  while (!existsSync(go)) await sleep(20, undefined, { signal });
  return x.length;
});
const waiting = tapestry('waiting', () => {
  const before = pass({ x: 50_000 }, { id: 'before' });
  const between = wait({ x: before }, { id: 'between' });
  return { after: pass({ x: between }, { id: 'after' }) };
});

test('a server that runs over a damaged database is stopped with a clear word, and nobody starts it again and again', async () => {
  const projectDir = makeProject();
  const folder = serverFolder(projectDir);
  await (await EmbeddedServer.acquire({ projectDir })).release({ wait: true });
  withoutLog(folder.database);
  overwritePages(
    folder.database,
    ['timer_tasks', 'transfer_tasks'].flatMap((table) => pagesOf(folder.database, table).leaf),
  );

  // It serves, until a run needs what is on these pages.
  const warnings: string[] = [];
  const log = { info: () => {}, warn: (message: string): number => warnings.push(message) };
  const server = await EmbeddedServer.acquire({ projectDir, log });
  onClose(() => server.release({ wait: true }));
  const connection = await Connection.connect({ address: server.address });
  onClose(() => connection.close());
  const start = connection
    .withDeadline(Date.now() + 5_000, () =>
      new Client({ connection }).workflow.start('any', { taskQueue: 'any', workflowId: 'any' }),
    )
    .catch((error: Error) => error);
  await until('the claim is given up', () => warnings.length > 0);
  expect(warnings).toEqual([
    expect.stringMatching(/is not started again.*temporal\.db is damaged.*doctor --repair/),
  ]);
  expect(await start).toBeInstanceOf(Error);
  expect(readState(folder)!.failure).toMatchObject(refusal('DatabaseDamaged', 'selvage doctor --repair'));
  expect(readdirSync(folder.leases)).toEqual([]);
  await until('the supervisor ends', () => !isAlive(readState(folder)!.supervisor));
  expect(serverProcesses(projectDir)).toEqual([]);

  // From then on it is looked at before a start.
  await expect(EmbeddedServer.acquire({ projectDir })).rejects.toMatchObject({ code: 'DatabaseDamaged' });
  expect(readdirSync(folder.leases)).toEqual([]);
});

test('who waits for a run is told that the database of its server is damaged', async () => {
  quietRuntime();
  const projectDir = makeProject();
  const { database } = serverFolder(projectDir);
  go = path.join(projectDir, 'go');
  const selvage = await Selvage.open({
    projectDir,
    tapestries: [waiting],
    workerOptions: { workflowBundle: bundledInterpreter() },
  });
  onClose(() => selvage.close());
  const run = await selvage.start(waiting, {});
  await until('the body waits', async () => (await run.outcomes().catch(() => undefined))?.['before']);
  const told = Promise.all(
    [run.result(), selvage.workerEnded].map(async (wait) => {
      await expect(wait).rejects.toMatchObject(refusal('DatabaseDamaged', 'selvage doctor --repair'));
    }),
  );
  const pages = ['timer_tasks', 'transfer_tasks'].flatMap((table) => pagesOf(database, table).leaf);
  const { supervisor, server } = readState(serverFolder(projectDir))!;
  // In one go, before this process looks after its server again.
  for (const process of [supervisor, server!]) kill(process);
  withoutLog(database);
  overwritePages(database, pages);
  await told;
});

function kill(victim: ProcessIdentity): void {
  process.kill(victim.pid, 'SIGKILL');
  while (isAlive(victim));
}

test.each([
  ['is being stopped|has stopped', false],
  ['still runs, on the data that were there', true],
])(
  'users of a server whose folder is moved away are told so, and get it back with the folder: it %s',
  async (state, isUnwatched) => {
    const projectDir = makeProject();
    const folder = serverFolder(projectDir);
    const warnings: string[] = [];
    const log = { info: () => {}, warn: (message: string): number => warnings.push(message) };
    const server = await EmbeddedServer.acquire({ projectDir, log });
    const { pid } = server;
    const selvage = path.join(projectDir, '.selvage');
    const moved = path.join(projectDir, 'moved');
    // In one go, before this process looks after its server again.
    const { supervisor } = readState(folder)!;
    if (isUnwatched) kill(supervisor);
    renameSync(selvage, moved);
    // Another command begins with a folder, a server and a port of its own.
    const other = await EmbeddedServer.acquire({ projectDir });
    expect(other.address).not.toBe(server.address);
    await until('it is told', () => warnings.length > 0);
    await until('its supervisor has ended', () => !isAlive(supervisor));
    expect(`127.0.0.1:${readState(folder)!.port}`).toBe(other.address);
    expect(readState(folder)!.phase).toBe('ready');
    await other.release({ wait: true });
    rmSync(selvage, { recursive: true });
    const said = `moved or deleted while it was in use.*\\(process ${pid}, port \\d+\\) (${state})\\. Put the folder back`;
    expect(warnings).toEqual([expect.stringMatching(said)]);

    renameSync(moved, selvage);
    await until('it is looked after again', () => {
      const now = readState(folder);
      return now?.phase === 'ready' && isAlive(now.supervisor) && isAlive(now.server!);
    });
    expect(readState(folder)!.port).toBe(Number(server.address.split(':')[1]));
    expect(serverProcesses(projectDir)).toHaveLength(1);
    await server.release({ wait: true });
  },
);

test('a server that dies again and again is given up, with what to look at', async () => {
  const projectDir = makeProject();
  const warnings: string[] = [];
  const log = { info: () => {}, warn: (message: string): number => warnings.push(message) };
  const server = await EmbeddedServer.acquire({ projectDir, log });
  onClose(() => server.release({ wait: true }));
  const { supervisor } = readState(serverFolder(projectDir))!;
  const killed = new Set<number>();
  await until(
    'the supervisor gives up',
    () => {
      const pid = readState(serverFolder(projectDir))?.server?.pid;
      if (pid !== undefined && !killed.has(pid) && identify(pid)) {
        killed.add(pid);
        process.kill(pid, 'SIGKILL');
      }
      return !isAlive(supervisor);
    },
    60_000,
  );
  expect(killed.size).toBe(6);
  await until('it is told', () =>
    warnings.some((warning) => /died 6 times.*server\.log.*doctor --repair/.test(warning)),
  );
});

test('two projects at once have each their own server, database and runs', async () => {
  const projects = [makeProject(), makeProject()];
  const servers = await Promise.all(projects.map((projectDir) => EmbeddedServer.acquire({ projectDir })));
  for (const server of servers) onClose(() => server.release({ wait: true }));
  expect(new Set(servers.map(({ address }) => address)).size).toBe(2);
  go = path.join(projects[0]!, 'go');
  writeFileSync(go, '');
  const found = await Promise.all(
    servers.map(async ({ address }, index) => {
      const backends = await openBackends({ projectDir: projects[index]!, environment: {} });
      onClose(() => backends.close());
      const selvage = await connectSelvage({ address, backends, taskQueue: 'same' });
      await startWorker(selvage, { tapestries: [waiting] });
      await (await selvage.start(waiting, {}, { runId: 'same' })).values();
      return (await selvage.runs.list()).items;
    }),
  );
  expect(found.map((runs) => runs.map(({ run_id }) => run_id))).toEqual([['same'], ['same']]);
  expect(found[0]![0]!.temporal_run_id).not.toBe(found[1]![0]!.temporal_run_id);
});

describeWithSmallDisk()('on a disk of 24 megabytes', () => {
  test('a run waits while the disk is full, through a restart of the server, and ends when there is space', async () => {
    const disk = new SmallDisk(24);
    onClose(async () => disk.remove());
    const projectDir = disk.folder;
    const server = await EmbeddedServer.acquire({ projectDir });
    onClose(() => server.release({ wait: true }));
    const backends = await openBackends({ projectDir, environment: {} });
    onClose(() => backends.close());
    const selvage = await connectSelvage({ address: server.address, backends });
    await startWorker(selvage, { tapestries: [waiting] });
    go = path.join(makeProject(), 'go');
    const run = await selvage.start(waiting, {});
    await until('the first knot has ended', async () => (await run.lineage().catch(() => undefined))?.length);

    disk.fill();
    writeFileSync(go, '');
    await expect(backends.dataStore.put([sampleValue('x'.repeat(1_000_000))])).rejects.toMatchObject({
      code: 'DiskFull',
    });
    await until('the server comes upon the full disk', () =>
      selvage.client.withDeadline(Date.now() + 3_000, () =>
        selvage.client.workflow.start('any', { taskQueue: 'any', workflowId: unique('any') }).then(
          () => false,
          () => true,
        ),
      ),
    );
    expect((await backends.runHistory.getRun(run.runId))!.status).toBe('running');
    kill(readState(serverFolder(projectDir))!.server!);
    disk.free();
    expect(await run.values()).toEqual({ after: 'y'.repeat(50_000) });
    const items = await run.lineage();
    expect(items.map(({ knot_id, outcome }) => [knot_id, outcome]).sort()).toEqual([
      ['after', 'ok'],
      ['before', 'ok'],
      ['between', 'ok'],
    ]);
  });
});
