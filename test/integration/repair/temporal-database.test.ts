import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { knot, tapestry } from '../../../src';
import { openBackends } from '../../../src/backends';
import type { Selvage } from '../../../src/client';
import type { Backends } from '../../../src/ports';
import { endLostRuns, repairProject, type ProjectRepair } from '../../../src/cli/doctor/repair-project';
import { EmbeddedServer, serverFolder } from '../../../src/server';
import { bytesOf, change, overwritePages, pagesOf, withoutLog } from '../../support/database-blows';
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

async function repair(): Promise<ProjectRepair & { lostRuns: string[] }> {
  const repaired = await repairProject({ projectDir, environment });
  const { lostCluster } = repaired;
  const lostRuns = lostCluster ? await endLostRuns({ projectDir, environment }, lostCluster) : [];
  return { ...repaired, lostRuns };
}

test('a damaged database is moved away whole, and the runs that it had in flight can be resumed on a new one', async () => {
  const runId = await interruptedRun();
  overwritePages(database(), pagesOf(database(), 'history_node').leaf);
  const damaged = bytesOf(database());
  const { temporal, lostRuns } = await repair();
  expect(temporal).toMatchObject({
    state: 'unrepairable',
    movedTo: expect.stringContaining('temporal.db.damaged-'),
  });
  expect(bytesOf(temporal.movedTo!).equals(damaged)).toBe(true);
  expect(lostRuns).toEqual([runId]);

  const { selvage, backends } = await open();
  expect((await selvage.runs.list()).items.find(({ run_id }) => run_id === runId)).toMatchObject({
    status: 'terminated',
    details: { error: { message: expect.stringContaining('lost in a repair') } },
  });
  // What it had committed is there for another run to take over.
  const lost = await backends.runHistory.getRun(runId);
  const records = await backends.runHistory.getRecords(lost!.temporal_run_id);
  expect(records).toEqual([expect.objectContaining({ knot_id: 'before', outcome: 'ok' })]);
  await startWorker(selvage, { tapestries: [waiting] });
  writeFileSync(path.join(projectDir, 'go'), '');
  expect(await (await selvage.start(waiting, {})).values()).toEqual({ after: 2 });
  await closeAll();
  expect(await repair()).toMatchObject({ leftovers: [], temporal: { state: 'sound' }, lostRuns: [] });
});

test('a sound database on which no server starts is moved away, too', async () => {
  await interruptedRun();
  change(database(), 'drop table executions; drop table namespaces');
  await expect(EmbeddedServer.acquire({ projectDir })).rejects.toMatchObject({ code: 'DatabaseDamaged' });
  const { temporal, lostRuns } = await repair();
  expect(temporal).toMatchObject({ state: 'unrepairable', movedTo: expect.stringContaining('unusable') });
  expect(lostRuns).toHaveLength(1);
  await (await open()).close();
});
