import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { removeProjects } from '../server/projects';
import { PIPELINES } from './pipelines';

const HISTORY = path.resolve(__dirname, '../../replay/histories/behaviour-1/diamond-0.json.gz');
const WITH_CHILD_RUN = path.resolve(__dirname, '../../replay/histories/behaviour-1/map-0.json.gz');
const MAPPED = `
import { knot, map, tapestry } from 'selvage';

const list = knot('list', () => [1, 2]);

export const mapped = tapestry('mapped', () => ({
  end: map({ over: list({}, { id: 'list' }), each: ({ element }) => element + 1 }, { id: 'end' }),
}));
`;
let project: string;

beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINES, 'mapped.ts': MAPPED });
  await runWarm(project, [
    'run',
    'pipeline.ts',
    '--tapestry',
    'quickstart',
    '--param',
    'x=5',
    '--run-id',
    'good',
  ]);
});
afterAll(removeProjects);

function selvage(...args: string[]): Promise<Finished> {
  return runWarm(project, ['replay', ...args]);
}

/** As it would be if the interpreter had done something else. */
function writeChanged(): void {
  const text = gunzipSync(readFileSync(HISTORY)).toString();
  expect(text).toContain('"name":"add"');
  writeFileSync(path.join(project, 'changed.json'), text.replace('"name":"add"', '"name":"another"'));
}

test('a run that this version can go on with: 0', async () => {
  const { code, stdout, stderr } = await selvage('good');
  expect(stdout).toMatch(/^replays {2}[0-9a-f-]{36} {2}quickstart, \d+ events$/m);
  expect(stdout).toMatch(/^This version can go on with it: 1 execution replayed\.$/m);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const document = JSON.parse((await selvage('good', '--json')).stdout) as object;
  expect(document).toMatchObject({
    replays: true,
    executions: [{ runId: 'good', tapestry: 'quickstart', verdict: 'replays' }],
    server: { source: 'embedded' },
  });
});

test('child runs are replayed, too; of a history in a file, those that are not are named', async () => {
  await runWarm(project, ['run', 'mapped.ts', '--run-id', 'mapped']);
  const { code, stdout } = await selvage('mapped');
  expect(stdout).toMatch(/^replays {2}[0-9a-f-]{36} {2}mapped, \d+ events$/m);
  expect(stdout).toMatch(/^replays {2}[0-9a-f-]{36} {2}selvage\.map, \d+ events, child run mapped\/end$/m);
  expect(stdout).toMatch(/^This version can go on with it: 2 executions replayed\.$/m);
  expect(code).toBe(0);

  const ofFile = await selvage('--file', WITH_CHILD_RUN);
  expect(ofFile.stdout).toMatch(
    /^This version can go on with it as far as was tried: 1 execution replayed\.$/m,
  );
  expect(ofFile.stdout).toMatch(/^Not tried: 1 child run, with histories of their own: .*\/\w+\./m);
  const document = JSON.parse((await selvage('--file', WITH_CHILD_RUN, '--json')).stdout) as object;
  expect(document).toMatchObject({ replays: true, skippedChildRuns: [expect.stringContaining('/')] });
});

test('a history in a file, gzipped or not, without a server; one that differs: 1, and where', async () => {
  expect((await selvage('--file', HISTORY)).code).toBe(0);
  writeChanged();
  const { code, stdout, stderr } = await selvage('--file', 'changed.json');
  expect(code).toBe(1);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^nondeterministic .*diamond/m);
  expect(stdout).toMatch(/NonDeterminism: Event \d+ .* ActivityTaskScheduled of "another" as .*'add'/);
  const document = JSON.parse((await selvage('--file', 'changed.json', '--json')).stdout) as object;
  expect(document).toMatchObject({
    replays: false,
    executions: [
      {
        verdict: 'nondeterministic',
        difference: { event: expect.any(Number) as number },
        error: { code: 'NonDeterminism' },
      },
    ],
  });
});

test.each([
  ['an unknown run', ['nobody'], /^error UnknownRun: .*"nobody"/m],
  ['neither run nor file', [], /^error Usage: .*--file/m],
  ['both of them', ['good', '--file', HISTORY], /^error Usage: .*--file/m],
  ['a file that is not there', ['--file', 'absent.json'], /^error FileNotFound: .*absent\.json/m],
  ['a file that is no JSON', ['--file', 'pipeline.ts'], /^error FileNotLoadable: pipeline\.ts is no JSON/m],
  ['a file that is no history', ['--file', 'package.json'], /^error FileNotLoadable: .*no history/m],
])('%s: one line, where more is, and 2', async (_, args, error) => {
  writeFileSync(path.join(project, 'package.json'), '{}');
  const { code, stderr } = await selvage(...args);
  expect(stderr).toMatch(error);
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  expect(code).toBe(2);
});
