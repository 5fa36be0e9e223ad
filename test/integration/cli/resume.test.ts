import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';
import { WAITING } from './pipelines';

/** The knot `needs` fails until there is a file `fixed`. */
const FIXABLE = `
import { existsSync } from 'node:fs';
import { knot, tapestry } from 'selvage';
import { z } from 'zod';

const load = knot('load', ({ x }: { x: number }) => x * 2);
const needs = knot('needs', ({ x }: { x: number }) => {
  if (!existsSync('fixed')) throw new Error('the file is not there');
  return x + 1;
});
export const fixable = tapestry('fixable', (t) => {
  const loaded = load({ x: t.parameter('x', z.number()) }, { id: 'load' });
  return { y: needs({ x: loaded }, { id: 'needs' }) };
});
`;
let project: string;

beforeAll(async () => {
  project = makeCommandProject({ 'fixable.ts': FIXABLE, 'waiting.ts': WAITING });
  expect((await selvage('run', 'fixable.ts', '--param', 'x=5', '--run-id', 'broken')).code).toBe(1);
  writeFileSync(path.join(project, 'fixed'), '');
});
afterAll(removeProjects);

function selvage(...args: string[]): Promise<Finished> {
  return runWarm(project, args);
}

interface Record {
  knotId: string;
  cachedFromRun: string | null;
}

async function recordsOf(runId: string): Promise<Record[]> {
  const { stdout } = await selvage('lineage', '--run', runId, '--json');
  return (JSON.parse(stdout) as { items: Record[] }).items;
}

const takenOver = async (runId: string): Promise<string[]> =>
  (await recordsOf(runId)).filter((record) => record.cachedFromRun).map(({ knotId }) => knotId);

test('with a file it works for the new run, as run does, and comes back to it by its id', async () => {
  const args = ['resume', 'broken', 'fixable.ts', '--run-id', 'mended'];
  const { code, stdout } = await selvage(...args);
  expect(stdout).toMatch(/^Run mended of fixable$/m);
  expect(stdout).toMatch(/^Run mended succeeded in .* 3 knots ok, 0 failed, 0 skipped$/m);
  expect(stdout).toMatch(/^ {2}y {2}11$/m);
  expect(code).toBe(0);
  expect(await takenOver('mended')).toContain('load');
  const again = await selvage(...args, '--json');
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ runId: 'mended', tapestry: 'fixable', values: { y: 11 } });
});

test('--from runs a knot again that was ok', async () => {
  const args = ['resume', 'broken', 'fixable.ts', '--from', 'load', '--run-id', 'anew'];
  const refused = await selvage(...args);
  expect(refused.stderr).toMatch(/^error AlreadyResumed: .*"mended" \(succeeded\).*--allow-duplicate/m);
  expect(refused.code).toBe(2);
  expect((await selvage(...args, '--allow-duplicate')).code).toBe(0);
  expect(await takenOver('anew')).not.toContain('load');
});

test('both runs name each other, and a listing can leave out what was resumed', async () => {
  const first = await selvage('runs', 'show', 'broken');
  expect(first.stdout).toMatch(/^ {2}Resumed +as run mended, succeeded; as run anew, succeeded$/m);
  expect(first.stdout).not.toMatch(/^Resume /m);
  expect((await selvage('runs', 'show', 'anew')).stdout).toMatch(/^ {2}Goes on +from run broken$/m);
  const shown = await selvage('runs', 'show', 'broken', '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject({
    resumedAs: [
      { runId: 'mended', status: 'succeeded' },
      { runId: 'anew', status: 'succeeded' },
    ],
  });
  const all = await selvage('runs', 'list', '--tapestry', 'fixable');
  expect(all.stdout).toMatch(/^broken .* anew$/m);
  const left = await selvage('runs', 'list', '--tapestry', 'fixable', '--status', 'failed', '--not-resumed');
  expect(left.stdout).toMatch(/^No run fits\.$/m);
});

test('without a file it is left to a worker, and refused where there is none', async () => {
  const refused = await selvage('resume', 'broken', '--allow-duplicate', '--task-queue', 'idle');
  expect(refused.stderr).toMatch(/^error NoWorker: .*"idle"/m);
  expect(refused.code).toBe(2);
  const worker = new Command(project, ['worker', 'fixable.ts']);
  try {
    // The server hears of the worker a little after the worker says so.
    const { stdout } = await until('the run is taken', async () => {
      const finished = await selvage('resume', 'broken', '--allow-duplicate', '--run-id', 'left', '--json');
      return finished.code === 0 ? finished : undefined;
    });
    expect(JSON.parse(stdout)).toMatchObject({ runId: 'left', tapestry: 'fixable', status: 'running' });
    await until('the run has ended', async () => {
      const shown = await selvage('runs', 'show', 'left', '--json');
      return (JSON.parse(shown.stdout) as { status?: string }).status === 'succeeded';
    });
  } finally {
    worker.signal('SIGTERM');
    await worker.finished;
  }
});

test('an unknown run, and a knot that is not there: their codes, soon', async () => {
  // Also where there is no worker to leave it to.
  const unknown = await selvage('resume', 'nobody');
  expect(unknown.stderr).toMatch(/^error UnknownRun: .*"nobody"/m);
  expect(unknown.code).toBe(2);
  const knot = await selvage('resume', 'broken', 'fixable.ts', '--from', 'nothing');
  expect(knot.stderr).toMatch(/^error UnknownKnot: .*nothing/m);
  expect(knot.stderr).not.toContain('A body did not end');
  expect(knot.code).toBe(2);
});

test('--deadline and --idempotency-key', async () => {
  const late = await selvage('run', 'waiting.ts', '--deadline', '1s', '--json');
  expect(late.code).toBe(1);
  expect(JSON.parse(late.stdout)).toMatchObject({ status: 'failed', error: { type: 'DeadlineExceeded' } });

  const keyed = ['run', 'fixable.ts', '--param', 'x=5', '--idempotency-key', 'monday', '--json'];
  const first = await selvage(...keyed);
  const again = await selvage(...keyed, '--deadline', '2020-01-31T18:00Z');
  expect([first.code, again.code]).toEqual([0, 0]);
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(first.stdout));
  const past = await selvage('run', 'fixable.ts', '--param', 'x=5', '--deadline', '2020-01-31T18:00Z');
  expect(past.stderr).toMatch(/^error DeadlineExceeded: .*2020-01-31T18:00:00.000Z/m);
  expect(past.code).toBe(2);
});
