import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { daily, knot, subTapestry, tapestry } from '../../src';
import { findTemporalCli } from '../../src/server';
import { Latch } from '../support/latch';
import { connectSelvage, selvageForAll, unique } from '../support/open-selvage';
import { until } from '../support/until';

const domain = daily('2024-01-01', { timezone: 'Europe/Berlin', last: '2024-01-09' });
let isRaining = true;
const latches = new Map<string, Latch>();

const fetched = knot('fetched', async ({ day }: { day: { key: string; start: Date } }) => {
  await latches.get(day.key)?.passed;
  return day.start.toISOString();
});
const checked = knot('checked', { retry: { maximumAttempts: 1 } }, ({ of }: { of: string }) => {
  if (isRaining) throw new Error('rain');
  return of;
});
const weather = tapestry('weather', { partition: domain }, (_t, { partition }) => ({
  checked: checked({ of: fetched({ day: partition }, { id: 'fetched' }) }, { id: 'checked' }),
}));
const around = tapestry('around', { partition: domain }, (_t, { partition }) => ({
  inner: subTapestry({ tapestry: weather, inputs: { partition } }, { id: 'inner' }),
}));

const taskQueue = unique('partitions');
const shared = selvageForAll({ taskQueue, tapestries: [weather, around] });

beforeEach(() => (isRaining = false));

async function stateOf(key: string): Promise<string | undefined> {
  const [found] = await shared().partitions.list(weather, { from: key, to: key });
  return found?.state;
}

test('a run is of the partition that it was started with, and its partition is as the run is', async () => {
  latches.set('2024-01-01', new Latch());
  expect(await stateOf('2024-01-01')).toBe('missing');
  const run = await shared().start(weather, { partition: '2024-01-01' });
  await until('the run has begun', async () => (await stateOf('2024-01-01')) === 'running');
  latches.get('2024-01-01')!.open();
  expect(await run.values()).toEqual({ checked: '2023-12-31T23:00:00.000Z' });
  expect(await shared().partitions.list(weather, { to: '2024-01-01' })).toMatchObject([
    {
      key: '2024-01-01',
      state: 'ok',
      runs: 1,
      latestRun: { runId: run.runId, status: 'succeeded' },
      reasons: [],
    },
  ]);
});

test('a run that goes on from a failed one is of its partition', async () => {
  isRaining = true;
  const failed = await shared().start(weather, { partition: '2024-01-02' });
  await failed.result();
  expect(await stateOf('2024-01-02')).toBe('failed');
  isRaining = false;
  const resumed = await shared().resume(failed.runId);
  await resumed.result();
  expect(await shared().partitions.list(weather, { from: '2024-01-02', to: '2024-01-02' })).toMatchObject([
    { state: 'ok', runs: 2, latestRun: { runId: resumed.runId } },
  ]);
});

test("a run that Temporal's own command starts, or a knot of another tapestry, is of its partition", async () => {
  const { address, namespace } = shared().location;
  await promisify(execFile)(await findTemporalCli(), [
    ...['workflow', 'execute', '--address', address, '--namespace', namespace, '--task-queue', taskQueue],
    ...['--type', 'weather', '--workflow-id', `${taskQueue}-raw`, '--input', '{"partition":"2024-01-03"}'],
  ]);
  expect(await stateOf('2024-01-03')).toBe('ok');
  const nested = await shared().start(around, { partition: '2024-01-04' });
  await nested.result();
  expect(await stateOf('2024-01-04')).toBe('ok');
  expect(await shared().partitions.list(around, { state: 'ok' })).toMatchObject([{ key: '2024-01-04' }]);
});

test('a run that was ended without a word makes its partition a failed one', async () => {
  latches.set('2024-01-05', new Latch());
  const run = await shared().start(weather, { partition: '2024-01-05' });
  await until('the run has begun', async () => (await stateOf('2024-01-05')) === 'running');
  await run.terminate('enough');
  latches.get('2024-01-05')!.open();
  await until('that is noticed', async () => (await stateOf('2024-01-05')) === 'failed');
});

test('a run that no worker has begun makes its partition one that is under way', async () => {
  const alone = await connectSelvage();
  const run = await alone.start(weather, { partition: '2024-01-06' });
  const found = await until('the server lists it', async () => {
    const [asked] = await alone.partitions.list(weather, { from: '2024-01-06', to: '2024-01-06' });
    return asked?.state === 'running' && asked;
  });
  expect(found).toMatchObject({ runs: 1, latestRun: { runId: run.runId, status: 'running' } });
  await run.terminate();
});

test('a partition that there is not refuses the start, and says which there are', async () => {
  await expect(shared().start(weather, { partition: '2024-01-10' })).rejects.toMatchObject({
    code: 'InvalidParameters',
    message: expect.stringContaining('the last one is 2024-01-09') as string,
  });
});
