import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { docsOf } from '../../../src/errors';
import { isAlive, type ProcessIdentity } from '../../../src/server/process-identity';
import { readState, serverFolder } from '../../../src/server/server-folder';
import { Command, makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { listening, type Listening } from '../../support/listening';
import { refusal } from '../../support/refusal';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';
import { STUBBORN, WAITING } from './pipelines';

afterAll(removeProjects);

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

function makeWaiting(): string {
  return makeCommandProject({ 'waiting.ts': WAITING, 'stubborn.ts': STUBBORN });
}

/** A project with a run history, without which `runs list` asks nobody. */
async function makeRecorded(): Promise<string> {
  const project = makeWaiting();
  expect((await runWarm(project, ['migrate'])).code).toBe(0);
  return project;
}

/** A worker that was told to stop while a body runs that never hears of it. It has 10 s for that, in which the other tests go on. */
let stubborn: Promise<Finished>;

beforeAll(async () => {
  const project = makeWaiting();
  const command = new Command(project, ['worker', 'stubborn.ts']);
  await command.hasWritten(/Worker of/);
  expect(await runWarm(project, ['run', 'stubborn.ts', '--detach'])).toMatchObject({ code: 0 });
  await command.hasWritten(/wait: began/);
  command.signal('SIGTERM');
  stubborn = command.finished;
});

function expectNoStack({ stdout, stderr }: Finished): void {
  expect(`${stdout}${stderr}`).not.toMatch(/^ +at |InternalError|unhandled/im);
}

/** The processes that have a claim on the project's server now. */
function holders(project: string): ProcessIdentity[] {
  const { leases } = serverFolder(project);
  return readdirSync(leases)
    .map((name) => JSON.parse(readFileSync(path.join(leases, name), 'utf8')) as ProcessIdentity)
    .filter((holder) => isAlive(holder));
}

describe('while it connects to an address that accepts and never answers', () => {
  let silent: Listening;
  let project: string;
  let connected = (): void => {};

  beforeAll(async () => {
    project = await makeRecorded();
    silent = await listening(() => connected());
  });
  afterAll(() => silent.close());

  const VERBS: readonly (readonly [string, RegExp])[] = [
    ['run waiting.ts', /^Interrupted before the run was started\.$/m],
    ['run waiting.ts --detach', /^Interrupted before the run was started\.$/m],
    ['resume some-run', /^Interrupted before the run was resumed\.$/m],
    ['worker waiting.ts', /^Interrupted before the worker began\.$/m],
    ['runs list', /^Interrupted\.$/m],
    ['replay some-run', /^Interrupted\.$/m],
    ['doctor', /^Interrupted\.$/m],
  ];
  const rows = VERBS.map(([words, said], index) => [...SIGNALS[index % 2]!, words, said] as const);

  test.each(rows)('%s ends with %i at once: %s', async (signal, exitCode, words, said) => {
    const isConnected = new Promise<void>((resolve) => (connected = resolve));
    const command = new Command(project, [...words.split(' '), '--address', `127.0.0.1:${silent.port}`]);
    await isConnected;
    command.signal(signal);
    const finished = await command.finished;
    expect(finished.code).toBe(exitCode);
    expect(finished.stderr).toMatch(said);
    expectNoStack(finished);
  });
});

test.each([
  ['run waiting.ts', 'SIGINT', 130],
  ['runs list', 'SIGTERM', 143],
  ['dev waiting.ts', 'SIGTERM', 143],
] as const)(
  '%s while the server starts: the claim is given back, and the server goes',
  async (words, signal, exitCode) => {
    const project = await makeRecorded();
    const folder = serverFolder(project);
    const command = new Command(project, words.split(' '));
    const supervisor = await until('a supervisor is in office', () => {
      try {
        return readState(folder)?.supervisor;
      } catch {
        return undefined;
      }
    });
    command.signal(signal);
    const finished = await command.finished;
    expect(finished.code).toBe(exitCode);
    expect(finished.stderr).toMatch(/^Interrupted/m);
    expectNoStack(finished);
    expect(holders(project)).toEqual([]);
    await until('the server has stopped', () => !isAlive(supervisor));
    const { server } = readState(folder)!;
    expect(server === undefined || !isAlive(server)).toBe(true);
  },
);

test.each([
  ['run', ...SIGNALS[1]],
  ['worker', ...SIGNALS[0]],
  ['dev', ...SIGNALS[0]],
] as const)(
  '%s: the first signal drains, the second ends at once, and no process is left',
  async (verb, signal, exitCode) => {
    const project = makeWaiting();
    const command = new Command(project, [verb, 'stubborn.ts']);
    if (verb !== 'run') {
      await command.hasWritten(/Worker of/);
      expect(await runWarm(project, ['run', 'stubborn.ts', '--detach'])).toMatchObject({ code: 0 });
    }
    await command.hasWritten(/wait: began/);
    const held = holders(project);
    expect(held.length).toBeGreaterThan(0);
    command.signal(signal);
    await command.hasWritten(/Ctrl-C again to end at once/);
    command.signal(signal);
    const finished = await command.finished;
    expect(finished.code).toBe(exitCode);
    expectNoStack(finished);
    await until('all of its processes have ended', () => !held.some((holder) => isAlive(holder)));
  },
);

test('run: the signal drains the worker and leaves the run, which goes on where it was', async () => {
  const project = makeWaiting();
  const words = ['run', 'waiting.ts', '--run-id', 'left', '--json'];
  const command = new Command(project, words);
  await command.hasWritten(/wait: began/);
  command.signal('SIGINT');
  const left = await command.finished;
  expect(left.code).toBe(130);
  expect(left.stderr).toContain('Run left goes on');
  expect(left.stderr).toMatch(/^ {2}.*selvage run waiting\.ts --run-id left --json$/m);
  expect(JSON.parse(left.stdout)).toEqual({
    runId: 'left',
    tapestry: 'waiting',
    status: 'running',
    error: { ...refusal('Interrupted', 'told to stop'), docs: docsOf('Interrupted') },
    back: expect.stringMatching(/selvage run waiting\.ts --run-id left --json$/) as string,
  });

  writeFileSync(path.join(project, 'go'), '');
  const back = await runWarm(project, words);
  expect(back.code).toBe(0);
  expect(JSON.parse(back.stdout)).toMatchObject({
    runId: 'left',
    status: 'succeeded',
    values: { end: 'went' },
  });
});

test.each([
  ['run', 'Interrupted before the run was started.\n'],
  ['worker', 'Interrupted before the worker began.\n'],
  ['plan', 'Interrupted.\n'],
])('a file that never finishes loading does not keep `selvage %s`', async (verb, said) => {
  const project = makeCommandProject({
    'endless.mjs': "console.log('loading'); setInterval(() => {}, 1000); await new Promise(() => {});\n",
  });
  const command = new Command(project, [verb, 'endless.mjs']);
  await command.hasWritten(/loading/);
  command.signal('SIGINT');
  const finished = await command.finished;
  expect(finished.code).toBe(130);
  expect(finished.stderr).toBe(said);
  expect(readdirSync(project)).not.toContain('.selvage');
});

test('dev ends with 0 when both it and its worker hear of the signal', async () => {
  const project = makeWaiting();
  writeFileSync(path.join(project, 'go'), '');
  const dev = new Command(project, ['dev', 'waiting.ts']);
  await dev.hasWritten(/Worker of waiting/);
  const [worker] = holders(project).filter(({ pid }) => pid !== dev.pid);
  process.kill(worker!.pid, 'SIGTERM');
  dev.signal('SIGTERM');
  const finished = await dev.finished;
  expect(finished.code).toBe(0);
  expectNoStack(finished);
});

test('a worker that is told to stop hands back a body that never hears of it, and ends with 0', async () => {
  const finished = await stubborn;
  expect(finished.stderr).toMatch(/Knot "wait" did not end in time when its worker shut down/);
  expect(finished.code).toBe(0);
  expectNoStack(finished);
});
