import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { docsOf } from '../../../src/errors';
import { Command, makeCommandProject, runCommand, runWarm, type Finished } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

/** Bodies that end their process, or try to, until the file `mended` is in the folder. */
const PIPELINE = `
import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { knot, tapestry } from 'selvage';

const isMended = () => existsSync('mended');
const fine = knot('fine', () => 1);
const exits = knot('exits', async ({ x, code }: { x: number; code: number }) => {
  if (!isMended()) process.exit(code);
  return x;
});
const leaks = knot('leaks', async (_: {}) => {
  if (!isMended()) void Promise.reject(new TypeError('nobody heard', { cause: new RangeError('too far') }));
  await sleep(300);
  return 'leaked';
});
const throws = knot('throws', async (_: {}, { signal }) => {
  setTimeout(() => {
    throw new RangeError('from a timer');
  }, 10);
  await sleep(60_000, undefined, { signal });
});
const computes = knot('computes', async (_: {}) => {
  await sleep(10);
  const end = Date.now() + 10_000;
  while (Date.now() < end);
  return 'computed';
});
const shells = knot('shells', (_: {}) => execSync('sleep 10; echo went', { encoding: 'utf8' }).trim());
const waits = knot('waits', (_: {}) => new Promise<string>(() => {}));

const exiting = (name: string, code: number) =>
  tapestry(name, () => ({ y: exits({ x: fine({}, { id: 'fine' }), code }, { id: 'ending' }) }));
export const exit0 = exiting('exit0', 0);
export const exit3 = exiting('exit3', 3);
export const leak = tapestry('leak', () => ({ y: leaks({}, { id: 'leaking' }) }));
export const timer = tapestry('timer', () => ({ y: throws({}, { id: 'throwing' }) }));
export const computing = tapestry('computing', () => ({ y: computes({}, { id: 'blocking' }) }));
export const shelling = tapestry('shelling', () => ({ y: shells({}, { id: 'blocking' }) }));
export const never = tapestry('never', () => ({ y: waits({}, { id: 'waiting', timeout: 1_000 }) }));
`;

afterAll(removeProjects);

function makeEnding(): string {
  return makeCommandProject({ 'pipeline.ts': PIPELINE });
}

function runArgs(tapestry: string, ...args: string[]): string[] {
  return ['run', 'pipeline.ts', '--tapestry', tapestry, '--run-id', 'r', ...args];
}

function mend(project: string): void {
  writeFileSync(path.join(project, 'mended'), '');
}

/** Does it beside a worker, which is ended if it has not ended itself. */
async function besideWorker<T>(project: string, work: (worker: Command) => Promise<T>): Promise<T> {
  const worker = new Command(project, ['worker', 'pipeline.ts']);
  try {
    await worker.hasWritten(/Worker of/);
    return await work(worker);
  } finally {
    worker.signal('SIGTERM');
    await worker.finished;
  }
}

/** The server may see the worker only some time after it has begun to poll. */
async function startElsewhere(project: string, tapestry: string): Promise<void> {
  await until('the run is started', async () => {
    const { code, stderr } = await runWarm(project, runArgs(tapestry, '--detach'));
    if (code !== 0) expect(stderr).toContain('NoWorker');
    return code === 0;
  });
}

/** A run whose body ended its process, which is come back to when the body is mended: the server misses the worker after 30 s. */
let comeBack: Promise<{ ended: Finished; again: Finished }>;

beforeAll(() => {
  const project = makeEnding();
  const both = async () => {
    const ended = await runCommand(project, runArgs('exit0'));
    mend(project);
    return { ended, again: await runCommand(project, runArgs('exit0', '--json')) };
  };
  comeBack = both();
  comeBack.catch(() => {});
});

test('a throw from a timer ends the command with 75; knot, error and place are told', async () => {
  const { code, stdout, stderr } = await runCommand(makeEnding(), runArgs('timer'));
  expect(code).toBe(75);
  expect(stdout).not.toContain('succeeded');
  expect(stderr).toMatch(
    /^error ProcessExited: A callback of the body of knot "throwing" of run r threw .*:\n {2}RangeError: from a timer\n {4}at \S*pipeline\.ts:\d+:\d+$/m,
  );
  expect(stderr).toMatch(/^Run r is not lost: .*\nGo on with:\n {2}npx selvage .*\br\b/m);
});

test('a leaked rejection ends the command with 75; knot, causes and places are told', async () => {
  const { code, stdout, stderr } = await runCommand(makeEnding(), runArgs('leak'));
  expect(code).toBe(75);
  expect(stdout).not.toContain('succeeded');
  expect(stderr).toMatch(/^error ProcessExited: The body of knot "leaking" of run r left a promise .*:$/m);
  expect(stderr).toMatch(
    /^ {2}TypeError: nobody heard\n {4}at \S*pipeline\.ts:\d+:\d+\n {4}caused by RangeError: too far/m,
  );
});

