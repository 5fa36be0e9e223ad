import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from '../../../src/server/process-identity';
import { readState, serverFolder } from '../../../src/server/server-folder';
import { Command, makeCommandProject, runCommand, type Finished } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';
import { PIPELINES, WAITING } from './pipelines';

let project: string;

beforeAll(() => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINES, 'waiting.ts': WAITING });
});
afterAll(removeProjects);

function run(...args: string[]): Promise<Finished> {
  return runCommand(project, ['run', ...args]);
}

const QUICKSTART = ['pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=5'];

async function recordsOf(runId: string): Promise<{ knot_id: string; temporal_run_id: string }[]> {
  const { stdout } = await runCommand(project, ['lineage', '--run', runId, '--json']);
  return (JSON.parse(stdout) as { items: { knot_id: string; temporal_run_id: string }[] }).items;
}

test('two commands with one new id at the same moment: one run, and both have its result', async () => {
  const args = [...QUICKSTART, '--run-id', 'twins', '--json'];
  const [one, other] = await Promise.all([run(...args), run(...args)]);
  expect([one.code, other.code]).toEqual([0, 0]);
  expect(JSON.parse(one.stdout)).toMatchObject({ runId: 'twins', values: { answer: 15 } });
  expect(JSON.parse(other.stdout)).toEqual(JSON.parse(one.stdout));
  const records = await recordsOf('twins');
  expect(records.map(({ knot_id }) => knot_id).sort()).toEqual(['answer', 'd', 'param:x']);
});

test('of a run that works: both wait, and both have its result', async () => {
  const args = ['run', 'waiting.ts', '--run-id', 'shared', '--json'];
  const first = new Command(project, args);
  await first.hasWritten(/wait: began/);
  const second = new Command(project, args);
  await second.hasWritten(/Run shared of waiting/);
  writeFileSync(path.join(project, 'go'), '');
  const ends = await Promise.all([first.finished, second.finished]);
  rmSync(path.join(project, 'go'));
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);
  expect(JSON.parse(ends[0].stdout)).toEqual(JSON.parse(ends[1].stdout));
  expect(await recordsOf('shared')).toHaveLength(1);
});

test('of a run that failed: its failure again, with 1', async () => {
  const args = ['pipeline.ts', '--tapestry', 'fails', '--param', 'x=5', '--run-id', 'failed'];
  const first = await run(...args, '--json');
  const again = await run(...args, '--json');
  expect([first.code, again.code]).toEqual([1, 1]);
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(first.stdout));
  expect((await run(...args)).stdout).toMatch(/^ {2}e {2}RangeError: 10 is too much$/m);
});

test('of a run that was cancelled: that it was, with 1', async () => {
  const args = ['waiting.ts', '--run-id', 'unwanted'];
  const command = new Command(project, ['run', ...args]);
  await command.hasWritten(/wait: began/);
  await runCommand(project, ['runs', 'cancel', 'unwanted']);
  expect((await command.finished).code).toBe(1);
  const again = await run(...args);
  expect(again.code).toBe(1);
  expect(again.stdout).toMatch(/^Run unwanted cancelled in /m);
});

describe('of a run of other work: RunIdInUse, and what differs', () => {
  beforeAll(async () => {
    expect((await run(...QUICKSTART, '--run-id', 'taken')).code).toBe(0);
  });

  const HASHES =
    /Its plan is (sha256:\w{64}) and its parameters (sha256:\w{64}); yours are (sha256:\w{64}) and (sha256:\w{64})\./;
  const rows: [string, string[], (hashes: string[], line: string) => void][] = [
    [
      'parameters',
      ['pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=6'],
      ([plan, parameters, ownPlan, ownParameters]) => {
        expect(ownPlan).toBe(plan);
        expect(ownParameters).not.toBe(parameters);
      },
    ],
    [
      'another tapestry',
      ['pipeline.ts', '--tapestry', 'fails', '--param', 'x=5'],
      ([plan, parameters, ownPlan, ownParameters]) => {
        expect(ownPlan).not.toBe(plan);
        expect(ownParameters).toBe(parameters);
      },
    ],
    [
      'an edited plan',
      ['edited.ts', '--tapestry', 'quickstart', '--param', 'x=5'],
      ([plan, , ownPlan]) => expect(ownPlan).not.toBe(plan),
    ],
    [
      'terminals',
      [...QUICKSTART, '--terminals', 'd'],
      ([plan, , ownPlan], line) => {
        expect(ownPlan).toBe(plan);
        expect(line).toContain('Its terminals are answer; yours are d.');
      },
    ],
  ];

  test.each(rows)('%s', async (_, args, expectDifference) => {
    writeFileSync(path.join(project, 'edited.ts'), PIPELINES.replace("{ id: 'd' }", "{ id: 'doubled' }"));
    const { code, stdout, stderr } = await run(...args, '--run-id', 'taken');
    expect(code).toBe(2);
    expect(stdout).not.toContain('Run taken');
    const line = /^error RunIdInUse: .*"taken".*$/m.exec(stderr)?.[0] ?? '';
    const [, ...hashes] = HASHES.exec(line) ?? [];
    expect(hashes).toHaveLength(4);
    expectDifference(hashes, line);
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
