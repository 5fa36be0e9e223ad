import { z } from 'zod';
import {
  daily,
  knot,
  list,
  local,
  product,
  schedule,
  tapestry,
  type Tapestry,
  type TapestryOptions,
} from '../../src';
import type { AnyTapestry } from '../../src/authoring';
import type { BackfillReport } from '../../src/backfills';
import type { RunHandle, Selvage } from '../../src/client';
import { Latch, aborted } from '../support/latch';
import { onClose, openSelvage, selvageForAll, startWorker, unique } from '../support/open-selvage';
import { OFTEN_BEATING } from '../support/run-limits';
import { until } from '../support/until';

type Daily = Tapestry<{ partition: string }, { made: string }>;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'z'];
const INPUT = z.object({ partition: z.object({ key: z.string() }) });
type Backfill = RunHandle<{ report: BackfillReport }>;
type Body = (key: string, signal: AbortSignal) => unknown;

const echo: Body = (key) => key;

/** A tapestry of partitions, each of which takes what `body` does. */
function dailyOf(body: Body = echo, options: TapestryOptions = {}): Daily {
  const make = knot(unique('make'), { input: INPUT }, async ({ partition }, { signal }) =>
    String(await body(partition.key, signal)),
  );
  return tapestry(unique('daily'), { partition: list(KEYS), ...options }, (_, { partition }) => ({
    made: make({ partition }, { id: 'made', dispatcher: local() }),
  }));
}

async function reportOf(run: Backfill): Promise<BackfillReport> {
  const { outputs } = await run.result();
  return outputs['report'] as BackfillReport;
}

async function runsOf(selvage: Selvage, { name }: Daily): Promise<string[]> {
  const { items } = await selvage.runs.list({ tapestry: name, limit: 1_000 });
  return items.map((run) => `${run.run_id.slice(name.length + 1)} ${run.status}`).sort();
}

/** What the worker of most tests has: to open one takes longer than what a test does with it. */
const served: AnyTapestry[] = [];

function serve<Served extends AnyTapestry>(tapestry: Served): Served {
  served.push(tapestry);
  return tapestry;
}

/** Tapestries of that worker: each test takes one of its own, and says what its partitions do. */
const spare = Array.from({ length: 6 }, () => {
  const taken = { does: echo };
  return { taken, daily: serve(dailyOf((key, signal) => taken.does(key, signal))) };
});

function takeDaily(does: Body = echo): Daily {
  const { taken, daily } = spare.pop()!;
  taken.does = does;
  return daily;
}

// A cancel reaches a body with its next beat.
const shared = selvageForAll({ tapestries: served, workerOptions: OFTEN_BEATING });

