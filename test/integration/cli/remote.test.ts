import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beginsCommands, makeCommandProject, runCommand } from '../../support/command-line';
import { pageAt, type TestPage } from '../../support/page';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const PIPELINE = `
import { knot, list, tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';
export const asks = tapestry('asks', () => ({ by: waitForSignal('approve', z.string(), { id: 'approval' }) }));
const double = knot('double', ({ x }: { x: number }) => x * 2);
export const sums = tapestry('sums', { parameters: { x: z.number() } }, (_, { x }) => ({ y: double({ x }, { id: 'doubled' }) }));
const say = knot('say', ({ day }: { day: { key: string } }) => day.key);
export const daily = tapestry('daily', { partition: list(['a', 'b']) }, (_, { partition }) => ({
  said: say({ day: partition }, { id: 'said' }),
}));
`;

const begin = beginsCommands();
const laptop = mkdtempSync(path.join(tmpdir(), 'selvage-laptop-'));
afterAll(async () => {
  rmSync(laptop, { recursive: true, force: true });
  await removeProjects();
});

let project: string;
let page: TestPage;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINE });
  const ui = begin(project, ['ui', 'pipeline.ts']);
  page = pageAt((await ui.hasWritten(/Page (http:\/\/127\.0\.0\.1:\d+\/\?token=\S+)/))[1]!);
  await until('the page has reached the server', async () =>
    (await page.question('project.about', {})).body.includes('"serverState":"connected"'),
  );
  env = { SELVAGE_API: page.url, SELVAGE_TOKEN: page.token };
});

/** Without the line that says who answers. */
const withoutPlace = (text: string): string => text.replace(/^(?:API|Temporal) .*\n/m, '');

/** A command in a folder without a project. */
const far = async (...words: string[]): ReturnType<typeof runCommand> => await runCommand(laptop, words, env);

test('questions and acts of a project elsewhere are answered as there', async () => {
  await page.act('runs.start', { tapestry: 'asks', parameters: {}, runId: 'one' });
  await page.act('runs.start', { tapestry: 'asks', parameters: {}, runId: 'two' });
  for (const [runId, x] of [
    ['sum', 'x=2'],
    ['other', 'x=3'],
  ] as const) {
    const words = ['run', 'pipeline.ts', '--tapestry', 'sums', '--param', x, '--run-id', runId];
    expect(await runCommand(project, words)).toMatchObject({ code: 0 });
  }
  const { items } = await page.ask('lineage.list', { runId: 'sum', knotId: 'doubled' });
  const hash = items[0]!.outputHash!;
  const ofRecords = [
    ['lineage', '--run', 'sum'],
    ['runs', 'list'],
    ['runs', 'list', '--status', 'succeeded', '--limit', '1'],
    ['stats', '--by', 'knot', '--since', '2020-01-01', '--until', '2100-01-01'],
    ['why', hash],
    ['impact', hash.slice(0, 20)],
    ['diff', 'sum', 'other'],
    ['cache', 'explain', 'other', 'doubled'],
  ];
  for (const words of [
    ['waiting'],
    ['versions'],
    ['streams', 'list'],
    ['emitters', 'list'],
    ['schedules', 'list'],
    ['schedules', 'preview', '@daily', '--from', '2026-01-01'],
    ...ofRecords,
  ]) {
    const [there, here] = [await runCommand(project, [...words, '--json']), await far(...words, '--json')];
    expect({ words, code: here.code, answer: JSON.parse(here.stdout) as unknown }).toEqual({
      words,
      code: there.code,
      answer: JSON.parse(there.stdout) as unknown,
    });
  }
  for (const words of ofRecords) {
    const [there, here] = [await runCommand(project, words), await far(...words)];
    // A difference is told by the exit code, too.
    expect({ words, code: here.code, text: withoutPlace(here.stdout) }).toEqual({
      words,
      code: words[0] === 'diff' ? 1 : 0,
      text: withoutPlace(there.stdout),
    });
  }
  const partitions = ['partitions', '--tapestry', 'daily', '--from', 'b', '--json'];
  const [there, here] = [await runCommand(project, [...partitions, 'pipeline.ts']), await far(...partitions)];
  expect(JSON.parse(here.stdout)).toEqual(JSON.parse(there.stdout));
  expect(JSON.parse(here.stdout)).toMatchObject({ items: [{ key: 'b', state: 'missing' }] });
  const twice = await far('partitions', 'pipeline.ts', '--tapestry', 'daily');
  expect(twice).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('leave pipeline.ts out') as string,
  });
  const waiting = await far('waiting');
  expect(waiting.stdout).toContain('asks');
  expect(await far('signal', 'one', 'approve', '"ada"', '--timeout', '1s')).toMatchObject({
    stderr: expect.stringMatching(/^error NoWorker: /m) as string,
  });
  // A page knows the task queues of its file, too.
  expect(await far('workers')).toMatchObject({ stdout: expect.stringContaining('selvage/asks') as string });
  const pruned = await far('events', 'prune', '--older-than', '3650d', '--yes');
  expect(pruned).toMatchObject({ code: 0, stdout: expect.stringContaining('Removed 0 events') as string });
  expect(await far('runs', 'terminate', 'one')).toMatchObject({ code: 0 });
  expect(await page.ask('runs.show', { runId: 'one' })).toMatchObject({ run: { status: 'terminated' } });
  // Nothing was made here.
  expect(existsSync(path.join(laptop, '.selvage'))).toBe(false);
});

test('without a token, acts are refused; without a page, it says where none is', async () => {
  const stranger = await runCommand(laptop, ['runs', 'terminate', 'two', '--api', page.url]);
  expect(stranger).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error Unauthenticated: .*SELVAGE_TOKEN/m) as string,
  });
  const nowhere = await runCommand(laptop, ['waiting', '--api', 'http://127.0.0.1:1']);
  expect(nowhere.stderr).toMatch(
    /^error ServerUnreachable: The API at http:\/\/127\.0\.0\.1:1\/api\/v1\/ does not answer/m,
  );
  expect(nowhere.code).toBeGreaterThan(0);
});

test('a verb that cannot ask elsewhere does not answer from here, unless it is told to', async () => {
  const refused = await far('gc');
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error InvalidConfig: SELVAGE_API names a page elsewhere/m) as string,
  });
  const here = await runCommand(project, ['stats', '--project-dir', '.', '--json'], env);
  expect(here).toMatchObject({ code: 0 });
  const both = await far('waiting', '--api', page.url, '--project-dir', project);
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be used with') as string });
});