test('process.exit with --json: one document, 75 whatever the body said', async () => {
  const { code, stdout, stderr } = await runCommand(makeEnding(), runArgs('exit3', '--json'));
  expect(code).toBe(75);
  expect(JSON.parse(stdout)).toEqual({
    runId: 'r',
    tapestry: 'exit3',
    status: 'running',
    error: {
      code: 'ProcessExited',
      cause: 'exit',
      docs: docsOf('ProcessExited'),
      message: expect.stringMatching(
        /^The body of knot "ending" of run r called process\.exit\(3\) at \S*pipeline\.ts:\d+:\d+\./,
      ) as string,
    },
    knots: [{ runId: 'r', knotId: 'ending', attempt: 1 }],
    back: expect.stringMatching(/selvage .*\br\b/) as string,
  });
  expect(stderr).toContain('error ProcessExited: ');
});

test('a body that never settles, with nothing left to do beside it, ends nothing', async () => {
  const { code, stdout } = await runCommand(makeEnding(), runArgs('never', '--json'));
  expect(JSON.parse(stdout)).toMatchObject({ outcomes: { waiting: { error: { type: 'BodyTimeout' } } } });
  expect(code).toBe(1);
});

test('a body that blocks the event loop is told of while it does, with its place where it is JavaScript', async () => {
  const [computed, shelled] = await Promise.all([
    runCommand(makeEnding(), runArgs('computing', '--json')),
    runCommand(makeEnding(), runArgs('shelling', '--json')),
  ]);
  for (const { code, stdout } of [computed, shelled]) {
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded' });
  }
  expect(computed.stderr).toMatch(
    /^warn The body of knot "blocking" of run r has blocked the event loop for 5 s, at \S*pipeline\.ts:\d+:\d+\.\n(?:.*\n)?.*kill -9 \d+$/m,
  );
  expect(shelled.stderr).toMatch(
    /^warn The event loop has been blocked for 5 s; running: knot "blocking" of run r\.$/m,
  );
});

test.each([
  [
    'process.exit',
    'pipeline.ts',
    'process.exit(0);',
    /: process\.exit\(0\) was called at \S*pipeline\.ts:1:9 /,
  ],
  ['an empty event loop', 'pipeline.mts', 'await new Promise(() => {});', /: Nothing was left to do /],
])('%s while the file is loaded is told', async (_, file, text, said) => {
  const project = makeCommandProject({ [file]: `${text}\n` });
  const { code, stdout, stderr } = await runCommand(project, ['plan', file, '--json']);
  expect(code).toBe(75);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'ProcessExited' } });
  expect(stderr).toMatch(said);
});

describe('selvage worker', () => {
  test('survives a leaked rejection, and says whose it is', async () => {
    const project = makeEnding();
    await besideWorker(project, async (worker) => {
      await startElsewhere(project, 'leak');
      await until('the run ends', async () => {
        const { stdout } = await runWarm(project, ['runs', 'show', 'r', '--json']);
        return (JSON.parse(stdout) as { status?: string }).status === 'succeeded';
      });
      expect(worker.stderr).toMatch(
        /^\S+Z warn The body of knot "leaking" of run r left .*:\n {2}TypeError: nobody heard\n(?:.*\n)*The worker goes on\.$/m,
      );
    });
  });

  test.each([
    ['process.exit', 'exit0', /The body of knot "ending" of run r called process\.exit\(0\)/],
    ['a throw from a timer', 'timer', /A callback of the body of knot "throwing" of run r threw /],
  ])('ends with 75 at %s, and says what becomes of its runs', async (_, tapestry, said) => {
    const project = makeEnding();
    await besideWorker(project, async (worker) => {
      await startElsewhere(project, tapestry);
      const { code, stderr } = await worker.finished;
      expect(code).toBe(75);
      expect(stderr).toMatch(said);
      expect(stderr).toMatch(/^The worker ends\. Its runs wait on the server for the next one\./m);
    });
  });
});

test('selvage dev outlives a worker that a body ended, and starts the next one at a change', async () => {
  const project = makeEnding();
  const dev = new Command(project, ['dev', 'pipeline.ts']);
  try {
    await dev.hasWritten(/Worker of/);
    await startElsewhere(project, 'exit0');
    await dev.hasWritten(/called process\.exit\(0\)/);
    await dev.hasWritten(/Waiting for a change of pipeline\.ts/);
    writeFileSync(path.join(project, 'pipeline.ts'), `${PIPELINE}\n`);
    await dev.hasWritten(/Worker of[^]*Worker of/);
  } finally {
    dev.signal('SIGINT');
  }
  expect((await dev.finished).code).toBe(0);
});

test('process.exit(0) in a body ends the command with 75, and the same command goes on when the body is mended', async () => {
  const { ended, again } = await comeBack;
  expect(ended.code).toBe(75);
  expect(ended.stderr).toMatch(
    /^error ProcessExited: The body of knot "ending" of run r called process\.exit\(0\) at \S*pipeline\.ts:\d+:\d+\.$/m,
  );
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ status: 'succeeded', values: { y: 1 } });
});
