import type { Browser, Page } from 'playwright-core';
import { createInMemoryBackends } from '../../../src/backends';
import type { Backends, LineageRecord, RunRecord } from '../../../src/ports';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { describeInBrowser, openBrowser, violations } from '../../support/browser';
import { closeAll, onClose } from '../../support/open-selvage';
import { openPage } from '../../support/page';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Knots of one run each, of a tapestry with the name of their definition. */
interface Ran {
  readonly definition: string;
  readonly ago: number;
  readonly count: number;
  readonly took: number;
  readonly failed?: number;
}

async function backendsWith(...all: readonly Ran[]): Promise<Backends> {
  const backends = createInMemoryBackends();
  const now = Date.now();
  const records: LineageRecord[] = [];
  const runs: RunRecord[] = [];
  for (const { definition, ago, count, took, failed = 0 } of all)
    for (let number = 0; number < count; number++) {
      const id = `${definition}-${ago / HOUR}-${number}`;
      const [from, until] = [now - ago - took, now - ago];
      const run = { run_id: id, temporal_run_id: id };
      records.push(
        sampleLineage({
          ...run,
          definition,
          scheduled_at: from - 5,
          started_at: from,
          finished_at: until,
          outcome: number < failed ? 'err' : 'ok',
          output_size: 100,
        }),
      );
      runs.push(
        sampleRun({
          ...run,
          tapestry: `${definition}.daily`,
          started_at: from,
          finished_at: until,
          status: number < failed ? 'failed' : 'succeeded',
        }),
      );
    }
  await backends.runHistory.commit(records);
  for (const run of runs) await backends.runHistory.startRun(run);
  return backends;
}

const backends = (): Promise<Backends> =>
  backendsWith(
    { definition: 'load', ago: 3 * DAY, count: 60, took: 200 },
    { definition: 'load', ago: HOUR, count: 60, took: 900, failed: 12 },
    { definition: 'sum', ago: 3 * DAY, count: 90, took: 20 },
    { definition: 'sum', ago: HOUR, count: 80, took: 20 },
    { definition: 'rare', ago: HOUR, count: 2, took: 4_000 },
  );

afterEach(closeAll);

test('figures say what became worse, and of what too few ran', async () => {
  const page = await openPage({ backends: await backends(), isReadOnly: true });
  expect((await page.ask('project.about', {})).abilities.pages).toContain('stats');
  const { items, total, until, since, baseline } = await page.ask('stats.show', {
    by: 'definition',
    since: '24h',
  });
  expect(until - since).toBe(DAY);
  expect(total).toBe(3);
  expect(items.map(({ name, ran, failed }) => [name, ran, failed])).toEqual([
    ['sum', 80, 0],
    ['load', 60, 12],
    ['rare', 2, 0],
  ]);
  expect(baseline!.regressions.map(({ name, what }) => [name, what])).toEqual([
    ['load', 'p50'],
    ['load', 'failures'],
  ]);
  expect(baseline!.tooFewSamples).toEqual(['rare']);
  const week = await page.ask('stats.show', { by: 'tapestry', since: '7d' });
  expect(week.items[0]).toMatchObject({ name: 'sum.daily', ran: 170, bytes: 0 });
  expect(week.items[0]).toMatchObject({ queuedMs: null });
  const most = await page.ask('stats.show', { since: '7d', noBaseline: true, limit: 1 });
  expect(most).toMatchObject({ items: [{ name: 'sum', ran: 170 }], total: 3 });
  expect(most.baseline).toBeUndefined();
  expect((await page.question('stats.show', { since: 'yesterday' })).status).toBe(400);
});

