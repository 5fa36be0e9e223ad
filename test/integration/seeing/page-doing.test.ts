import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { daily, knot, schedule, tapestry, waitForSignal } from '../../../src';
import { ServerReach } from '../../../src/explorer/page-server';
import { describeInBrowser, openBrowser } from '../../support/browser';
import { closeAll, onClose, selvageForAll, unique } from '../../support/open-selvage';
import { openPage } from '../../support/page';

const waiting = tapestry('doing.waiting', () => ({
  word: waitForSignal({ name: 'word', schema: z.string() }, { id: 'word' }),
}));
const count = knot('count', ({ day }: { day: { key: string } }) => {
  if (day.key === '2024-01-02') throw new Error('no such day');
  return day.key.length;
});
const days = tapestry(
  'doing.days',
  { partition: daily('2024-01-01', { last: '2024-01-04' }) },
  (_, { partition }) => ({
    count: count({ day: partition }, { id: 'count', retry: { maximumAttempts: 1 } }),
  }),
);
const tapestries = [waiting, days];

const selvage = selvageForAll({ tapestries });
afterEach(closeAll);

describeInBrowser()('what is done from the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => browser?.close());

  async function open(path: string): Promise<Page> {
    const served = await openPage({
      backends: selvage().backends,
      reach: ServerReach.of(selvage()),
      tapestries,
    });
    const tab = await browser.newPage({ reducedMotion: 'reduce' });
    onClose(() => tab.close());
    await tab.goto(served.server.link);
    await tab.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await tab.goto(served.url + path);
    return tab;
  }

  test('a run is cancelled when that is confirmed, and its page shows it', async () => {
    const run = await selvage().start(waiting, {}, { runId: unique('cancelled') });
    const tab = await open(`runs/${run.runId}`);
    await tab.getByRole('button', { name: 'Cancel', exact: true }).click();
    const dialog = tab.getByRole('dialog', { name: 'Cancel the run?' });
    await dialog.getByRole('button', { name: 'Cancel the run' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect((await run.result()).status).toBe('cancelled');
    await tab.locator('.rp-head').getByText('cancelled', { exact: true }).waitFor();
  });

  test('a run is terminated, with a reason', async () => {
    const run = await selvage().start(waiting, {}, { runId: unique('terminated') });
    const tab = await open(`runs/${run.runId}`);
    await tab.getByRole('button', { name: 'Terminate', exact: true }).click();
    const dialog = tab.getByRole('dialog', { name: 'Terminate the run?' });
    await dialog.getByLabel('Reason').fill('not needed');
    await dialog.getByRole('button', { name: 'Terminate the run' }).click();
    await dialog.waitFor({ state: 'detached' });
    await tab.locator('.rp-head').getByText('terminated', { exact: true }).waitFor();
  });

  test('a schedule is paused and goes on', async () => {
    const id = unique('yearly');
    await selvage().schedules.deploy([schedule(waiting, { id, cron: '0 0 1 1 *' })]);
    onClose(async () => void (await selvage().schedules.delete(id)));
    const tab = await open('schedules');
    const card = tab.getByRole('listitem').filter({ has: tab.getByRole('heading', { name: id }) });
    await card.getByRole('button', { name: 'Pause' }).click();
    await card.getByText('paused', { exact: true }).waitFor();
    await card.getByText('None while it is paused.').waitFor();
    await card.getByRole('button', { name: 'Resume' }).click();
    await card.getByRole('button', { name: 'Pause' }).waitFor();
    await card.getByText('paused', { exact: true }).waitFor({ state: 'detached' });
  });

  test('a backfill shows which partitions it would make, and makes those', async () => {
    const tab = await open('partitions/doing.days');
    await tab.getByRole('button', { name: '2024-01-03, missing' }).waitFor();
    await tab.keyboard.press('b');
    const dialog = tab.getByRole('dialog', { name: 'Backfill doing.days' });
    await dialog.getByText('4 runs would start').waitFor();
    await dialog.getByLabel('From').fill('2024-01-02');
    await dialog.getByLabel('To').fill('2024-01-03');
    await dialog.getByText('2 runs would start').waitFor();
    expect(await dialog.locator('.preview-keys .tag').allTextContents()).toEqual([
      '2024-01-02',
      '2024-01-03',
    ]);
    await dialog.getByRole('button', { name: 'Start 2 runs' }).click();
    const toast = tab.locator('.toast').filter({ hasText: 'Backfill started' });
    const backfill = await toast.getByRole('link').getAttribute('href');
    await tab.getByRole('button', { name: '2024-01-03, ok' }).waitFor();
    await tab.getByRole('button', { name: /^2024-01-02, failed/ }).waitFor();
    await tab.getByRole('button', { name: /^2024-01-01, missing/ }).waitFor();

    // Its own page begins with what failed, and leads to why.
    await tab.goto(new URL(backfill!, tab.url()).href);
    await tab.getByRole('tab', { name: 'Partitions', selected: true }).waitFor();
    await tab.getByText('PartitionsNotOk').waitFor();
    await tab.getByRole('button', { name: 'Resume' }).waitFor();
    expect(await tab.getByRole('button', { name: 'Copy the selvage debug command' }).count()).toBe(0);
    const bad = tab.locator('section').filter({ hasText: '1 partition failed or cancelled' });
    await bad.getByRole('listitem').waitFor();
    expect(await bad.getByRole('listitem').allTextContents()).toEqual([
      expect.stringMatching(/^2024-01-02failed/),
    ]);
    await tab.getByRole('link', { name: '2024-01-03, succeeded' }).waitFor();
    await bad.getByRole('link').click();
    const why = tab.getByRole('status', { name: 'Why it did not succeed' });
    await why.getByText('no such day').waitFor();
  });

  test('events of a trigger that started no run are shown under it', async () => {
    const key = unique('event');
    await selvage().backends.startLedger.claim([
      {
        trigger: 'webhook:doing',
        key,
        runId: unique('never'),
        requestHash: null,
        event: { delivery: '<b>7</b>' },
      },
    ]);
    const tab = await open('triggers');
    await tab.getByRole('button', { name: '1 pending event of webhook:doing' }).click();
    const letters = tab.getByRole('region', { name: 'Pending events of webhook:doing' });
    await letters.getByRole('row').filter({ hasText: key }).getByText('delivery <b>7</b>').waitFor();
  });
});
