import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, makeCommandProject, runCommand, runWarm, type Finished } from '../../support/command-line';
import { docsOf } from '../../../src/errors';
import { removeProjects } from '../server/projects';
import { PIPELINES } from './pipelines';
import { refusal } from '../../support/refusal';

const FILE = 'pipeline.ts';
const HALVES = `
import { knot, tapestry } from 'selvage';
import { z } from 'zod';

const double = knot('double', ({ x }: { x: number }) => x * 2);

export const halves = tapestry('halves', (t) => ({
  a: double({ x: t.parameter('x', z.number()) }, { id: 'a' }),
  b: double({ x: t.parameter('y', z.number()) }, { id: 'b' }),
}));
`;
let project: string;

beforeAll(() => {
  project = makeCommandProject({ [FILE]: PIPELINES, 'halves.ts': HALVES });
});
afterAll(removeProjects);

function run(...args: string[]): Promise<Finished> {
  return runWarm(project, ['run', FILE, ...args]);
}

/** As a user has it: exit code and streams are those of the process. */
function runAlone(...args: string[]): Promise<Finished> {
  return runCommand(project, ['run', FILE, ...args]);
}

interface RunDocument {
  runId: string;
  status: string;
  succeeded: boolean;
  counts: Record<string, number>;
  values: Record<string, unknown>;
  outputs: Record<string, unknown>;
  outcomes: Record<string, { kind: string; reason?: string; error?: { type: string; message: string } }>;
  lineage: { location: string; command: string };
  server: { address: string; namespace: string; source: string };
}

test('a person sees server, run, values, and how to ask on', async () => {
  const { code, stdout, stderr } = await runAlone('--tapestry', 'quickstart', '--param', 'x=5');
  expect(stderr).toBe('');
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(/^Temporal embedded server 127\.0\.0\.1:\d+, namespace default$/);
  const runId = /^Run (quickstart-[0-9a-f]{12}) of quickstart$/.exec(lines[1]!)?.[1];
  expect(runId).toBeDefined();
  expect(stdout).toMatch(new RegExp(`^Run ${runId} succeeded in .* 3 knots ok, 0 failed, 0 skipped$`, 'm'));
  expect(stdout).toMatch(/^ {2}answer {2}15$/m);
  expect(stdout).toContain(path.join(project, '.selvage', 'selvage.db'));
  expect(stdout).toContain(`selvage lineage --run ${runId}`);
  expect(code).toBe(0);
});

test('of chosen terminals, only the parameters that they need are asked for', async () => {
  const { code, stdout } = await runWarm(project, ['run', 'halves.ts', '--terminals', 'a', '--param', 'x=5']);
  expect(stdout).toMatch(/^ {2}a {2}10$/m);
  expect(code).toBe(0);
});

test('a body that changes the working directory moves nothing of the run', async () => {
  const moving = makeCommandProject({
    'moving.ts': `
import { tmpdir } from 'node:os';
import { knot, tapestry } from 'selvage';
const move = knot('move', () => { process.chdir(tmpdir()); return 1; });
const after = knot('after', ({ x }: { x: number }) => 'x'.repeat(100_000).length + x);
export const moved = tapestry('moved', () => ({ end: after({ x: move({}, { id: 'move' }) }, { id: 'after' }) }));
`,
  });
  const { code, stdout } = await runCommand(moving, ['run', 'moving.ts', '--run-id', 'moved']);
  expect(stdout).toContain(`Lineage  ${path.join(moving, '.selvage', 'selvage.db')}`);
  expect(code).toBe(0);
  expect((await runWarm(moving, ['lineage', '--run', 'moved'])).stdout).toMatch(/^after {2}ok/m);
});

test('nobody reads what it writes: the run goes on to its end all the same', async () => {
  const args = ['run', FILE, '--tapestry', 'quickstart', '--param', 'x=5', '--run-id', 'unread'];
  const command = new Command(project, args);
  command.stopReading();
  expect(await command.finished).toEqual({ code: 0, stdout: '', stderr: '' });
  const { stdout } = await runWarm(project, ['runs', 'show', 'unread', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ runId: 'unread', status: 'succeeded' });
});

test('--json: one document on stdout, everything else on stderr', async () => {
  const { code, stdout, stderr } = await runAlone('--tapestry', 'quickstart', '--param', 'x=5', '--json');
  const document = JSON.parse(stdout) as RunDocument;
  expect(document).toEqual({
    runId: expect.stringMatching(/^quickstart-/) as string,
    tapestry: 'quickstart',
    status: 'succeeded',
    succeeded: true,
    counts: { ok: 3, err: 0, skipped: 0 },
    values: { answer: 15 },
    outputs: { 'param:x': 5, d: 10, answer: 15 },
    outcomes: { 'param:x': { kind: 'ok' }, d: { kind: 'ok' }, answer: { kind: 'ok' } },
    lineage: {
      location: path.join(project, '.selvage', 'selvage.db'),
      command: expect.stringContaining(`lineage --run ${document.runId}`) as string,
    },
    server: {
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      namespace: 'default',
      source: 'embedded',
    },
  });
  expect(stderr.split('\n')[0]).toContain('Temporal embedded server');
  expect(code).toBe(0);
});