test('runs are found by the definitions of their knots and what became of these', async () => {
  const page = await openPage({ backends: await backends() });
  const since = Date.now() - DAY;
  const found = await page.ask('runs.list', { definition: 'load', outcome: 'err', since });
  expect(found.items).toHaveLength(12);
  expect(new Set(found.items.map(({ status }) => status))).toEqual(new Set(['failed']));
  expect((await page.ask('runs.list', { definition: 'load' })).items).toHaveLength(120);
  expect(
    (await page.ask('runs.list', { definition: 'load', status: 'succeeded', since })).items,
  ).toHaveLength(48);
  expect((await page.ask('runs.list', { definition: 'load', tapestry: 'sum.daily' })).items).toEqual([]);
});

test('a run with more knots of a definition than are read at a time is listed once', async () => {
  const history = createInMemoryBackends();
  const run = { run_id: 'wide', temporal_run_id: 'wide' };
  await history.runHistory.startRun(sampleRun(run));
  await history.runHistory.commit(
    Array.from({ length: 2_500 }, (_, index) =>
      sampleLineage({ ...run, knot_id: `all[${index}]`, definition: 'each' }),
    ),
  );
  const page = await openPage({ backends: history });
  const { items, cursor } = await page.ask('runs.list', { definition: 'each' });
  expect(items.map(({ runId: id }) => id)).toEqual(['wide']);
  expect(cursor).toBeUndefined();
});

describeInBrowser()('the page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => (browser = await openBrowser()));
  afterAll(() => browser.close());

  async function open(path: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const { url } = await openPage({ backends: await backends(), isReadOnly: true });
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    onClose(() => context.close());
    const tab = await context.newPage();
    await tab.goto(url + path);
    return tab;
  }

  const names = (tab: Page): Promise<string[]> => tab.locator('tbody th a').allTextContents();

  test('figures are reached by keys, sorted by their columns, and lead to the runs that they are of', async () => {
    const tab = await open('runs');
    await tab.getByRole('heading', { name: 'Runs' }).waitFor();
    await tab.keyboard.press('g');
    await tab.keyboard.press('f');
    await tab.getByRole('heading', { name: 'Stats' }).waitFor();
    await tab.getByRole('row', { name: /^load/ }).getByText('slower p50').waitFor();
    expect(await names(tab)).toEqual(['sum', 'load', 'rare']);
    await tab.getByRole('button', { name: 'p50', exact: true }).click();
    await tab
      .getByRole('columnheader', { name: 'p50', exact: true })
      .and(tab.locator('[aria-sort=descending]'))
      .waitFor();
    expect(await names(tab)).toEqual(['rare', 'load', 'sum']);
    await tab.getByRole('button', { name: 'p50', exact: true }).click();
    await tab.locator('[aria-sort=ascending]').waitFor();
    expect(await names(tab)).toEqual(['sum', 'load', 'rare']);

    await tab.getByRole('link', { name: /^12 failed/ }).click();
    await tab.waitForURL(/definition=load&outcome=err&since=24h/);
    await tab.getByText('12 runs').waitFor();
    await tab.goBack();
    await tab.getByRole('button', { name: 'Tapestry' }).click();
    await tab.getByRole('button', { name: '7 days' }).click();
    await tab.getByRole('link', { name: 'load.daily', exact: true }).click();
    await tab.waitForURL(/runs\?since=7d&tapestry=load.daily/);
    await tab.getByText('60 runs loaded').waitFor();
  });

  test.each(['light', 'dark'] as const)(
    'on a screen wider than a phone, in %s colours, the table scrolls beside its names and nothing else does, and no rule of accessibility is broken',
    async (colorScheme) => {
      const tab = await open('stats', { colorScheme, viewport: { width: 610, height: 800 } });
      await tab.getByRole('row', { name: /^load/ }).waitFor();
      expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(610);
      const table = tab.getByRole('region', { name: 'Figures' });
      const name = tab.getByRole('link', { name: 'load', exact: true });
      const before = await name.boundingBox();
      await table.evaluate((region) => region.scrollTo(10_000, 0));
      expect(await table.evaluate((region) => region.scrollLeft)).toBeGreaterThan(100);
      expect(await name.boundingBox()).toEqual(before);
      expect(await violations(tab)).toEqual([]);
    },
  );
});
