import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runWarm } from '../../support/command-line';
import { removeProjects } from '../server/projects';
import { PIPELINES, WAITING } from './pipelines';

afterAll(removeProjects);

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

test('follows a run until it is over; Ctrl-C leaves the run; what is over is shown at once', async () => {
  const project = makeCommandProject({ 'waiting.ts': WAITING, 'pipelines.ts': PIPELINES });
  const run = new Command(project, ['run', 'waiting.ts', '--run-id', 'watched']);
  await run.hasWritten(/wait: began/);

  const left = new Command(project, ['watch', 'watched']);
  await left.hasWritten(/Temporal embedded server/);
  left.signal('SIGINT');
  expect((await left.finished).code).toBe(130);

  const watching = new Command(project, ['watch', 'watched', '--json']);
  await watching.hasWritten(/Temporal embedded server/);
  writeFileSync(path.join(project, 'go'), '');
  const watched = await watching.finished;
  expect(watched.code).toBe(0);
  expect(lines(watched.stdout)).toEqual([
    expect.objectContaining({ type: 'knot', runId: 'watched', knotId: 'wait', outcome: 'ok' }),
    { type: 'end', runId: 'watched', status: 'succeeded', durationMs: expect.any(Number) as number },
  ]);
  expect((await run.finished).code).toBe(0);

  const words = ['run', 'pipelines.ts', '--tapestry', 'fails', '--param', 'x=1', '--run-id', 'failed'];
  expect((await runWarm(project, words)).code).toBe(1);
  const over = await runWarm(project, ['watch', 'failed']);
  expect(over.code).toBe(1);
  expect(over.stdout).toContain('│ ✗ e');
  expect(over.stdout).toContain('RangeError: 2 is too much');
  expect(await runWarm(project, ['watch', 'nobody'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/error UnknownRun/) as string,
  });
});
