import { z } from 'zod';

import { knot, local, tapestry, type Knot } from '../../src';
import type { RunHandle, Selvage } from '../../src/client';
import type { RunRecord } from '../../src/protocols';
import { STATUS_QUERY } from '../../src/workflows/messages';
import { historyOf, scheduledActivities } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { CACHING, closeAll, openSelvage } from '../support/open-selvage';
import { until } from '../support/until';

const dispatched = { knots: { dispatcher: local() } };
/** What the bodies of the running test wait for, and how often they were called. */
let opened = new Latch();
let calls = 0;
let stopped = false;

const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const waits = knot('waits', async ({ x }: { x: number }) => {
  calls += 1;
  await opened.passed;
  return x + 1;
});
const lasts = knot('lasts', async ({ x }: { x: number }, { signal }) => {
  calls += 1;
  await aborted(signal).catch(() => undefined);
  stopped = true;
  return x;
});

const quick = tapestry('quick', dispatched, (t) => {
  let result: Knot<number> = t.parameter('x', z.number());
  for (let n = 0; n < 3; n++) result = inc({ x: result }, { id: `inc-${n}` });
  return { result };
});
const slow = tapestry('slow', dispatched, (t) => {
  const before = inc({ x: t.parameter('x', z.number()) }, { id: 'before' });
  return { after: inc({ x: waits({ x: before }, { id: 'waits' }) }, { id: 'after' }) };
});
const endless = tapestry('endless', dispatched, (t) => {
  const before = inc({ x: t.parameter('x', z.number()) }, { id: 'before' });
  return { after: inc({ x: lasts({ x: before }, { id: 'lasts' }) }, { id: 'after' }) };
});

async function ended(run: RunHandle<object>): Promise<RunRecord> {
  await run.result({ outputs: 'none' });
  return (await run.status()).run;
}

describe.each(CACHING)('the first segment of a run, $name', ({ maxCachedWorkflows }) => {
  let selvage: Selvage;
  beforeAll(async () => {
    selvage = await openSelvage({
      tapestries: [quick, slow, endless],
      workerOptions: { maxCachedWorkflows },
    });
  });
  afterAll(closeAll);
  beforeEach(() => {
    opened = new Latch();
    calls = 0;
    stopped = false;
  });

  const activitiesOf = async (runId: string): Promise<string[]> =>
    scheduledActivities(await historyOf(selvage, runId)).map(({ id }) => id);

  test('needs no activity where it is quick', async () => {
    await until('a run had none', async () => {
      const run = await selvage.start(quick, { x: 1 });
      expect(await run.values()).toEqual({ result: 4 });
      expect((await run.lineage()).items.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok']);
      return (await activitiesOf(run.runId)).length === 0;
    });
  });

  test('ends the run where it is all of it and all is Ok: one task, one step, and its answer is whole', async () => {
    await until('a run ended so', async () => {
      const run = await selvage.start(quick, { x: 1 });
      const { temporal_run_id: temporalRunId, ...record } = await ended(run);
      expect(record).toMatchObject({
        status: 'succeeded',
        environment: { counts: { ok: 4, err: 0, skipped: 0 } },
      });
      const workflow = selvage.client.workflow.getHandle(run.runId);
      const counts = { ok: 4, err: 0, skipped: 0 };
      expect(await workflow.result()).toMatchObject({
        status: 'succeeded',
        counts,
        plan: record.plan_hash,
        record: expect.stringMatching(/^sha256:/),
        terminals: { 'inc-2': { value: 4 } },
      });
      expect(await workflow.query(STATUS_QUERY)).toMatchObject({
        plan: record.plan_hash,
        counts: { ...counts, running: 0, waiting: 0, total: 4 },
        running: [],
      });
      const events = await historyOf(selvage, run.runId, temporalRunId);
      return events.filter((event) => event.markerRecordedEventAttributes).length === 1;
    });
  });

  test('goes on as an activity where it is slow, and no body is called again', async () => {
    const run = await selvage.start(slow, { x: 1 });
    await until('its activity is there', async () => (await activitiesOf(run.runId)).length === 1);
    expect((await run.outcomes())['before']).toMatchObject({ kind: 'ok', value: 2 });
    opened.open();
    expect(await run.values()).toEqual({ after: 4 });
    expect(await activitiesOf(run.runId)).toEqual(['selvage.segment:1:before']);
    expect(calls).toBe(1);
  });

  test('hears of a cancel of the run when its activity has taken it over', async () => {
    const run = await selvage.start(endless, { x: 1 });
    await until('its activity is there', async () => (await activitiesOf(run.runId)).length === 1);
    await run.cancel();
    expect(await run.result()).toMatchObject({
      status: 'cancelled',
      outputs: { before: 2, lasts: 2 },
      outcomes: { after: { kind: 'skipped', reason: 'cancelled' } },
    });
    expect([calls, stopped]).toEqual([1, true]);
  });
});
