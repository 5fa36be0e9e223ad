import { z } from 'zod';

import { knot, tapestry } from '../../src';
import type { RunHandle } from '../../src/client';
import { Calls } from '../support/calls';
import { Latch } from '../support/latch';
import { openSelvage, selvageForAll } from '../support/open-selvage';
import { until } from '../support/until';

const calls = new Calls();
let mayEnd = new Latch();
/** The run whose body fails. */
let failing = '';

const slow = knot('slow', { version: '1', cache: true }, async ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  await mayEnd.passed;
  if (ctx.runId === failing) throw new Error('no luck');
  return x * 10;
});
const one = tapestry('single-flight', (t) => ({
  end: slow({ x: t.parameter('x', z.number()) }, { id: 'end' }),
}));

async function waitsFor(run: RunHandle<object>): Promise<string> {
  let message = '';
  await until('the other knot is waited for', async () => {
    const knots = (await run.status()).waiting?.knots ?? [];
    const reason = knots.find(({ reason: { code } }) => code === 'ValueInProgress')?.reason;
    message = reason?.message ?? '';
    return reason !== undefined;
  });
  return message;
}

beforeEach(() => {
  mayEnd = new Latch();
  failing = '';
});
const shared = selvageForAll({ tapestries: [one] });

test('of two runs at once one makes the value, and the other waits for it and takes it', async () => {
  const selvage = shared();
  const first = await selvage.start(one, { x: 1 });
  await until('the body runs', () => calls.of(first.runId).length > 0);
  const second = await selvage.start(one, { x: 1 });
  expect(await waitsFor(second)).toContain(`knot "end" of run "${first.runId}" is making it`);
  const other = await selvage.start(one, { x: 2 });
  await until('another value is made meanwhile', () => calls.of(other.runId).length > 0);
  const alone = await selvage.start(one, { x: 1 }, { reuse: false });
  await until('who takes no values waits for none', () => calls.of(alone.runId).length > 0);
  mayEnd.open();
  expect(await second.values()).toEqual({ end: 10 });
  expect(await first.values()).toEqual({ end: 10 });
  expect(calls.of(second.runId)).toEqual([]);
  const [record] = await second.lineage({ knotId: 'end' });
  expect([first.runId, alone.runId]).toContain(record!.cached_from_run);
});

test('the one that waits is refused, and holds none of the slots of its worker', async () => {
  const selvage = await openSelvage({
    tapestries: [one],
    workerOptions: { maxConcurrentActivityTaskExecutions: 2 },
  });
  const first = await selvage.start(one, { x: 1 });
  await until('the body runs', () => calls.of(first.runId).length > 0);
  const second = await selvage.start(one, { x: 1 });
  await waitsFor(second);
  const third = await selvage.start(one, { x: 2 });
  await until('a third knot has the other slot', () => calls.of(third.runId).length > 0);
  await until('the refused one is queued again, between two attempts', async () => {
    const [knot] = (await second.status()).waiting?.knots ?? [];
    return knot?.state === 'queued' && knot.reason.code === 'ValueInProgress';
  });
  expect((await third.status()).waiting?.knots).toMatchObject([{ knotId: 'end', state: 'running' }]);
  mayEnd.open();
  expect(await third.values()).toEqual({ end: 20 });
  expect(await second.values()).toEqual({ end: 10 });
  expect(calls.of(second.runId)).toEqual([]);
});

test('where the first one fails, the other makes it', async () => {
  const selvage = shared();
  const first = await selvage.start(one, { x: 3 });
  await until('the body runs', () => calls.of(first.runId).length > 0);
  const second = await selvage.start(one, { x: 3 });
  await waitsFor(second);
  failing = first.runId;
  mayEnd.open();
  expect((await first.result()).status).toBe('failed');
  expect(await second.values()).toEqual({ end: 30 });
  expect(calls.of(second.runId)).toEqual(['end']);
});

test('what a lost owner held is free when its lease has run out', async () => {
  const selvage = shared();
  mayEnd.open();
  const before = await selvage.start(one, { x: 4 });
  await before.values();
  const [record] = await before.lineage({ knotId: 'end' });
  await selvage.backends.dataStore.delete(record!.output_hash!);
  const lease = { key: `cache:${record!.cache_key!}`, owner: 'killed/end', token: '1' };
  const { leaseTable } = selvage.backends;
  await leaseTable.acquire({ ...lease, holder: 'knot "end" of run "killed"', limit: 1, ttl: 4_000 });
  // It lives until it has been waited for, however long a busy machine takes for that.
  const renewing = setInterval(() => void leaseTable.renew([lease], 4_000), 1_000);
  const run = await selvage.start(one, { x: 4 });
  const reason = await waitsFor(run).finally(() => clearInterval(renewing));
  expect(reason).toContain('of run "killed"');
  expect(await run.values()).toEqual({ end: 40 });
  expect(calls.of(run.runId)).toEqual(['end']);
  expect(await leaseTable.holders(lease.key)).toEqual([]);
});
