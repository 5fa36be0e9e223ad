import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { EmbeddedServer, serverFolder } from '../../../src/server';
import { makeCommandProject, runCommand, type Finished } from '../../support/command-line';
import { bytesOf, overwritePages, pagesOf } from '../../support/database-blows';
import { PIPELINES } from '../cli/pipelines';
import { removeProjects, serverProcesses } from '../server/projects';

const HOURS_BACK = {
  NODE_OPTIONS: `--require ${path.join(__dirname, '../../support/shifted-clock.js')}`,
  CLOCK_SHIFT_MS: String(-2 * 3_600_000),
};
const RUN = ['run', 'pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=5'];

let project: string;

beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINES });
  expect((await selvage([...RUN, '--run-id', 'first'])).code).toBe(0);
});
afterAll(removeProjects);

function selvage(args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Finished> {
  return runCommand(project, args, environment);
}

test('a repair refuses while somebody uses the files, says who, and stops a server that nobody uses', async () => {
  const server = await EmbeddedServer.acquire({ projectDir: project });
  const refused = await selvage(['doctor', '--repair']);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(
    new RegExp(`error ProjectInUse: .*process ${process.pid} \\(.*Nothing was changed`),
  );
  await server.release();

  const { code, stdout } = await selvage(['doctor', '--repair']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Nothing to repair in .*\.selvage\.$/m);
  expect(serverProcesses(project)).toEqual([]);
});

test('doctor finds damage, a repair mends it and keeps the damaged file, and a second one finds nothing to do', async () => {
  const file = path.join(project, '.selvage', 'selvage.db');
  overwritePages(file, pagesOf(file, 'selvage_lineage_index').leaf);
  const { leases, lock, state } = serverFolder(project);
  writeFileSync(path.join(leases, '1-stale.json'), JSON.stringify({ pid: 1, startedAt: 'before the boot' }));
  writeFileSync(lock, 'not a lock file any more');
  writeFileSync(state, '{ "version": 1, "pha');
  const damaged = bytesOf(file);

  const found = await selvage(['doctor']);
  expect(found.code).toBe(1);
  expect(found.stdout).toMatch(
    /^error +Database files +.*selvage\.db is damaged: .*\n.*selvage doctor --repair/m,
  );

  const { code, stdout, stderr } = await selvage(['doctor', '--repair', '--json']);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const report = JSON.parse(stdout) as {
    backends: { state: string; movedTo: string }[];
    leftovers: { file: string }[];
  };
  expect(report).toMatchObject({ ok: true, projectDir: project, temporal: { state: 'sound' }, lostRuns: [] });
  expect(report.backends).toMatchObject([{ file, state: 'repaired' }]);
  expect(bytesOf(report.backends[0]!.movedTo).equals(damaged)).toBe(true);
  expect(report.leftovers.map(({ file: name }) => path.basename(name)).sort()).toEqual([
    '1-stale.json',
    'server.json',
    'server.lock',
  ]);

  expect((await selvage(['doctor', '--repair'])).stdout).toContain('Nothing to repair');
  const shown = await selvage(['runs', 'show', 'first', '--json']);
  expect(JSON.parse(shown.stdout)).toMatchObject({ status: 'succeeded', values: { answer: 15 } });
});

test('doctor names a damaged value, a repair sets it aside, and the next run makes it again', async () => {
  const elsewhere = { SELVAGE_DATA: `file:${path.join(project, 'values')}` };
  const ran = await selvage([...RUN, '--run-id', 'on-disk'], elsewhere);
  expect(ran.code).toBe(0);
  const shown = await selvage(['runs', 'show', 'on-disk', '--json'], elsewhere);
  const hash = `sha256:${createHash('sha256').update('15').digest('hex')}`;
  const digest = hash.slice('sha256:'.length);
  const folder = path.join(project, 'values', digest.slice(0, 2), digest.slice(2, 4));
  writeFileSync(path.join(folder, hash.replace(':', '-')), '~');

  const found = await selvage(['doctor'], elsewhere);
  expect(found.stdout).toMatch(new RegExp(`^error +Values +1 of \\d+ values damaged: ${hash}$`, 'm'));
  expect(found.code).toBe(1);
  const { code, stdout } = await selvage(['doctor', '--repair', '--json'], elsewhere);
  expect(code).toBe(0);
  const { values } = JSON.parse(stdout) as { values: { hash: string; movedTo: string }[] };
  expect(values).toMatchObject([{ hash }]);
  expect(bytesOf(values[0]!.movedTo).toString()).toBe('~');
  expect((await selvage(['doctor'], elsewhere)).stdout).toMatch(/^ok +Values +\d+ values sound$/m);
  // Another run makes the same value, and the first has it again.
  expect((await selvage(RUN, elsewhere)).code).toBe(0);
  expect((await selvage(['runs', 'show', 'on-disk', '--json'], elsewhere)).stdout).toBe(shown.stdout);
});

test('a command under a clock that went back does its work, and says so; doctor, too', async () => {
  const { code, stdout, stderr } = await selvage([...RUN, '--json'], HOURS_BACK);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded' });
  expect(stderr).toMatch(/^warning ClockWentBack: The clock says .* but run "[^"]+" began at /m);
  const examined = await selvage(['doctor'], HOURS_BACK);
  expect(examined.stdout).toMatch(/^warning +Clock +ClockWentBack: /m);
  expect(examined.code).toBe(0);
});

test('a project that has never run has nothing to repair, and is left alone', async () => {
  const empty = makeCommandProject();
  const { code, stdout } = await runCommand(empty, ['doctor', '--repair']);
  expect(code).toBe(0);
  expect(stdout).toContain('Nothing to repair');
  expect(existsSync(path.join(empty, '.selvage'))).toBe(false);
  mkdirSync(path.join(empty, '.selvage'));
  await runCommand(empty, ['doctor', '--repair']);
  expect(readdirSync(path.join(empty, '.selvage'))).toEqual([]);
});