test('--json: what bodies print does not come into the document', async () => {
  const printing = makeCommandProject({
    'prints.ts': `
import { knot, tapestry } from 'selvage';
console.log('loaded');
const prints = knot('prints', () => {
  console.log('from the body');
  process.stdout.write('without console');
  return 1;
});
export const talkative = tapestry('talkative', () => ({ y: prints({}, { id: 'p' }) }));
`,
  });
  const { stdout, stderr } = await runCommand(printing, ['run', 'prints.ts', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ values: { y: 1 } });
  for (const text of ['loaded', 'from the body', 'without console']) expect(stderr).toContain(text);
});

test('--json: a command line that cannot be understood has a document, too', async () => {
  const { code, stdout, stderr } = await run('--json', '--nope');
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    error: { ...refusal('Usage', 'unknown option'), docs: docsOf('Usage') },
  });
  expect(stderr).toMatch(/^error Usage: unknown option '--nope'/);
});

test('a failed run ends with 1, its failure with message and place, and what was skipped for it', async () => {
  const { code, stdout } = await runAlone('--tapestry', 'fails', '--param', 'x=5');
  expect(code).toBe(1);
  expect(stdout).toMatch(/^failed e: RangeError: 10 is too much$/m);
  expect(stdout).toMatch(/^Run \S+ failed in .* 2 knots ok, 1 failed, 1 skipped$/m);
  expect(stdout).toMatch(/^ {2}d {2}10$/m);
  expect(stdout).toMatch(/^ {2}f {2}skipped, because e failed$/m);
  expect(stdout).toMatch(/^ {2}e {2}RangeError: 10 is too much\n {4}at .*pipeline\.ts:8:\d+/m);
});

/** Like `fetch failed` of Node: what happened is in the cause, and the frames above the user's are those of a library. */
const FETCHES = `
import { knot, tapestry } from 'selvage';
import { fetchText } from './library';

const get = knot('get', async (): Promise<string> => {
  return await fetchText();
});
const report = knot('report', { receives: 'outcomes' }, ({ text }: { text: unknown }) => JSON.stringify(text).length > 0);

export const fetches = tapestry('fetches', () => {
  const text = get({}, { id: 'get' });
  return { report: report({ text }, { id: 'report' }) };
});
`;
const LIBRARY = `
export async function fetchText(): Promise<string> {
  const refused = new AggregateError([new Error('connect ECONNREFUSED ::1:80')]);
  Object.assign(refused, { code: 'ECONNREFUSED' });
  throw new TypeError('fetch failed', { cause: refused });
}
`;

test('a failure is told with its place in the own files and all that led to it, by every command that tells of it', async () => {
  const folder = makeCommandProject({ 'fetches.ts': FETCHES });
  mkdirSync(path.join(folder, 'node_modules', 'library'));
  writeFileSync(path.join(folder, 'node_modules', 'library', 'index.ts'), LIBRARY);
  writeFileSync(
    path.join(folder, 'fetches.ts'),
    FETCHES.replace('./library', './node_modules/library/index'),
  );
  const place = path.join(folder, 'fetches.ts') + ':6:16';
  const told = [
    'TypeError: fetch failed',
    `at ${place}`,
    'caused by AggregateError: ECONNREFUSED',
    '- Error: connect ECONNREFUSED ::1:80',
  ];
  const ran = await runCommand(folder, ['run', 'fetches.ts', '--run-id', 'f', '--json']);
  const { outcomes, outputs } = JSON.parse(ran.stdout) as { outcomes: object; outputs: object };
  expect(outcomes).toMatchObject({
    get: { error: { at: place, cause: { type: 'AggregateError', errors: [{ type: 'Error' }] } } },
  });
  expect(outputs).toMatchObject({ report: true });
  const { items } = JSON.parse(
    (await runWarm(folder, ['lineage', '--run', 'f', '--knot', 'report', '--json'])).stdout,
  ) as { items: [{ outputHash: string }] };
  const texts = [
    ran.stderr,
    (await runWarm(folder, ['runs', 'show', 'f'])).stdout,
    (await runWarm(folder, ['lineage', '--run', 'f', '--knot', 'get'])).stdout,
    (await runWarm(folder, ['why', items[0].outputHash])).stdout,
  ];
  for (const text of texts) {
    expect(text.replace(/^[\s│├└─]+/gmu, '')).toContain(told.join('\n'));
  }
});

test('runs show tells what became of a run whose values are gone, and why it does not show them', async () => {
  await run('--tapestry', 'quickstart', '--param', 'x=6', '--run-id', 'scrubbed');
  expect((await runWarm(project, ['scrub', '--run', 'scrubbed', '--yes'])).code).toBe(0);
  const shown = await runWarm(project, ['runs', 'show', 'scrubbed']);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/^ {2}answer {2}ok, its value cannot be read$/m);
  expect(shown.stdout).toMatch(/^Knots\n(?:.*\n)* *d +ok /m);
  expect(shown.stderr).toMatch(/^Values of the run cannot be shown\. .*is not in the data store/);
  const { code, stdout } = await runWarm(project, ['runs', 'show', 'scrubbed', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    status: 'succeeded',
    counts: { ok: 3, err: 0, skipped: 0 },
    values: {},
    outputs: {},
    unreadable: refusal('ValueMissing', 'is not in the data store'),
  });
});
