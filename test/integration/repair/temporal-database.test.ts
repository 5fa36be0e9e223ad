import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { knot, tapestry } from '../../../src';
import { openBackends } from '../../../src/backends';
import type { Selvage } from '../../../src/client';
import type { Backends } from '../../../src/protocols';
import { repairProject, type ProjectRepair } from '../../../src/repair';
import { EmbeddedServer, serverFolder } from '../../../src/server';
import { bytesOf, change, overwritePages, pagesOf, rowsOf, withoutLog } from '../../support/database-blows';
import { closeAll, connectSelvage, onClose, startWorker } from '../../support/open-selvage';
import { until } from '../../support/until';
import { makeProject, removeProjects } from '../server/projects';

const environment = {
  SELVAGE_STORE: 'sqlite:selvage.db',
  SELVAGE_HISTORY: 'sqlite:selvage.db',
  SELVAGE_DATA: 'sqlite:selvage.db',
};

let projectDir: string;

const pass = knot('pass', ({ x }: { x: number }) => x);
const wait = knot('wait', async ({ x }: { x: number }, { signal }) => {
  writeFileSync(path.join(projectDir, 'began'), '');
  while (!existsSync(path.join(projectDir, 'go'))) await sleep(20, undefined, { signal });
  return x + 1;
});
const waiting = tapestry('waiting', () => {
  const before = pass({ x: 1 }, { id: 'before' });
  const between = wait({ x: before }, { id: 'between' });
  return { after: pass({ x: between }, { id: 'after' }) };
});

beforeEach(() => (projectDir = makeProject()));
afterEach(closeAll);
afterAll(removeProjects);

interface Opened {
  readonly selvage: Selvage;
  readonly backends: Backends;
  close(): Promise<void>;
}

async function open(): Promise<Opened> {
  const server = await EmbeddedServer.acquire({ projectDir });
  const backends = await openBackends({ projectDir, environment });
  const selvage = await connectSelvage({ address: server.address, backends, taskQueue: 'repaired' });
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await backends.close();
    await server.release({ wait: true });
  };
  onClose(close);
  return { selvage, backends, close };
}

/** Leaves a run in flight whose first knot has ended and whose second has begun; then nothing runs any more. */
async function interruptedRun(): Promise<string> {
  const { selvage, close } = await open();
  const worker = await startWorker(selvage, { tapestries: [waiting] });
  const { runId } = await selvage.start(waiting, {});
  await until('the knot in the middle has begun', () => existsSync(path.join(projectDir, 'began')));
  await worker.stop();
  await selvage.close();
  await close();
  withoutLog(database());
  return runId;
}

function database(): string {
  return serverFolder(projectDir).database;
}

/** The pages of a table and of its indexes, but for those that lead to others. */
function leavesOf(table: string, indexes = true): number[] {
  const names = rowsOf<{ name: string }>(
    database(),
    `select name from sqlite_schema where tbl_name = '${table}' and rootpage > 0`,
  );
  return names
    .filter(({ name }) => indexes || name === table)
    .flatMap(({ name }) => pagesOf(database(), name).leaf);
}

function repair(): Promise<ProjectRepair> {
  return repairProject({ projectDir, environment });
}

/** The run ends as if nothing had been. */
async function endsWell(runId: string): Promise<void> {
  const { selvage, close } = await open();
  writeFileSync(path.join(projectDir, 'go'), '');
  const worker = await startWorker(selvage, { tapestries: [waiting] });
  expect(await selvage.getRun(runId).values()).toEqual({ after: 2 });
  const { items } = await selvage.lineage({ runId });
  expect(items.map(({ knot_id }) => knot_id).sort()).toEqual(['after', 'before', 'between']);
  await worker.stop();
  await selvage.close();
  await close();
}

test('a run goes on after what it does not need was damaged, and the tasks that it waited for', async () => {
  const runId = await interruptedRun();
  const blows = [
    'executions_visibility',
    'executions_visibility_fts_keyword_list_data',
    'timer_tasks',
    'transfer_tasks',
  ];
  overwritePages(
    database(),
    blows.flatMap((table) => leavesOf(table)),
  );
  const { temporal, lostRuns } = await repair();
  expect(temporal).toMatchObject({ state: 'repaired', trial: 'served', goOn: [runId] });
  expect(lostRuns).toEqual([]);
  expect(temporal.tables!.find(({ table }) => table === 'history_node')).toMatchObject({
    lost: 0,
    isExact: true,
  });
  await endsWell(runId);
  expect(await repair()).toMatchObject({ leftovers: [], temporal: { state: 'sound' }, lostRuns: [] });
});

test('what the server knew of a run and lost is made anew from its history', async () => {
  const runId = await interruptedRun();
  overwritePages(database(), [...leavesOf('activity_info_maps'), ...leavesOf('current_executions')]);
  const { temporal, lostRuns } = await repair();
  expect(temporal).toMatchObject({ state: 'repaired', goOn: [runId] });
  expect(lostRuns).toEqual([]);
  await endsWell(runId);
});

test('a run whose history is lost is named and taken out of the server; others start on it', async () => {
  const runId = await interruptedRun();
  overwritePages(database(), leavesOf('history_node', false));
  const { temporal, lostRuns } = await repair();
  expect(temporal).toMatchObject({ state: 'repaired', trial: 'served', goOn: [] });
  expect(temporal.tables!.find(({ table }) => table === 'history_node')!.lost).toBeGreaterThan(0);
  expect(lostRuns).toEqual([{ runId, reason: expect.any(String) }]);

  const { selvage, backends } = await open();
  await startWorker(selvage, { tapestries: [waiting] });
  writeFileSync(path.join(projectDir, 'go'), '');
  expect(await (await selvage.start(waiting, {})).values()).toEqual({ after: 2 });
  // What it had committed is there for another run to take over.
  const lost = await backends.runHistory.getRun(runId);
  const records = await backends.runHistory.getRecords(lost!.temporal_run_id);
  expect(records).toEqual([expect.objectContaining({ knot_id: 'before', outcome: 'ok' })]);
});

test('a hopeless database is moved away, the runs that it had in flight are named, and a new one serves', async () => {
  const runId = await interruptedRun();
  const whole = bytesOf(database());
  writeFileSync(database(), whole.fill(0xa5, 100));
  const { temporal, lostRuns } = await repair();
  expect(temporal).toMatchObject({
    state: 'hopeless',
    keptAs: expect.stringContaining('temporal.db.damaged-'),
  });
  expect(bytesOf(temporal.keptAs!).equals(whole)).toBe(true);
  expect(lostRuns).toEqual([{ runId, reason: expect.stringContaining("Temporal's database") }]);

  const { selvage } = await open();
  await startWorker(selvage, { tapestries: [waiting] });
  writeFileSync(path.join(projectDir, 'go'), '');
  expect(await (await selvage.start(waiting, {})).values()).toEqual({ after: 2 });
  expect((await selvage.listRuns()).items.find(({ run_id }) => run_id === runId)).toMatchObject({
    status: 'terminated',
    environment: { error: { message: expect.stringContaining('lost in a repair') } },
  });
});

test('a sound database on which no server starts is moved away, too', async () => {
  await interruptedRun();
  change(database(), 'drop table executions; drop table namespaces');
  await expect(EmbeddedServer.acquire({ projectDir })).rejects.toMatchObject({ code: 'DatabaseDamaged' });
  const { temporal, lostRuns } = await repair();
  expect(temporal).toMatchObject({ state: 'hopeless', keptAs: expect.stringContaining('unusable') });
  expect(lostRuns).toHaveLength(1);
  await (await open()).close();
});
