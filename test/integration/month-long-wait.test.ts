import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { z } from 'zod';

import { knot, queue, sleep, tapestry, waitForSignal, waitUntil } from '../../src';
import type { Selvage } from '../../src/client';
import { historyOf, scheduledActivities } from '../support/history';
import { closeAll, onClose, openSelvage } from '../support/open-selvage';
import { startTimeSkippingServer, testWithTimeSkipping } from '../support/time-skipping-server';
import { until } from '../support/until';

afterEach(closeAll);

const testOfMonths = testWithTimeSkipping();

const DAY = 86_400_000;

const report = knot('report', ({ x }: { x: number }) => `report ${x}`);
const publish = knot('publish', ({ text, by }: { text: string; by: string }) => `${text} by ${by}`);

const monthly = tapestry('monthly', (t) => {
  const text = report({ x: t.parameter('x', z.number()) }, { id: 'text' });
  const month = sleep({ ms: 30 * DAY, input: text }, { id: 'month' });
  const by = waitForSignal('approve', z.string(), { id: 'approval', after: [month], timeout: 40 * DAY });
  const due = waitUntil({ time: t.parameter('due', z.date()), input: month }, { id: 'due' });
  return { line: publish({ text: due, by }, { id: 'line' }) };
});
const impatient = tapestry('impatient-for-a-month', () => {
  waitForSignal('approve', z.string(), { id: 'approval', timeout: 31 * DAY });
});
const elsewhere = tapestry('elsewhere', () => ({
  text: report({ x: 1 }, { id: 'text', dispatcher: queue('nobody-polls') }),
}));

async function open(environment: TestWorkflowEnvironment): Promise<Selvage> {
  return await openSelvage({ tapestries: [monthly, impatient, elsewhere], address: environment.address });
}

/** When it began and ended, by the server's clock: milliseconds since the epoch. */
async function timesOf(selvage: Selvage, runId: string): Promise<{ begun: number; ended: number }> {
  const events = await historyOf(selvage, runId);
  const [begun, ended] = [events[0], events.at(-1)].map((event) => {
    const { seconds, nanos } = event!.eventTime!;
    return Number(seconds) * 1_000 + (nanos ?? 0) / 1_000_000;
  });
  return { begun: begun!, ended: ended! };
}

testOfMonths(
  'a wait of a month and more, with a signal after sixty days, is a few events and holds no activity',
  async () => {
    const environment = await startTimeSkippingServer();
    onClose(() => environment.teardown());
    const selvage = await open(environment);
    const due = (await environment.currentTimeMs()) + 90 * DAY;
    const run = await selvage.start(monthly, { x: 1, due: new Date(due) });
    await until('it is begun', async () => (await run.status()).live?.waits?.length === 1);
    await until('the first knot is done', async () =>
      (await run.lineage()).some(({ knot_id: id }) => id === 'text'),
    );
    await environment.sleep(29 * DAY);
    expect((await run.lineage()).map(({ knot_id: id }) => id)).not.toContain('month');
    await environment.sleep(31 * DAY);
    await until('the month is over', async () =>
      (await run.lineage()).some(({ knot_id: id }) => id === 'month'),
    );
    expect(await run.signal('approve', 'ada')).toEqual({ takenBy: 'approval' });
    await environment.sleep(31 * DAY);
    expect(await run.values()).toEqual({ line: 'report 1 by ada' });
    expect((await timesOf(selvage, run.runId)).ended).toBeGreaterThanOrEqual(due);
    const events = await historyOf(selvage, run.runId);
    expect(scheduledActivities(events).map(({ id }) => id)).toEqual([
      'text',
      'month',
      'approval',
      'due',
      'line',
    ]);
    expect(events.length).toBeLessThan(80);
  },
);

testOfMonths('a signal that does not come for a month', async () => {
  const environment = await startTimeSkippingServer();
  onClose(() => environment.teardown());
  const selvage = await open(environment);
  const run = await selvage.start(impatient, {});
  await until('it is begun', async () => (await run.status()).live?.waits?.length === 1);
  await environment.sleep(32 * DAY);
  const { outcomes } = await run.result();
  expect(outcomes['approval']).toMatchObject({ kind: 'err', error: { type: 'SignalTimeout' } });
  const { begun, ended } = await timesOf(selvage, run.runId);
  expect(ended - begun).toBeGreaterThanOrEqual(31 * DAY);
});

testOfMonths(
  'where the server cannot tell who polls a queue, a knot there is not said to have no worker',
  async () => {
    const environment = await startTimeSkippingServer();
    onClose(() => environment.teardown());
    const selvage = await open(environment);
    const run = await selvage.start(elsewhere, {});
    const waiting = await until('the knot is in its queue', async () => {
      const first = (await run.status()).waiting?.knots[0];
      return first?.state === 'queued' && first;
    });
    expect(waiting).toMatchObject({ knotId: 'text', reason: { code: 'Queued' } });
  },
);
