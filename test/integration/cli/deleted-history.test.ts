import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Selvage } from '../../../src/client';
import { EmbeddedServer } from '../../../src/server';
import { Command, makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { refusal } from '../../support/refusal';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const PIPELINE = `
import { tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';
export const waits = tapestry('waits', () => ({ go: waitForSignal('go', z.number(), { id: 'go' }) }));
`;
const ELSEWHERE =
  'its records are in another run history, which was deleted, replaced, or belongs to another project';
const RUNS = ['first', 'second', 'third'];

let project: string;
let server: EmbeddedServer;
let selvage: Selvage;
let worker: Command;

const run = async (...args: string[]): Promise<Finished> => await runWarm(project, args);

async function startWorker(): Promise<void> {
  worker = new Command(project, ['worker', 'pipeline.ts']);
  await worker.hasWritten(/Worker of waits/);
}

async function stopWorker(): Promise<void> {
  worker.signal('SIGTERM');
  await worker.finished;
}

/** Runs that wait for a signal, and whose history is deleted then. The server goes on. */
beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINE });
  server = await EmbeddedServer.acquire({ projectDir: project });
  await startWorker();
  for (const id of RUNS)
    expect(await run('run', 'pipeline.ts', '--detach', '--run-id', id)).toMatchObject({ code: 0 });
  const before = await Selvage.connect({ projectDir: project });
  for (const id of RUNS)
    await until('it waits', async () => (await before.getRun(id).status()).waiting?.reasons['Signal'] === 1);
  await before.close();
  await stopWorker();
  const folder = path.join(project, '.selvage');
  for (const file of readdirSync(folder)) if (file.startsWith('selvage.db')) rmSync(path.join(folder, file));
});
afterAll(async () => {
  await selvage.close();
  await stopWorker();
  await server.release();
  await removeProjects();
});

test('doctor names the runs of a deleted history', async () => {
  const { code, stdout } = await run('doctor');
  expect(stdout).toMatch(
    /^error +Runs +3 runs on the server, not in the run history: .*\n.*selvage runs terminate RUN/m,
  );
  for (const id of RUNS) expect(stdout).toContain(id);
  expect(code).toBe(1);
  await startWorker();
  selvage = await Selvage.connect({ projectDir: project });
});

test('they are listed, shown and wait, with the reason', async () => {
  const { stdout: listed } = await run('runs', 'list');
  const { stdout: waiting } = await run('waiting');
  for (const id of RUNS) {
    expect(listed).toMatch(new RegExp(`^${id} +waits +not on record `, 'm'));
    expect(waiting).toMatch(
      new RegExp(`^${id} .* BackendsDiffer +its records are in another run history`, 'm'),
    );
  }
  expect((await selvage.runs.list()).items.map(({ run_id }) => run_id).sort()).toEqual(RUNS);
  const { code, stdout } = await run('runs', 'show', 'first');
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Waits: ${ELSEWHERE}.*selvage runs terminate first`, 'm'));
});

test('nobody waits for their end', async () => {
  const refused = refusal(
    'BackendsDiffer',
    /^Run "first" cannot be waited for: .*selvage runs terminate first/,
  );
  const first = selvage.getRun('first');
  await expect(first.result()).rejects.toMatchObject(refused);
  await expect(first.values()).rejects.toMatchObject(refused);
  await expect(first.progress().next()).rejects.toMatchObject(refused);
  for (const command of [
    ['run', 'pipeline.ts', '--run-id', 'first'],
    ['watch', 'first'],
  ]) {
    const { code, stderr } = await run(...command);
    expect(stderr).toMatch(/^error BackendsDiffer: Run "first" cannot be waited for: /m);
    expect(code).toBe(2);
  }
});

test('one that is asked to end says why it does not, as does its worker', async () => {
  const { code, stdout } = await run('runs', 'cancel', 'second');
  expect(stdout).toContain(`Run second is asked to end, but waits: ${ELSEWHERE}`);
  expect(code).toBe(0);
  await worker.hasWritten(/warn temporal: Failing workflow task: BackendsDiffer: This worker and the client/);
});

test('they can be terminated, and doctor finds nothing then', async () => {
  for (const id of RUNS)
    expect(await run('runs', 'terminate', id)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Run ${id} is over: terminated.`),
    });
  expect((await selvage.runs.list()).items).toEqual([]);
  expect((await run('waiting')).stdout).toContain('0 unfinished runs');
  expect((await run('runs', 'show', 'first')).stdout).toContain('Its records are in another run history.');
  await expect(selvage.getRun('first').result()).rejects.toMatchObject(
    refusal('BackendsDiffer', /is over: .*another id/),
  );
  const { code, stdout } = await run('doctor');
  expect(stdout).not.toMatch(/^error/m);
  expect(code).toBe(0);
});
