import { rmSync } from 'node:fs';
import { docsOf } from '../../../src/errors';
import { isAlive } from '../../../src/server/process-identity';
import { readState, serverFolder } from '../../../src/server/server-folder';
import { makeCommandProject, runCommand, runWarm, type Finished } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';
import { PIPELINES } from './pipelines';

let project: string;

beforeAll(() => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINES });
});
afterAll(removeProjects);

function run(...args: string[]): Promise<Finished> {
  return runWarm(project, ['run', ...args]);
}

const QUICKSTART = ['pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=5'];

async function recordsOf(runId: string): Promise<{ knotId: string; temporalRunId: string }[]> {
  const { stdout } = await runWarm(project, ['lineage', '--run', runId, '--json']);
  return (JSON.parse(stdout) as { items: { knotId: string; temporalRunId: string }[] }).items;
}

test('two commands with one new id at the same moment: one run, and both have its result', async () => {
  const args = ['run', ...QUICKSTART, '--run-id', 'twins', '--json'];
  const [one, other] = await Promise.all([runCommand(project, args), runCommand(project, args)]);
  expect([one.code, other.code]).toEqual([0, 0]);
  expect(JSON.parse(one.stdout)).toMatchObject({ runId: 'twins', values: { answer: 15 } });
  expect(JSON.parse(other.stdout)).toEqual(JSON.parse(one.stdout));
  const records = await recordsOf('twins');
  expect(records.map(({ knotId }) => knotId).sort()).toEqual(['answer', 'd', 'param:x']);
});

test('of a run that failed: its failure again, with 1', async () => {
  const args = ['pipeline.ts', '--tapestry', 'fails', '--param', 'x=5', '--run-id', 'failed'];
  const first = await run(...args, '--json');
  const again = await run(...args, '--json');
  expect([first.code, again.code]).toEqual([1, 1]);
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(first.stdout));
  expect((await run(...args)).stdout).toMatch(/^ {2}e {2}RangeError: 10 is too much$/m);
});

test.each([
  [
    'parameters',
    ['pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=6'],
    /does other work: its parameters are (sha256:\w{64}), yours (?!\1)sha256:\w{64}\./,
  ],
  [
    'another tapestry',
    ['pipeline.ts', '--tapestry', 'fails', '--param', 'x=5'],
    /its tapestry is wired otherwise \(its plan is (sha256:\w{64}), yours (?!\1)sha256:\w{64}\)\./,
  ],
  ['terminals', [...QUICKSTART, '--terminals', 'd'], /its terminals are answer, yours d\./],
])('of a run of other work: RunIdInUse, and what differs: %s', async (_, args, difference) => {
  expect((await run(...QUICKSTART, '--run-id', 'taken')).code).toBe(0);
  const { code, stdout, stderr } = await run(...args, '--run-id', 'taken', '--json');
  expect(code).toBe(2);
  const line = /^error RunIdInUse: .*"taken".*$/m.exec(stderr)?.[0];
  expect(line).toMatch(difference);
  expect(JSON.parse(stdout)).toEqual({
    error: {
      code: 'RunIdInUse',
      message: expect.any(String) as string,
      docs: docsOf('RunIdInUse'),
    },
  });
});

test('of a run that the server has forgotten: its result again, and other work is refused', async () => {
  const args = [...QUICKSTART, '--run-id', 'forgotten', '--json'];
  const first = await run(...args);
  const folder = serverFolder(project);
  const { supervisor } = readState(folder)!;
  await until('the server has stopped', () => !isAlive(supervisor));
  for (const end of ['', '-wal', '-shm']) rmSync(`${folder.database}${end}`, { force: true });

  const again = await run(...args);
  expect(again.stderr).not.toContain('error');
  expect(again.code).toBe(0);
  const { server: _, ...before } = JSON.parse(first.stdout) as { server: unknown };
  expect(JSON.parse(again.stdout)).toMatchObject(before);
  expect(await recordsOf('forgotten')).toHaveLength(3);
  const other = await run(...args.with(4, 'x=7'));
  expect(other.stderr).toMatch(/^error RunIdInUse: .*"forgotten"/m);
  expect(other.code).toBe(2);
});