describe('a backfill', () => {
  test('starts a run for each partition, whose records name it', async () => {
    const daily = takeDaily();
    const selvage = shared();
    const run = await selvage.partitions.backfill(daily, { keys: ['a', 'b', 'c'], actor: 'ada' });
    const { report } = await run.values();
    expect(report).toMatchObject({ partitions: 3, ok: 3, notOk: [] });
    expect(await runsOf(selvage, daily)).toEqual(['a succeeded', 'b succeeded', 'c succeeded']);
    const record = await selvage.backends.runHistory.getRun(`${daily.name}/a`);
    expect(record).toMatchObject({
      partition: 'a',
      trigger: `backfill:${run.runId}`,
      actor: 'ada',
      details: { event: { backfill: run.runId } },
    });
  });

  test('asked for twice starts nothing twice, also at the same time over ranges that overlap', async () => {
    const counts = new Map<string, number>();
    const daily = takeDaily((key) => counts.set(key, (counts.get(key) ?? 0) + 1));
    const selvage = shared();
    const both = await Promise.all([
      selvage.partitions.backfill(daily, { keys: ['a', 'b', 'c', 'd'] }),
      selvage.partitions.backfill(daily, { keys: ['c', 'd', 'e', 'f'], order: 'backward' }),
    ]);
    const [first, second] = await Promise.all(both.map(reportOf));
    expect([first!.ok, second!.ok]).toEqual([4, 4]);
    const again = await reportOf(await selvage.partitions.backfill(daily, { keys: ['a', 'f'] }));
    expect(again.partitions).toBe(0);
    expect(await runsOf(selvage, daily)).toHaveLength(6);
    expect([...counts.values()]).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('waits for a run that makes a partition already, and leaves it alone', async () => {
    const go = new Latch();
    const daily = takeDaily(async () => await go.passed);
    const selvage = shared();
    await selvage.start(daily, { partition: 'a' }, { runId: `${daily.name}/a`, partition: 'a' });
    await until('the run is there', async () => (await runsOf(selvage, daily)).length === 1);
    const run = await selvage.partitions.backfill(daily, { keys: ['a', 'b'] });
    await until('it has begun', async () => (await runsOf(selvage, daily)).includes('b running'));
    go.open();
    expect(await reportOf(run)).toMatchObject({ ok: 2, awaited: 1 });
    expect(await runsOf(selvage, daily)).toEqual(['a succeeded', 'b succeeded']);
  });

  test('goes on where partitions fail, reports them, and makes them again when it is resumed', async () => {
    const bad = new Set(['b', 'd']);
    const daily = takeDaily((key) => {
      if (bad.has(key)) throw new Error(`no weather for ${key}`);
    });
    const selvage = shared();
    const run = await selvage.partitions.backfill(daily, { keys: ['a', 'b', 'c', 'd'] });
    const { status } = await run.result();
    expect(status).toBe('failed');
    const report = await reportOf(run);
    expect(report).toMatchObject({ partitions: 4, ok: 2, failed: 2 });
    expect(report.notOk[0]).toEqual({
      key: 'b',
      state: 'failed',
      runId: `${daily.name}/b`,
      reason: 'knot "made": Error: no weather for b',
    });
    bad.delete('b');
    const resumed = (await selvage.resume(run.runId)) as unknown as Backfill;
    expect(await reportOf(resumed)).toMatchObject({ partitions: 2, ok: 1, failed: 1 });
    expect(await runsOf(selvage, daily)).toEqual([
      'a succeeded',
      'b failed',
      'b/2 succeeded',
      'c succeeded',
      'd failed',
      'd/2 failed',
    ]);
    const failed = await selvage.partitions.backfill(daily, { keys: ['a', 'd'], state: 'failed' });
    expect((await reportOf(failed)).notOk).toMatchObject([{ runId: `${daily.name}/d/3` }]);
  });

  test('makes in a resume of a resume what failed in the first, or in a run that the first waited for', async () => {
    let go = new Latch();
    const bad = new Set(['a', 'b']);
    const begun: string[] = [];
    const daily = takeDaily(async (key, signal) => {
      begun.push(key);
      if (key === 'a') await Promise.race([go.passed, aborted(signal)]);
      if (bad.has(key)) throw new Error(`no weather for ${key}`);
    });
    const selvage = shared();
    await selvage.start(daily, { partition: 'a' }, { runId: `${daily.name}/a`, partition: 'a' });
    await until('it has begun', () => begun.length === 1);
    const run = await selvage.partitions.backfill(daily, { keys: ['b', 'a'], concurrency: 1 });
    await until('the other has failed', async () => (await runsOf(selvage, daily)).includes('b failed'));
    go.open();
    expect(await reportOf(run)).toMatchObject({ partitions: 2, failed: 2, awaited: 1 });
    go = new Latch();
    // It comes to the first alone.
    const second = await selvage.resume(run.runId);
    await until('it has begun again', () => begun.length === 3);
    await second.cancel();
    await second.result({ outputs: 'none' });
    await until('its run has ended', async () => !(await runsOf(selvage, daily)).join().includes('running'));
    go.open();
    bad.clear();
    const third = (await selvage.resume(second.runId)) as unknown as Backfill;
    expect(await reportOf(third)).toMatchObject({ partitions: 2, ok: 2 });
  });

  test('that is cancelled cancels what it has started, and a resume makes that again', async () => {
    const begun: string[] = [];
    const go = new Latch();
    const daily = takeDaily(async (key, signal) => {
      begun.push(key);
      await Promise.race([go.passed, aborted(signal)]);
    });
    const selvage = shared();
    await selvage.start(daily, { partition: 'z' }, { runId: `${daily.name}/z`, partition: 'z' });
    await until('one has begun', () => begun.includes('z'));
    // Another backfill was about to start this one when its worker was killed.
    await selvage.backends.startLedger.claim([
      {
        trigger: `partition:${daily.name}`,
        key: 'a',
        runId: `${daily.name}/a`,
        requestHash: null,
        event: { backfill: 'another' },
      },
    ]);
    const run = await selvage.partitions.backfill(daily, { keys: ['z', 'a', 'b', 'c', 'd'], concurrency: 3 });
    await until('three have begun', () => begun.length === 3);
    await run.cancel();
    expect(await run.result({ outputs: 'none' })).toMatchObject({ status: 'cancelled' });
    await until(
      'they have ended',
      async () => (await runsOf(selvage, daily)).join() === 'a cancelled,b cancelled,z running',
    );
    go.open();
    const resumed = (await selvage.resume(run.runId)) as unknown as Backfill;
    expect(await reportOf(resumed)).toMatchObject({ failed: 0, cancelled: 0 });
    expect(await runsOf(selvage, daily)).toEqual([
      'a cancelled',
      'a/2 succeeded',
      'b cancelled',
      'b/2 succeeded',
      'c succeeded',
      'd succeeded',
      'z succeeded',
    ]);
  });

  test('cancels what a worker has started that is gone', async () => {
    const daily = dailyOf(async (_, signal) => await aborted(signal));
    const selvage = await openSelvage({ tapestries: [daily], workerOptions: { shutdownGraceTime: 1 } });
    const run = await selvage.partitions.backfill(daily, { keys: ['a', 'b'] });
    await until('two runs are there', async () => (await runsOf(selvage, daily)).length === 2);
    // Nobody works for it when it is cancelled.
    await selvage.close();
    const other = await openSelvage({
      tapestries: [daily],
      backends: selvage.backends,
      taskQueue: selvage.taskQueue!,
      taskQueues: [],
    });
    await other.getRun(run.runId).cancel();
    await other.work(selvage.taskQueue!);
    await other.getRun(run.runId).result({ outputs: 'none' });
    await until(
      'they have ended',
      async () => (await runsOf(other, daily)).join() === 'a cancelled,b cancelled',
    );
  });

  test('does not take all slots of its worker', async () => {
    const daily = dailyOf();
    const queued = knot('queued', { input: INPUT }, ({ partition }) => partition.key);
    const slow = tapestry(unique('slow'), { partition: list(KEYS) }, (_, { partition }) => ({
      made: queued({ partition }, { id: 'made' }),
    }));
    const selvage = await openSelvage({
      tapestries: [daily, slow],
      workerOptions: { maxConcurrentActivityTaskExecutions: 2 },
    });
    const run = await selvage.partitions.backfill(slow, { keys: ['a', 'b', 'c', 'd'] });
    expect(await reportOf(run)).toMatchObject({ ok: 4 });
  });

  test('goes on where another worker takes over', async () => {
    const go = new Latch();
    // A body that ignores its signal would hold up the worker's stop for its grace.
    const daily = dailyOf(async (_, signal) => await Promise.race([go.passed, aborted(signal)]));
    const selvage = await openSelvage({ tapestries: [daily], taskQueues: [] });
    const first = await startWorker(selvage, { tapestries: [daily], shutdownGraceTime: 1 });
    const run = await selvage.partitions.backfill(daily, { keys: ['a', 'b', 'c'], concurrency: 2 });
    await until('two runs are there', async () => (await runsOf(selvage, daily)).length === 2);
    await first.stop();
    go.open();
    await startWorker(selvage, { tapestries: [daily] });
    expect(await reportOf(run)).toMatchObject({ ok: 3, awaited: 0 });
    expect(await runsOf(selvage, daily)).toEqual(['a succeeded', 'b succeeded', 'c succeeded']);
  });

  const madeInOrder: string[] = [];
  const bad = new Set(['c']);
  const ordered = serve(
    dailyOf(
      (key) => {
        if (bad.has(key)) throw new Error('no');
        madeInOrder.push(key);
      },
      { dependsOnPrevious: true },
    ),
  );

  test('keeps the order of partitions that depend on the ones before them, and holds those behind one that failed', async () => {
    const selvage = shared();
    const run = await selvage.partitions.backfill(ordered, { to: 'e', concurrency: 4 });
    const report = await reportOf(run);
    expect(madeInOrder).toEqual(['a', 'b']);
    expect(report).toMatchObject({ partitions: 5, ok: 2, failed: 1, held: 2 });
    expect(report.notOk.at(-1)).toEqual({
      key: 'e',
      state: 'held',
      reason: 'partition d comes before it and is not ok',
    });
    bad.clear();
    const resumed = (await selvage.resume(run.runId)) as unknown as Backfill;
    expect(await reportOf(resumed)).toMatchObject({ partitions: 3, ok: 3 });
    expect(madeInOrder).toEqual(['a', 'b', 'c', 'd', 'e']);
    await expect(selvage.partitions.backfill(ordered, { order: 'backward' })).rejects.toMatchObject({
      details: { option: 'order', reason: 'Conflict' },
    });
  });

  const madeInChains: string[] = [];
  const noteKey = knot('noteKey', { input: INPUT }, ({ partition }) => madeInChains.push(partition.key));
  const weather = serve(
    tapestry(
      unique('weather'),
      {
        partition: product({ place: list(['x', 'y']), day: daily('2024-01-01', { last: '2024-01-04' }) }),
        dependsOnPrevious: true,
      },
      (_, { partition }) => ({ made: noteKey({ partition }, { id: 'made', dispatcher: local() }) }),
    ),
  );

  test('keeps the order within each chain of a product, with the chains beside one another', async () => {
    const { report } = await (await shared().partitions.backfill(weather, { concurrency: 3 })).values();
    expect(report).toMatchObject({ partitions: 8, ok: 8 });
    for (const place of ['x', 'y']) {
      const days = madeInChains.filter((key) => key.startsWith(place));
      expect(days).toEqual([...days].sort());
      expect(days).toHaveLength(4);
    }
  });

  const DAY = 86_400_000;
  const dayBefore = (days: number): string => new Date(Date.now() - days * DAY).toISOString().slice(0, 10);
  const visit = knot('visit', { input: INPUT }, ({ partition }) => partition.key);
  const visits = serve(
    tapestry(
      unique('visits'),
      { partition: daily(dayBefore(9)), parameters: { site: z.string() } },
      (_, { partition }) => ({ made: visit({ partition }, { id: 'made', dispatcher: local() }) }),
    ),
  );

  test('is what a schedule of a partitioned tapestry starts: what has closed within the catch-up and is missing', async () => {
    const selvage = shared();
    const id = unique('nightly');
    const nightly = schedule(visits, {
      id,
      calendar: { month: 2, dayOfMonth: 29, hour: 3 },
      catchup: '2d',
      parameters: { site: 'de' },
      pin: true,
    });
    await selvage.schedules.deploy([nightly]);
    onClose(() => selvage.schedules.delete(id));
    const started = await selvage.schedules.trigger(id);
    expect(started).toMatchObject({ outcome: 'started' });
    const run = selvage.getRun<{ report: BackfillReport }>((started as { runId: string }).runId);
    expect(await reportOf(run)).toMatchObject({ partitions: 2, ok: 2 });
    expect(await runsOf(selvage, visits as never)).toEqual([
      `${dayBefore(2)} succeeded`,
      `${dayBefore(1)} succeeded`,
    ]);
    const again = await selvage.schedules.trigger(id);
    const second = selvage.getRun<{ report: BackfillReport }>((again as { runId: string }).runId);
    expect(await reportOf(second)).toMatchObject({ partitions: 0 });
    const withTime = schedule(visits, { id, cron: '@daily', plannedTime: 'site' });
    await expect(selvage.schedules.deploy([withTime])).rejects.toMatchObject({ code: 'InvalidConfig' });
  });

  test.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ concurrency: 1_001 }, 'concurrency'],
    [{ order: 'sideways' as never }, 'order'],
    [{ state: [] }, 'state'],
    [{ state: 'stael' as never }, 'state'],
    [{ keys: ['a'], from: 'a' }, 'keys'],
    [{ concurrency: 2, subject: 'ada' }, 'subject'],
  ])('refuses %j', async (options, option) => {
    const daily = dailyOf();
    await expect(shared().partitions.backfill(daily, options)).rejects.toMatchObject({
      code: 'InvalidConfig',
      details: { option },
    });
  });

  test('refuses a range that has no partition yet, and says which is the newest', async () => {
    const make = knot('make', { input: INPUT }, ({ partition }) => partition.key);
    const of = (start: string) =>
      tapestry(unique('days'), { partition: daily(start) }, (_, { partition }) => ({
        made: make({ partition }, { id: 'made' }),
      }));
    const [past, future] = [of('2024-01-01'), of('2999-01-01')];
    const selvage = shared();
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    for (const refused of [
      selvage.partitions.backfill(past, { from: '2999-05-01' }),
      selvage.partitions.planBackfill(past, { from: '2999-05-01', to: '2999-05-02' }),
    ])
      await expect(refused).rejects.toMatchObject({
        code: 'InvalidPartition',
        message: expect.stringMatching(`2024-01-01.* ${yesterday}`) as string,
      });
    await expect(selvage.partitions.backfill(future, { to: '2999-05-02' })).rejects.toMatchObject({
      code: 'InvalidPartition',
    });
  });

  test('refuses what its tapestry does not have', async () => {
    const days = dailyOf();
    const plain = tapestry(unique('plain'), () => ({ one: knot('one', () => 1)({}, { id: 'one' }) }));
    const selvage = shared();
    await expect(selvage.partitions.backfill(plain)).rejects.toMatchObject({ code: 'InvalidConfig' });
    await expect(selvage.partitions.backfill(days, { keys: ['q'] })).rejects.toMatchObject({
      code: 'InvalidPartition',
    });
    await expect(selvage.partitions.backfill(days, { from: 'f', to: 'a' })).rejects.toMatchObject({
      code: 'InvalidPartition',
    });
    await expect(selvage.partitions.backfill(days, { parameters: { size: 1 } })).rejects.toMatchObject({
      code: 'InvalidParameters',
    });
  });
});
