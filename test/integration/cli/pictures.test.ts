import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCommandProject, runCommand, runWarm, type Finished } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const pipeline = (factor: number, last: string): string => `
import { knot, tapestry } from 'selvage';
import { z } from 'zod';

const fetchUsers = knot('fetch-users', { cache: { codeHash: 'source' } }, ({ day }: { day: string }) => [day, 'a']);
const clean = knot('clean', { cache: { codeHash: 'source' } }, ({ users }: { users: string[] }) => users.length * ${factor});
const check = knot('check', { retry: { maximumAttempts: 1 } }, ({ count }: { count: number }) => {
  if (count > 1) throw new RangeError('count | is <b>too</b> high\\nfor @everyone');
  return count;
});

export const nightly = tapestry('nightly', (t) => {
  const users = fetchUsers({ day: t.parameter('day', z.string()) }, { id: 'load.users' });
  const count = clean({ users }, { id: 'load.count' });
  return { out: check({ count }, { id: '${last}' }) };
});
`;

let project: string;
let runId: string;
const place = (name: string): string => path.join(project, name);
const selvage = (...args: string[]): Promise<Finished> => runWarm(project, args);

beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': pipeline(1, 'check') });
  const { stdout } = await runCommand(project, ['run', 'pipeline.ts', '--param', 'day="monday"', '--json']);
  runId = (JSON.parse(stdout) as { runId: string }).runId;
});
afterAll(removeProjects);

test('a plan is drawn to stdout or to a file', async () => {
  const chart = await selvage('plan', 'pipeline.ts', '--mermaid');
  expect(chart).toMatchObject({ code: 0, stderr: '' });
  expect(chart.stdout).toMatch(/^flowchart TD\n/);
  expect(chart.stdout).toContain('subgraph s0["load"]');

  const svg = await selvage('plan', 'pipeline.ts', '--svg', 'graph.svg');
  expect(svg).toMatchObject({ code: 0, stdout: expect.stringContaining('graph.svg is written') });
  expect(readFileSync(place('graph.svg'), 'utf8')).toMatch(
    /^<svg .*<title id="selvage-title">Tapestry nightly</s,
  );

  const html = await selvage('plan', 'pipeline.ts', '--html', '-o', 'graph.html', '--json');
  expect(JSON.parse(html.stdout)).toEqual({
    format: 'html',
    file: place('graph.html'),
    bytes: readFileSync(place('graph.html')).length,
  });
});

test('a run is drawn as it is on record', async () => {
  const report = await selvage('runs', 'show', runId, '--markdown');
  expect(report.code).toBe(0);
  expect(report.stdout).toMatch(
    new RegExp(`^## Run \`${runId}\` of \`nightly\`: failed\n\n✕ 1 failed · ✓ 3 ok`),
  );
  expect(report.stdout).toContain(
    '| `check` | `RangeError: count \\| is <b>too</b> high for @everyone` | 1 | ',
  );
  expect(report.stdout).toContain('```mermaid\nflowchart TD\n');

  const svg = await selvage('runs', 'show', runId, '--svg');
  expect(svg.stdout).toContain(`<title id="selvage-title">Run ${runId} of nightly</title>`);
  expect(svg.stdout).toContain('RangeError: count | is &lt;b&gt;too&lt;/b&gt; high for @everyone');
  const html = await selvage('runs', 'show', runId, '--html', 'run.html');
  expect(html).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(place('run.html'), 'utf8')).toContain('Content-Security-Policy');
});

test('a plan tells what has changed since a run, or in comparison with a file', async () => {
  writeFileSync(place('changed.ts'), pipeline(2, 'verify'));
  const since = await selvage('plan', 'changed.ts', '--markdown', '--against', runId);
  expect(since.code).toBe(0);
  expect(since.stdout).toContain(`### Against \`run ${runId}\``);
  expect(since.stdout).toContain('1 changed · 1 new · 1 removed · 0 below these · 2 as before');
  expect(since.stdout).toMatch(/\| `load\.count` \| changed \| `code [0-9a-f]{8} → [0-9a-f]{8}` \|/);
  expect(since.stdout).toContain('| `verify` | new |');
  expect(since.stdout).toContain('| `check` | removed |');
  expect(since.stdout).toContain('**Reused, where the parameters are the same:** `load.users`');

  const same = await selvage('plan', 'pipeline.ts', '--markdown', '--against', runId);
  expect(same.stdout).toContain('Nothing has changed');
  const files = await selvage('plan', 'changed.ts', '--against', 'pipeline.ts', '--json');
  expect(JSON.parse(files.stdout)).toMatchObject({
    changes: { since: 'pipeline.ts', added: ['verify'], removed: ['check'], reusable: ['load.users'] },
  });
  const unknown = await selvage('plan', 'changed.ts', '--against', 'no-such-run');
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('UnknownRun') });
});

test('what cannot be meant is refused, and no source is written over', async () => {
  for (const [args, said] of [
    [['--svg', '--mermaid'], 'One format at a time'],
    [['-o', 'graph.svg'], 'Say what is to be written'],
    [['--svg', 'changed.ts'], 'is a file of source and is left alone'],
    [['--svg', 'no/such/folder/graph.svg'], 'no/such/folder'],
  ] as const) {
    const before = readFileSync(place('pipeline.ts'), 'utf8');
    writeFileSync(place('changed.ts'), before);
    const { code, stderr, stdout } = await selvage('plan', 'pipeline.ts', ...args);
    expect([code, stderr + stdout]).toEqual([2, expect.stringContaining(said)]);
    expect(readFileSync(place('changed.ts'), 'utf8')).toBe(before);
  }
});

test('--open opens the browser by the way of the platform, and a machine without one loses nothing by it', async () => {
  const bin = place('bin');
  mkdirSync(bin);
  const opener = path.join(bin, process.platform === 'darwin' ? 'open' : 'xdg-open');
  writeFileSync(
    opener,
    `#!/bin/sh\nprintf '%s' "$1" > '${place('opened.tmp')}'\nmv '${place('opened.tmp')}' '${place('opened')}'\n`,
  );
  chmodSync(opener, 0o755);
  const PATH = `${bin}:${process.env['PATH']}`;
  expect(await runCommand(project, ['plan', 'pipeline.ts', '--open'], { PATH })).toMatchObject({ code: 0 });
  await until('the browser is opened', () => existsSync(place('opened')));
  const file = fileURLToPath(readFileSync(place('opened'), 'utf8'));
  expect(readFileSync(file, 'utf8')).toContain('<!doctype html>');

  const none = await runCommand(project, ['runs', 'show', runId, '--svg', 'run.svg', '--open'], {
    PATH: path.dirname(process.execPath),
  });
  expect(none.code).toBe(0);
  expect(readFileSync(place('run.svg'), 'utf8')).toContain('<svg');
});
