import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runCommand } from '../../support/command-line';
import { removeProjects } from '../server/projects';
import { STUBBORN, WAITING } from './pipelines';

let project: string;

beforeAll(() => {
  project = makeCommandProject({ 'waiting.ts': WAITING, 'stubborn.ts': STUBBORN });
});
afterAll(removeProjects);

function letGo(): void {
  writeFileSync(path.join(project, 'go'), '');
}

afterEach(() => rmSync(path.join(project, 'go'), { force: true }));

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s drains the worker and leaves the run, which goes on where it was',
  async (signal, exitCode) => {
    const runId = `left-by-${signal}`;
    const command = new Command(project, ['run', 'waiting.ts', '--run-id', runId]);
    await command.hasWritten(/wait: began/);
    command.signal(signal);
    const left = await command.finished;
    expect(left.code).toBe(exitCode);
    expect(left.stderr).toContain(`Run ${runId} goes on`);
    expect(left.stderr).toMatch(new RegExp(`^ {2}.*selvage run waiting\\.ts --run-id ${runId}$`, 'm'));

    letGo();
    const back = await runCommand(project, ['run', 'waiting.ts', '--run-id', runId, '--json']);
    expect(back.code).toBe(0);
    expect(JSON.parse(back.stdout)).toMatchObject({ runId, status: 'succeeded', values: { end: 'went' } });
  },
);

test('a second Ctrl-C ends at once, whatever the body does', async () => {
  const command = new Command(project, ['run', 'stubborn.ts', '--run-id', 'ended-at-once']);
  await command.hasWritten(/wait: began/);
  command.signal('SIGINT');
  await command.hasWritten(/Ctrl-C again/);
  command.signal('SIGINT');
  expect((await command.finished).code).toBe(130);

  const { stdout } = await runCommand(project, ['runs', 'show', 'ended-at-once', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ run: { run_id: 'ended-at-once', status: 'running' } });
});
