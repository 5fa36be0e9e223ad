import { createInMemoryBackends } from '../../../src/backends/in-memory';
import type { AskOf } from '../../../src/operations';
import { call } from '../../../src/operations/call';
import { overview as operation } from '../../../src/operations/project/overview';
import { projectData, type Rights } from '../../../src/operations/surroundings';
import type { RunRecord } from '../../../src/ports';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { nobody } from '../../support/page';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const caller: Rights = { mayAct: false, isReadOnly: true, maySeeSecrets: true };

/** A project whose runs began and ended so many milliseconds ago. */
async function project() {
  const backends = createInMemoryBackends();
  const { runHistory } = backends;
  const now = await runHistory.now();
  const run = async (id: string, began: number, ended?: number, changes: Partial<RunRecord> = {}) => {
    const { status = 'succeeded', details = {}, ...others } = changes;
    const record = sampleRun({ run_id: id, temporal_run_id: `${id}-1`, started_at: now - began, ...others });
    await runHistory.startRun({ ...record, details });
    if (ended !== undefined)
      await runHistory.endRun(record.temporal_run_id, { status, finished_at: now - ended, details });
  };
  const overview = (ask: AskOf<'project.overview'> = {}) =>
    call({ ...projectData(backends, nobody), caller }, 'project.overview', ask);
  return { run, overview, runHistory };
}

const failed = (details: RunRecord['details'] = {}): Partial<RunRecord> => ({ status: 'failed', details });

test('a project without runs needs no attention, and what only the server knows is left out', async () => {
  const { overview } = await project();
  const answer = await overview();
  expect(answer).toMatchObject({ attention: [], total: 0, hours: [], truncated: false });
  expect(answer.schedules).toBeUndefined();
  expect(answer.health).toEqual({ server: 'unreachable', emitters: [], triggers: [] });
});

test('failed runs are told with the first line of their error, newest first', async () => {
  const { run, overview } = await project();
  const error = { type: 'KnotFailed', message: 'Knot "load" failed: no such table\nat line 3' };
  await run('older', 3 * HOUR, 2 * HOUR, failed({ error }));
  await run('newer', 3 * HOUR, HOUR, failed());
  await run('went-well', 3 * HOUR, HOUR);
  const { attention } = await overview();
  expect(attention).toEqual([
    expect.objectContaining({ kind: 'failed', runId: 'newer', act: 'resume' }),
    expect.objectContaining({
      runId: 'older',
      error: { type: 'KnotFailed', message: 'Knot "load" failed: no such table' },
    }),
  ]);
});

test('a run that failed by a knot is told with the first one that failed', async () => {
  const { run, overview, runHistory } = await project();
  await run('failed', 3 * HOUR, HOUR, failed());
  const knotFailed = (knot_id: string, finished_at: number) =>
    sampleLineage({
      run_id: 'failed',
      temporal_run_id: 'failed-1',
      knot_id,
      finished_at,
      outcome: 'err',
      output_hash: null,
      output_size: null,
      error_record_id: `err_${knot_id}`,
      extra: { error: { type: 'TypeError', message: `no ${knot_id}\nsecond line` } },
    });
  await runHistory.commit([knotFailed('later', 2), knotFailed('first', 1)]);
  expect((await overview()).attention).toEqual([
    expect.objectContaining({
      runId: 'failed',
      knotId: 'first',
      error: { type: 'TypeError', message: 'no first' },
    }),
  ]);
});

test('a run that failed before the window counts, if at all, by when it failed', async () => {
  const { run, overview } = await project();
  await run('long', 2 * DAY, HOUR, failed());
  await run('before', 3 * DAY, 2 * DAY, failed());
  expect((await overview()).attention.map(({ runId }) => runId)).toEqual(['long']);
  expect((await overview({ since: '7d' })).attention.map(({ runId }) => runId)).toEqual(['long', 'before']);
});

test('neither a resumed run nor a child run whose parent failed is told', async () => {
  const { run, overview } = await project();
  await run('resumed', 3 * HOUR, 2 * HOUR, failed({ resumed_as: ['again'] }));
  await run('parent', 3 * HOUR, HOUR, failed());
  await run('child', 3 * HOUR, HOUR, { ...failed(), parent_run_id: 'parent' });
  await run('alone', 3 * HOUR, HOUR, { ...failed(), parent_run_id: 'went-well' });
  const { attention } = await overview();
  expect(attention.map(({ runId }) => runId).sort()).toEqual(['alone', 'parent']);
});

test('an unfinished run is late when it lasts longer than twice what is usual', async () => {
  const { run, overview } = await project();
  for (let at = 0; at < 5; at++) await run(`usual-${at}`, DAY, DAY - 10 * MINUTE);
  for (let at = 0; at < 4; at++) await run(`few-${at}`, DAY, DAY - MINUTE, { tapestry: 'few' });
  await run('late', 25 * MINUTE);
  await run('in-time', 15 * MINUTE);
  await run('nothing-is-usual', 5 * HOUR, undefined, { tapestry: 'few' });
  const { attention } = await overview();
  expect(attention).toEqual([
    expect.objectContaining({ kind: 'late', runId: 'late', tapestry: 'quickstart', act: 'open' }),
  ]);
  expect(attention[0]!.usualMs! / (10 * MINUTE)).toBeCloseTo(1, 1);
});

test('a tapestry that became slower or fails more often is told', async () => {
  const { run, overview } = await project();
  for (let at = 0; at < 50; at++) {
    await run(`before-${at}`, 2 * DAY, 2 * DAY - MINUTE);
    await run(`now-${at}`, HOUR, HOUR - 5 * MINUTE);
  }
  const { attention } = await overview();
  expect(attention).toEqual([
    expect.objectContaining({
      kind: 'worse',
      tapestry: 'quickstart',
      regression: expect.objectContaining({ what: 'p50', samples: 50, samplesBefore: 50 }) as unknown,
    }),
  ]);
});

test('runs are counted by the hour in which they began, and by status', async () => {
  const { run, overview } = await project();
  await run('one', 2 * HOUR, HOUR);
  await run('two', 2 * HOUR, HOUR, failed());
  await run('three', 2 * HOUR, HOUR);
  await run('four', 5 * HOUR);
  await run('yesterday', 30 * HOUR, 29 * HOUR);
  const { hours } = await overview();
  expect(hours.map(({ counts }) => counts)).toEqual([{ running: 1 }, { succeeded: 2, failed: 1 }]);
  expect(hours.every(({ at }) => at % HOUR === 0)).toBe(true);
  expect(hours[1]!.at - hours[0]!.at).toBe(3 * HOUR);
});

test('more items than asked for are counted', async () => {
  const { run, overview } = await project();
  for (let at = 0; at < 5; at++) await run(`failed-${at}`, HOUR, HOUR - MINUTE, failed());
  const answer = await overview({ limit: 2 });
  expect(answer.attention).toHaveLength(2);
  expect(answer.total).toBe(5);
});

test('its examples are asks that it takes', () => {
  for (const example of operation.examples!) expect(() => operation.ask.parse(example)).not.toThrow();
});
