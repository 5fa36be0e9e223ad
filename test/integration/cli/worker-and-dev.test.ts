import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runWarm } from '../../support/command-line';
import { closeAll, connectSelvage } from '../../support/open-selvage';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const PIPELINE = `
import { knot, tapestry } from 'selvage';
import { z } from 'zod';
import { factor } from './factor';
const times = knot('times', ({ x }: { x: number }) => x * factor);
export const scaled = tapestry('scaled', (t) => ({ y: times({ x: t.parameter('x', z.number()) }, { id: 'times' }) }));
`;

afterEach(closeAll);
afterAll(removeProjects);

function makeScaled(): string {
  return makeCommandProject({ 'pipeline.ts': PIPELINE, 'factor.ts': 'export const factor = 2;\n' });
}

/** Starts a run that another process works for, and waits for what it answers. */
async function answerOf(project: string, runId: string): Promise<unknown> {
  const started = await runWarm(project, [
    'run',
    'pipeline.ts',
    '--param',
    'x=5',
    '--detach',
    '--run-id',
    runId,
    '--json',
  ]);
  expect(started.stderr).not.toContain('error');
  expect(JSON.parse(started.stdout)).toMatchObject({ runId, status: 'running' });
  const ended = await until(`run ${runId} ends`, async () => {
    const { stdout } = await runWarm(project, ['runs', 'show', runId, '--json']);
    const shown = JSON.parse(stdout) as { status?: string; values?: { y: unknown } };
    return shown.status === undefined ? undefined : shown;
  });
  return ended.values?.y;
}

test('selvage worker works for a detached run, and stops cleanly', async () => {
  const project = makeScaled();
  const worker = new Command(project, ['worker', 'pipeline.ts']);
  await worker.hasWritten(/Worker of scaled on task queue selvage/);
  expect(await answerOf(project, 'detached')).toBe(10);
  worker.signal('SIGTERM');
  expect((await worker.finished).code).toBe(0);
});

test('a worker says that it is there when the server knows it: a run may be left to it at once', async () => {
  const selvage = await connectSelvage();
  const place = ['--address', sharedServerAddress(), '--task-queue', selvage.taskQueue!];
  const worker = new Command(makeScaled(), ['worker', 'pipeline.ts', ...place]);
  try {
    await worker.hasWritten(/Worker of scaled/);
    expect(await selvage.pollers.areThere(selvage.taskQueue!)).toBe(true);
  } finally {
    worker.signal('SIGTERM');
  }
  expect((await worker.finished).code).toBe(0);
});

test('selvage worker notices that the npm is gone that has started it, and stops cleanly', async () => {
  const project = makeScaled();
  const worker = new Command(project, ['worker', 'pipeline.ts'], { npm_execpath: '/npm' }, { shell: true });
  await worker.hasWritten(/Worker of scaled/);
  await worker.hasWritten(/As a service, start it by node \S*main\.js worker pipeline\.ts$/m);
  worker.signal('SIGTERM');
  // Its streams are open until the command itself has ended.
  const { stderr } = await worker.finished;
  expect(stderr).toMatch(/warn The process that has started this command .* has ended: stopping/);
  expect(stderr).toMatch(/info Stopping: running bodies have 5 s to end/);
});

test('selvage dev starts the worker anew when an imported file changes, and waits where it is broken', async () => {
  const project = makeScaled();
  const dev = new Command(project, ['dev', 'pipeline.ts']);
  try {
    await dev.hasWritten(/Temporal embedded server 127\.0\.0\.1:\d+/);
    await dev.hasWritten(/Worker of scaled/);
    expect(await answerOf(project, 'before')).toBe(10);

    writeFileSync(path.join(project, 'factor.ts'), 'export const factor = ;\n');
    await dev.hasWritten(/Changed: factor\.ts\n[^]*Waiting for a change of pipeline\.ts/);
    expect(dev.stderr).toMatch(/^error FileNotLoadable: .*factor\.ts:1:\d+/m);

    writeFileSync(path.join(project, 'factor.ts'), 'export const factor = 3;\n');
    await dev.hasWritten(/Worker of scaled[^]*Worker of scaled/);
    expect(await answerOf(project, 'after')).toBe(15);
  } finally {
    dev.signal('SIGINT');
  }
  expect((await dev.finished).code).toBe(0);
});

test('selvage dev starts Python anew when a module changes that it has loaded, and waits where one is broken', async () => {
  const project = makeCommandProject({
    'pipeline.ts': `
import { pythonKnot, tapestry } from 'selvage';
import { z } from 'zod';
const times = pythonKnot<{ x: number }, number>('scaling:times');
export const scaled = tapestry('scaled', (t) => ({ y: times({ x: t.parameter('x', z.number()) }, { id: 'times' }) }));
`,
    'scaling.py':
      'from selvage import knot\nfrom factor import FACTOR\n\n@knot\ndef times(x: float) -> float:\n    return FACTOR * x\n',
    'factor.py': 'FACTOR = 2\n',
  });
  const dev = new Command(project, ['dev', 'pipeline.ts', '--no-ui']);
  try {
    await dev.hasWritten(/Worker of scaled/);
    expect(await answerOf(project, 'before')).toBe(10);

    writeFileSync(path.join(project, 'factor.py'), 'FACTOR = = 3\n');
    await dev.hasWritten(/Changed: factor\.py\n[^]*Waiting for a change of pipeline\.ts/);
    expect(dev.stderr).toMatch(/^error HostNotUsable: .*SyntaxError[^]*factor\.py/m);

    writeFileSync(path.join(project, 'factor.py'), 'FACTOR = 3\n');
    await dev.hasWritten(/Worker of scaled[^]*Worker of scaled/);
    expect(await answerOf(project, 'after')).toBe(15);
  } finally {
    dev.signal('SIGINT');
  }
  expect((await dev.finished).code).toBe(0);
});
