/**
 * Makes a project with the package of a commit, and keeps it in test/kept-projects: its databases and files, packed, and what is on record in it. Later
 * builds open it and finish what is unfinished (test/integration/deploys/kept-project.test.ts). CONTRIBUTING.md says when: `npx tsx
 * scripts/make-kept-project.ts COMMIT`.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageAt } from '../test/support/packed-commit';
import { until } from '../test/support/until';
import type * as BackendsModule from '../src/backends';
import type * as ClientModule from '../src/client';
import type * as FolderModule from '../src/server/server-folder';
import { contentsOf, SEALING_KEY } from '../test/kept-projects/contents';

const KEPT = path.resolve(__dirname, '../test/kept-projects');
const LINES = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`);
const RUNS_BESIDE = ['waiting', 'timed', 'distant', 'mapped', 'outer', 'retried'];

async function main(commit: string): Promise<void> {
  const scratch = mkdtempSync(path.join(realpathSync(tmpdir()), 'selvage-kept-'));
  const processes: ChildProcess[] = [];
  try {
    const packageDir = process.env['KEPT_PACKAGE'] ?? packageAt(commit, scratch);
    const project = path.join(scratch, 'project');
    cpSync(path.join(KEPT, 'source'), project, { recursive: true });
    writeFileSync(path.join(project, 'lines.log'), `${LINES.join('\n')}\n`);
    writeFileSync(path.join(project, 'package.json'), '{ "name": "kept", "private": true }\n');
    mkdirSync(path.join(project, 'node_modules'));
    symlinkSync(packageDir, path.join(project, 'node_modules', 'selvage'), 'dir');
    symlinkSync(path.resolve('node_modules/zod'), path.join(project, 'node_modules', 'zod'), 'dir');
    await fill(project, packageDir, processes);
    await keep(project, packageDir, commit);
  } finally {
    for (const child of processes) child.kill('SIGKILL');
    rmSync(scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** A module of the package, also one that it does not export. */
function load<M>(packageDir: string, name: string): M {
  return createRequire(path.join(packageDir, 'package.json'))(`./lib/${name}`) as M;
}

async function fill(project: string, packageDir: string, processes: ChildProcess[]): Promise<void> {
  const begin = (words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
    const program = path.join(packageDir, 'lib', 'cli', 'main.js');
    const child = spawn(process.execPath, [program, ...words], {
      cwd: project,
      env: { ...process.env, HOLD: 'true', ...env },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    child.stderr.pipe(process.stderr, { end: false });
    processes.push(child);
    return child;
  };
  const command = async (words: readonly string[], { code = 0, env = {} } = {}): Promise<void> => {
    const [ended] = (await once(begin(words, env), 'exit')) as [number | null];
    if (ended !== code) throw new Error(`selvage ${words.join(' ')} ended with ${ended}, not ${code}.`);
  };
  const run = (tapestry: string, id: string, ...more: readonly string[]): readonly string[] => {
    const words = ['run', 'pipeline.ts', '--tapestry', tapestry, '--run-id', id, ...more];
    return ['mapped', 'days'].includes(tapestry) ? words : [...words, '--param', 'n=21'];
  };
  const { Selvage } = load<typeof ClientModule>(packageDir, 'client');
  const selvage = await Selvage.connect({ projectDir: project });

  await command(run('ok', 'ok'));
  await command(run('failing', 'failing'), { code: 1 });
  await command(run('partial', 'partial'), { code: 1 });
  await command(['run', 'words.yaml', '--run-id', 'words', '--param', 'words=["warp", "weft", "selvage"]']);
  await command(['capsule', 'create', 'partial', '-o', 'partial.selvage.html']);
  await command(['schedules', 'deploy', 'pipeline.ts']);

  const worker = begin(['worker', 'pipeline.ts']);
  await isWorking(worker);
  const reader = begin(['stream', 'pipeline.ts']);
  await command(run('approved', 'waiting', '--detach'));
  for (const name of RUNS_BESIDE.slice(1)) await command(run(name, name, '--detach'));
  await command([
    ...['backfill', 'pipeline.ts', '--tapestry', 'days', '--run-id', 'backfill'],
    ...['--concurrency', '2', '--detach'],
  ]);

  const waitsAt = async (runId: string, knot: string): Promise<boolean> =>
    (await selvage.getRun(runId).status()).waiting?.knots?.some(({ knotId }) => knotId === knot) ?? false;
  const calls = (): string => readFileSync(path.join(project, 'calls.log'), 'utf8');
  const stands: readonly (readonly [string, () => boolean | Promise<boolean>])[] = [
    ['the signal', () => waitsAt('waiting', 'approval')],
    ['the timer', () => waitsAt('timed', 'later')],
    ['the distant time', () => waitsAt('distant', 'later')],
    ['the map', () => calls().includes('held: square 7')],
    ['the nested run', () => waitsAt('outer/inner#1', 'approval')],
    ['the retry', () => calls().includes('flaky 21')],
    ['the backfill', () => ['04', '05'].every((day) => calls().includes(`held: day 2024-01-${day}`))],
    ['the stream', () => calls().includes('held: line 6') && hasLine(project, 'results.log', 'LINE 5')],
  ];
  for (const [what, isThere] of stands) await until(`${what} is reached`, isThere);
  for (const child of [worker, reader]) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  // Last, as all that open the project afterwards need the key.
  await command(run('ok', 'sealed'), { env: { SELVAGE_KEYS: SEALING_KEY } });
  await selvage.close();
  const { readState, serverFolder } = load<typeof FolderModule>(packageDir, 'server/server-folder');
  await until('the server has ended', () => readState(serverFolder(project))?.phase === 'stopped');
}

async function isWorking(worker: ChildProcess): Promise<void> {
  let text = '';
  worker.stderr!.on('data', (chunk: Buffer) => (text += String(chunk)));
  await until('the worker works', () => text.includes('Worker of'));
}

function hasLine(project: string, file: string, line: string): boolean {
  const text = readFileSync(path.join(project, file), 'utf8');
  return text.split('\n').includes(line);
}

async function keep(project: string, packageDir: string, commit: string): Promise<void> {
  const { openBackends } = load<typeof BackendsModule>(packageDir, 'backends');
  process.env['SELVAGE_KEYS'] = SEALING_KEY;
  const backends = await openBackends({ projectDir: project });
  const contents = await contentsOf(backends);
  await backends.close();
  const name = commit.slice(0, 8);
  const folder = path.join(KEPT, name);
  mkdirSync(folder, { recursive: true });
  const { MIGRATIONS } = load<{ MIGRATIONS: object }>(packageDir, 'adapters/sqlite/migrations');
  const kept = { commit, tables: Object.keys(MIGRATIONS).at(-1), ...contents };
  writeFileSync(path.join(folder, 'contents.json'), `${JSON.stringify(kept, null, 1)}\n`);
  rmSync(path.join(project, 'node_modules'), { recursive: true });
  execFileSync('tar', ['-czf', path.join(folder, 'project.tar.gz'), '-C', project, '.']);
}

const commit = process.argv[2] ?? 'HEAD';
void main(execFileSync('git', ['rev-parse', commit], { encoding: 'utf8' }).trim()).catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`);
});
