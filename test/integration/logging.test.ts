import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { traceIdOf } from '../../src/adapters/open-telemetry/ids';
import { openBackends } from '../../src/backends';
import { Command, makeCommandProject, runWarm } from '../support/command-line';
import { removeProjects } from './server/projects';

/** A script as users write them: a failing body, a retried one, and one that logs. */
const SCRIPT = `
const { knot, tapestry } = require('selvage');
const { Selvage } = require('selvage/client');

const speak = knot('speak', (_, { logger }) => {
  logger.info('spoken', { a: 1 });
  logger.warn({ b: [2] }, 'as pino');
  logger.debug('whispered');
  return 1;
});
const fail = knot('fail', { retry: { maximumAttempts: 2, initialInterval: 1 } }, () => {
  throw new RangeError('expected');
});
const speaks = tapestry('speaks', () => ({ one: speak({}, { id: 'one' }), two: fail({}, { id: 'two' }) }));

async function main() {
  const lines = [];
  const method = (level) => (fields, message) => lines.push({ level, message, fields });
  const logger = { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
  const selvage = await Selvage.open({ tapestries: [speaks], ...(process.argv[2] === 'logger' && { logger }) });
  try {
    const run = await selvage.start(speaks, {}, { runId: process.argv[3] });
    await run.result();
  } finally {
    await selvage.close();
  }
  console.log(JSON.stringify(lines));
}
main();
`;
const PIPELINE = `
import { knot, tapestry } from 'selvage';
const one = knot('one', (_: {}, { logger }) => {
  logger.info('at work', { rows: 3 });
  return 1;
});
export const works = tapestry('works', () => ({ one: one({}, { id: 'one' }) }));
`;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /gm;
interface Line {
  level: string;
  message: string;
  fields: Record<string, unknown>;
}
let project: string;

beforeAll(() => {
  project = makeCommandProject({ 'script.js': SCRIPT, 'pipeline.ts': PIPELINE });
});
afterAll(removeProjects);

async function runScript(words: string[], environment: NodeJS.ProcessEnv = {}) {
  const { SELVAGE_LOG: _, NODE_OPTIONS: __, ...env } = process.env;
  const child = spawn(process.execPath, ['script.js', ...words], {
    cwd: project,
    env: { ...env, ...environment },
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  await once(child, 'close');
  return texts;
}

test('a script says what its bodies say, on stderr, and nothing else', async () => {
  const { stdout, stderr } = await runScript(['plain', 'plain-1']);
  expect(stdout).toBe('[]\n');
  expect(stderr.replaceAll(TIME, '').split('\n').sort()).toEqual([
    '',
    'info plain-1 one: spoken { a: 1 }',
    'warn plain-1 one: as pino { b: [ 2 ] }',
  ]);
});

test('a logger gets it all, with fields, and the terminal nothing', async () => {
  const { stdout, stderr } = await runScript(['logger', 'logged-1']);
  expect(stderr).toBe('');
  const lines = JSON.parse(stdout) as Line[];
  const about = { runId: 'logged-1', knotId: 'one', attempt: 1 };
  expect(lines).toContainEqual({ level: 'info', message: 'spoken', fields: { ...about, a: 1 } });
  expect(lines).toContainEqual({ level: 'warn', message: 'as pino', fields: { ...about, b: [2] } });
  expect(lines).toContainEqual({ level: 'debug', message: 'whispered', fields: about });
  const loud = lines.filter(({ level, fields }) => level !== 'debug' && fields['knotId'] === undefined);
  const backends = await openBackends({ projectDir: project, environment: {} });
  const { temporal_run_id } = (await backends.runHistory.getRun('logged-1'))!;
  await backends.close();
  const traceId = traceIdOf(temporal_run_id);
  expect(loud.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'info Run logged-1 of speaks begins',
    `warn Run logged-1 of speaks ended: failed: RangeError: expected (knot two, trace ${traceId})`,
  ]);
  expect(loud[1]!.fields).toMatchObject({
    runId: 'logged-1',
    status: 'failed',
    error: { type: 'RangeError', message: 'expected', knotId: 'two' },
    trace_id: traceId,
  });
  expect(loud[1]!.fields).toMatchObject({ runId: 'logged-1', tapestry: 'speaks', status: 'failed' });
});

test('SELVAGE_LOG=debug brings what Temporal says, on stderr', async () => {
  const { stdout, stderr } = await runScript(['plain', 'debug-1'], { SELVAGE_LOG: 'debug' });
  expect(stdout).toBe('[]\n');
  const lines = stderr.replaceAll(TIME, '');
  expect(lines).toMatch(/^warn temporal debug-1 two: Activity failed.*expected/m);
  expect(lines).toMatch(/^debug debug-1 one: whispered$/m);
  expect(lines).toMatch(/^debug temporal/m);
});

test('selvage worker tells of runs that it begins and ends, and what their bodies say: when, and of which run', async () => {
  const worker = new Command(project, ['worker', 'pipeline.ts']);
  await worker.hasWritten(/Worker of works/);
  await runWarm(project, ['run', 'pipeline.ts', '--detach', '--run-id', 'w-1']);
  await worker.hasWritten(/Run w-1 of works ended: succeeded$/m);
  worker.signal('SIGTERM');
  const { stdout, stderr } = await worker.finished;
  expect(stdout).toBe('');
  expect(stderr.split('\n').filter((line) => !new RegExp(TIME).test(line))).toEqual(['']);
  expect(stderr.replaceAll(TIME, '')).toMatch(
    /^info Worker of works.*\ninfo Run w-1 of works begins\ninfo w-1 one: at work \{ rows: 3 \}\ninfo Run w-1 of works ended: succeeded\ninfo Stopping/m,
  );
});

test('SELVAGE_LOG_FORMAT=json makes every line of a worker an object', async () => {
  const worker = new Command(project, ['worker', 'pipeline.ts'], { SELVAGE_LOG_FORMAT: 'json' });
  await worker.hasWritten(/Worker of works/);
  await runWarm(project, ['run', 'pipeline.ts', '--detach', '--run-id', 'w-2']);
  await worker.hasWritten(/Run w-2 of works ended/);
  worker.signal('SIGTERM');
  const { stderr } = await worker.finished;
  const lines = stderr.trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        level: 'info',
        message: expect.stringMatching(/^Worker of works/) as string,
      }),
      expect.objectContaining({
        runId: 'w-2',
        knotId: 'one',
        attempt: 1,
        message: 'at work',
        fields: { rows: 3 },
      }),
      expect.objectContaining({ level: 'info', message: 'Run w-2 of works ended: succeeded', runId: 'w-2' }),
    ]),
  );
});
