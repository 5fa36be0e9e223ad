import { z } from 'zod';

import { knot, local, tapestry } from '../../src';
import { Latch, aborted } from '../support/latch';
import { connectSelvage, selvageForAll, startWorker, unique } from '../support/open-selvage';
import { until } from '../support/until';
import { refusal } from '../support/refusal';

/** Runs whose body has begun, and those that have heard of the end. */
const begun = new Set<string>();
const heard = new Set<string>();
let mayEnd = new Latch();

const lasts = knot('lasts', async ({ x }: { x: number }, { signal, runId }) => {
  begun.add(runId);
  await Promise.race([mayEnd.passed, aborted(signal).finally(() => heard.add(runId))]);
  return x;
});
const pass = knot('pass', ({ x }: { x: number }) => x);

const lasting = tapestry('lasting', (t) => {
  const x = t.parameter('x', z.number());
  const last = lasts({ x }, { id: 'last' });
  return { before: pass({ x }, { id: 'before' }), after: pass({ x: last }, { id: 'after' }) };
});
const gathered = tapestry('gathered', { knots: { dispatcher: local() } }, (t) => ({
  after: pass({ x: lasts({ x: t.parameter('x', z.number()) }, { id: 'last' }) }, { id: 'after' }),
}));

beforeEach(() => {
  mayEnd = new Latch();
});
const shared = selvageForAll({ tapestries: [lasting, gathered] });

test('a run whose deadline passes tells its bodies, skips the rest, and has failed, in a segment as well', async () => {
  const selvage = shared();
  const ends = [lasting, gathered].map(async (tapestryOf) => {
    const deadline = new Date(Date.now() + 5_000);
    const run = await selvage.start(tapestryOf, { x: 1 }, { deadline });
    await until('the body runs', () => begun.has(run.runId));
    const result = await run.result();
    expect(heard).toContain(run.runId);
    expect(result).toMatchObject({
      status: 'failed',
      error: { type: 'DeadlineExceeded', message: expect.stringContaining(deadline.toISOString()) },
      outcomes: {
        last: { kind: 'skipped', reason: 'cancelled' },
        after: { kind: 'skipped', reason: 'cancelled' },
      },
    });
    expect(result.outcomes['before']?.kind).toBe(tapestryOf === lasting ? 'ok' : undefined);
    const handle = selvage.client.workflow.getHandle(run.runId);
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'DeadlineExceeded' } });
    expect((await run.status()).run.details).toMatchObject({ deadline: deadline.getTime() });
    return run;
  });
  const runs = await Promise.all(ends);
  // What they had, a resumed run has, too.
  mayEnd.open();
  for (const run of runs) {
    const resumed = await selvage.resume<{ after: number }>(run.runId, { deadline: 60_000 });
    expect(await resumed.values()).toMatchObject({ after: 1 });
  }
});

test('a run that ends in time hears nothing of its deadline', async () => {
  const selvage = shared();
  mayEnd.open();
  const run = await selvage.start(lasting, { x: 2 }, { deadline: 3_600_000 });
  expect(await run.values()).toEqual({ before: 2, after: 2 });
  expect((await run.status()).run.status).toBe('succeeded');
});

test('a cancel before the deadline is a cancel', async () => {
  const selvage = shared();
  const run = await selvage.start(lasting, { x: 3 }, { deadline: 3_600_000 });
  await until('the body runs', () => begun.has(run.runId));
  await run.cancel();
  const result = await run.result();
  expect(result.status).toBe('cancelled');
  expect(result.error).toBeUndefined();
  const handle = selvage.client.workflow.getHandle(run.runId);
  expect((await handle.describe()).status.name).toBe('CANCELLED');
});

test('a deadline that passes while no worker is there lets nothing begin', async () => {
  const client = await connectSelvage();
  const deadline = new Date(Date.now() + 1_000);
  const run = await client.start(lasting, { x: 4 }, { deadline });
  await until('the deadline has passed', () => Date.now() > deadline.getTime());
  await startWorker(client, { tapestries: [lasting] });
  const result = await run.result();
  expect(result).toMatchObject({ status: 'failed', error: { type: 'DeadlineExceeded' } });
  expect(result.outcomes['before']).toEqual({ kind: 'skipped', reason: 'cancelled' });
  expect(begun).not.toContain(run.runId);
});

test('a deadline that is past, or no time at all, is refused before anything is started', async () => {
  const selvage = shared();
  const runId = unique('never');
  const start = (deadline: Date | number) => selvage.start(lasting, { x: 1 }, { runId, deadline });
  await expect(start(new Date(0))).rejects.toMatchObject(
    refusal('DeadlineExceeded', '1970-01-01T00:00:00.000Z'),
  );
  await expect(start(-1)).rejects.toMatchObject({ code: 'DeadlineExceeded' });
  for (const deadline of [NaN, Infinity, new Date('tomorrow, perhaps')])
    await expect(start(deadline)).rejects.toMatchObject({ code: 'InvalidConfig' });
  expect(await selvage.backends.runHistory.getRun(runId)).toBeUndefined();
});

test('whoever comes back to a run that works may say a deadline that is past by now', async () => {
  const selvage = await connectSelvage();
  const start = (x: number, ifExists: 'attach' | 'refuse') =>
    selvage.start(lasting, { x }, { runId: 'works', ifExists, deadline: new Date(0) });
  await expect(start(1, 'attach')).rejects.toMatchObject({ code: 'DeadlineExceeded' });
  await selvage.start(lasting, { x: 1 }, { runId: 'works' });
  expect((await start(1, 'attach')).runId).toBe('works');
  await expect(start(1, 'refuse')).rejects.toMatchObject({ code: 'RunIdInUse' });
  await expect(start(2, 'attach')).rejects.toMatchObject({ code: 'RunIdInUse' });
});
