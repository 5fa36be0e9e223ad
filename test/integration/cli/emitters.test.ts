import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { openBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { Command, makeCommandProject, runCommand, runWarm, type Finished } from '../../support/command-line';
import { until } from '../../support/until';

/** Hears all but a knot called `bad`, which it never takes; writes ids of events to a file. */
const PIPELINE = `
import { appendFileSync, existsSync } from 'node:fs';
import { emitter, knot, tapestry } from 'selvage';
const one = knot('one', () => 1);
export const quickstart = tapestry('quickstart', () => ({ end: one({}, { id: 'end' }) }));
export const emitters = [emitter('file', async (events) => {
  const rejected = existsSync('mended') ? [] : events.filter(({ id }) => id.includes('/bad/')).map(({ id }) => ({ id, reason: 'it is bad' }));
  for (const { id } of events) if (!rejected.some((one) => one.id === id)) appendFileSync('received', id + '\\n');
  return { rejected };
}, { from: 'beginning' })];
`;
const CONFIG = `
import { appendFileSync } from 'node:fs';
import { emitter } from 'selvage';
export default { emitters: [emitter('all', async (events) => { for (const { id } of events) appendFileSync('all', id + '\\n'); }, { from: 'beginning' })] };
`;
/** An emitter, and no tapestry. */
const APART = `
import { appendFileSync } from 'node:fs';
import { emitter } from 'selvage';
export const apart = emitter('apart', async (events) => { for (const { id } of events) appendFileSync('apart', id + '\\n'); }, { from: 'beginning' });
`;
const EVENTS = ['t-r1/started', 't-r1/good/finished', 't-r1/bad/finished', 't-r1/ended/succeeded'];

let project: string;
const cli = (...args: string[]): Promise<Finished> => runWarm(project, args);
const received = (file: string): string[] => {
  const name = path.join(project, file);
  return existsSync(name) ? readFileSync(name, 'utf8').split('\n').slice(0, -1) : [];
};

async function withBackends<T>(work: (backends: Backends) => Promise<T>): Promise<T> {
  const backends = await openBackends({ projectDir: project, environment: {} });
  try {
    return await work(backends);
  } finally {
    await backends.close();
  }
}

async function writeRun(id: string): Promise<void> {
  await withBackends(async ({ runHistory }) => {
    const of = { run_id: id, temporal_run_id: `t-${id}` };
    await runHistory.startRun(sampleRun(of));
    for (const knot_id of ['good', 'bad']) await runHistory.commit([sampleLineage({ ...of, knot_id })]);
    await runHistory.endRun(of.temporal_run_id, { status: 'succeeded', finished_at: 9, details: {} });
  });
}

const reports = async (): Promise<Record<string, unknown>[]> =>
  (JSON.parse((await cli('emitters', 'list', '--json')).stdout) as { items: never[] }).items;

beforeEach(() => {
  project = makeCommandProject({
    'pipeline.ts': PIPELINE,
    'selvage.config.ts': CONFIG,
    'twice.ts': PIPELINE.replace("emitter('file'", "emitter('all'"),
    'apart.ts': APART,
  });
});

test('emit delivers to the emitters of the file and of the project; what one gave up, and where it is, is a matter of verbs', async () => {
  await writeRun('r1');
  const emitting = await runCommand(project, ['emit', 'pipeline.ts', '--until-caught-up']);
  expect(emitting).toMatchObject({ code: 0, stdout: expect.stringContaining('file, all') as string });
  expect(received('all')).toEqual(EVENTS);
  expect(received('received')).toEqual(EVENTS.filter((id) => !id.includes('bad')));

  await writeRun('r2');
  const [all, file] = await reports();
  expect([all!['name'], file!['name']]).toEqual(['all', 'file']);
  expect(file).toMatchObject({ state: 'unassigned', delivered: 3, deadLetters: 1 });
  expect(file!['lag']).toMatchObject({ changes: 4, atLeast: false, ageMs: expect.any(Number) as number });
  expect((await cli('emitters', 'list')).stdout).toMatch(/file +unassigned .*4 changes/);
  // What the doctor says of them.
  const { stdout } = await cli('doctor', '--json');
  expect(stdout).toContain('file: unassigned, 4 changes behind, 1 dead letters');

  const dead = JSON.parse((await cli('emitters', 'dead-letters', 'file', '--json')).stdout) as {
    items: { eventId: string; reason: string }[];
  };
  expect(dead.items).toMatchObject([{ eventId: 't-r1/bad/finished', reason: 'it is bad' }]);
  expect((await cli('emitters', 'redrive', 'file')).code).toBe(0);
  const skipped = await cli('emitters', 'skip', 'file', '--changes', '2');
  expect(skipped.stdout + skipped.stderr).toContain('selvage emitters replay file --from');
  expect((await cli('emitters', 'replay', 'all', '--from', 'beginning')).code).toBe(0);
  expect((await cli('emitters', 'resume', 'file')).code).toBe(0);

  const worker = new Command(project, ['emit', 'pipeline.ts']);
  await until('all is heard again', () => received('all').length === 12);
  expect(await cli('emitters', 'remove', 'all')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('EmitterInUse') as string,
  });
  worker.signal('SIGTERM');
  expect(await worker.finished).toMatchObject({ code: 0 });
  expect(received('received').filter((id) => id.startsWith('t-r2/'))).toEqual(['t-r2/ended/succeeded']);
  expect((await cli('emitters', 'remove', 'all')).code).toBe(0);
  expect((await reports()).map(({ name }) => name)).toEqual(['file']);
});

test('the emitters of a file without a tapestry hear of all runs', async () => {
  await writeRun('r1');
  expect(await cli('emit', 'apart.ts', '--until-caught-up')).toMatchObject({ code: 0 });
  expect(received('apart')).toEqual(EVENTS);
});

test.each([
  ['emit', ['emit', 'missing.ts'], 'missing.ts'],
  ['emit with two', ['emit', 'twice.ts'], 'DuplicateEmitter'],
  ['dead', ['emitters', 'dead-letters', 'fiel'], 'UnknownEmitter'],
  ['dead of an event', ['emitters', 'dead-letters', 'file', '--event', 'e'], '--event'],
  ['redrive', ['emitters', 'redrive', 'fiel'], 'UnknownEmitter'],
  ['discard', ['emitters', 'discard', 'fiel'], 'UnknownEmitter'],
  ['replay', ['emitters', 'replay', 'fiel', '--from', 'beginning'], 'UnknownEmitter'],
  ['replay from nowhere', ['emitters', 'replay', 'file', '--from', '99_99'], 'InvalidCursor'],
  ['replay without a place', ['emitters', 'replay', 'file'], '--from'],
  ['skip', ['emitters', 'skip', 'fiel'], 'UnknownEmitter'],
  ['skip nothing', ['emitters', 'skip', 'file', '--changes', 'few'], 'few'],
  ['resume', ['emitters', 'resume', 'fiel'], 'UnknownEmitter'],
  ['remove', ['emitters', 'remove', 'fiel'], 'UnknownEmitter'],
])('wrong input is refused: %s', async (_, args, complaint) => {
  await withBackends(async ({ runHistory }) => {
    await runHistory.startRun(sampleRun());
    await runHistory.emitterTableBeside!().begin('file', { position: null, positionAt: null });
  });
  const { code, stdout, stderr } = await cli(...args);
  expect(code).not.toBe(0);
  expect(code).not.toBeNull();
  expect(stdout).toBe('');
  expect(stderr).toContain(complaint);
});
