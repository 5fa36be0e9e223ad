import { z } from 'zod';

import { knot, tapestry } from '../../src';
import type { Selvage } from '../../src/client';
import { closeAll, openSelvage } from '../support/open-selvage';

const ran: string[] = [];
const pay = knot('pay', ({ amount }: { amount: number }, { runId }) => {
  ran.push(runId);
  return amount;
});
const paying = tapestry('paying', (t) => ({
  paid: pay({ amount: t.parameter('amount', z.number()) }, { id: 'paid' }),
}));
const refunding = tapestry('refunding', (t) => ({
  paid: pay({ amount: t.parameter('amount', z.number()) }, { id: 'refunded' }),
}));

let selvage: Selvage;
beforeAll(async () => {
  selvage = await openSelvage({ tapestries: [paying, refunding] });
});
afterAll(closeAll);

test('starts with one key are one run, at once or later', async () => {
  const start = () => selvage.start(paying, { amount: 5 }, { dedupeKey: 'invoice 17 / März' });
  const runs = await Promise.all([start(), start(), start()]);
  const results = await Promise.all(runs.map((run) => run.values()));
  expect(results).toEqual([{ paid: 5 }, { paid: 5 }, { paid: 5 }]);
  const later = await start();
  expect(await later.values()).toEqual({ paid: 5 });
  const ids = new Set([...runs, later].map((run) => run.runId));
  expect(ids.size).toBe(1);
  const [id] = ids;
  expect(ran.filter((runId) => runId === id)).toHaveLength(1);
});

test('another key, and the same key of another tapestry, are other runs', async () => {
  const options = { dedupeKey: 'shared' };
  const runs = [
    await selvage.start(paying, { amount: 1 }, options),
    await selvage.start(paying, { amount: 1 }, { dedupeKey: 'shared ' }),
    await selvage.start(refunding, { amount: 1 }, options),
  ];
  expect(new Set(runs.map((run) => run.runId)).size).toBe(3);
  await Promise.all(runs.map((run) => run.values()));
});

test('one key for other work is refused with what is and what was wanted', async () => {
  const first = await selvage.start(paying, { amount: 1 }, { dedupeKey: 'once' });
  await expect(selvage.start(paying, { amount: 2 }, { dedupeKey: 'once' })).rejects.toMatchObject({
    code: 'RunIdInUse',
    details: { run: first.runId },
  });
  await first.values();
});

test('a key that is empty or has a run id beside it is refused', async () => {
  await expect(selvage.start(paying, { amount: 1 }, { dedupeKey: '' })).rejects.toMatchObject({
    code: 'InvalidConfig',
  });
  await expect(selvage.start(paying, { amount: 1 }, { dedupeKey: 'k', runId: 'mine' })).rejects.toMatchObject(
    { code: 'InvalidConfig', message: expect.stringContaining('"mine"') },
  );
});
