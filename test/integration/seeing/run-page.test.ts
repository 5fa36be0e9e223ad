import { existsSync, writeFileSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import { z } from 'zod';
import { knot, map, runLocally, tapestry, waitForSignal, type Knot } from '../../../src';
import type { Selvage } from '../../../src/client';
import { ServerReach } from '../../../src/explorer/page-server';
import { beganFile, goFile, patient } from '../../crash/tapestries';
import { WorkerProcess } from '../../crash/worker-process';
import { describeInBrowser, openBrowser, violations } from '../../support/browser';
import {
  closeAll,
  connectSelvage,
  onClose,
  openSelvage,
  selvageForAll,
  startWorker,
  temporaryFolder,
  unique,
} from '../../support/open-selvage';
import { openPage, type TestPage } from '../../support/page';
import { openProjectBackends } from '../../support/project-backends';
import { SHORT_HEARTBEAT_TIMEOUT } from '../../support/run-limits';
import { until } from '../../support/until';

const users = knot('users', (_: object, { logger }) => {
  logger.info({ rows: 2 }, 'users read');
  return [
    { name: 'Ada', age: 36 },
    { name: 'Ben', age: 7 },
  ];
});
const greet = knot('greet', ({ user }: { user: { name: string } }) => `Hello ${user.name}`);
const count = knot(
  'count',
  ({ all, factor }: { all: readonly unknown[]; factor: number }) => all.length * factor,
);
const report = knot('report', ({ total, lines }: { total: number; lines: readonly string[] }) => ({
  total,
  lines,
}));

const pipeline = (name: string, factor: number): ReturnType<typeof make> => make(name, factor);
const make = (name: string, factor: number) =>
  tapestry(name, {}, () => {
    const all = users({}, { id: 'load.users' });
    const total = count({ all, factor }, { id: 'load.count' });
    const lines = map({ over: all, each: greet, bind: 'user' }, { id: 'greetings' });
    return { report: report({ total, lines }, { id: 'report' }) };
  });

const confirm = knot(
  'confirm',
  ({ all, by }: { all: readonly unknown[]; by: { reason: string } }, { logger }) => {
    logger.warn({ reason: by.reason }, 'it was confirmed late');
    return all.length * by.reason.length;
  },
);
const signed = tapestry('page.signed', {}, () => {
  const schema = z.object({ reason: z.string().min(3) });
  const all = users({}, { id: 'all' });
  const by = waitForSignal({ name: 'approval', schema, after: [all] }, { id: 'approval' });
  return { end: confirm({ all, by }, { id: 'end' }) };
});

describeInBrowser()('the page of a run, on a real server', () => {
  const shared = selvageForAll({ tapestries: [signed] });
  let browser: Browser;
  const troubles: string[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterEach(async () => {
    await closeAll();
    expect(troubles.splice(0)).toEqual([]);
  });
  afterAll(async () => browser?.close());

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const { origin } = new URL(url);
    page.on('request', (request) => {
      const to = new URL(request.url());
      if (to.protocol !== 'data:' && to.origin !== origin) troubles.push(`asked ${request.url()}`);
    });
    page.on('pageerror', (error) => troubles.push(error.stack ?? error.message));
    await page.goto(url);
    return page;
  }

  test('a run waits in sight with the reason, goes on live, is run again from a knot, and compared', async () => {
    const name = unique('watched');
    const selvage = await connectSelvage();
    const tapestryOf = pipeline(name, 2);
    const handle = await selvage.start(tapestryOf, {}, { runId: `${name}-1` });
    const served = await openPage({
      backends: selvage.backends,
      reach: ServerReach.of(selvage),
      tapestries: [tapestryOf],
    });
    const page = await open(served.server.link);
    await page.goto(`${served.url}runs/${name}-1`);
    // No worker: said in words, at the top.
    await page
      .getByRole('status')
      .filter({ hasText: /no worker|worker/iu })
      .first()
      .waitFor();
    const worker = await startWorker(selvage, { tapestries: [tapestryOf] });
    await handle.result();
    // Without anybody's doing.
    await page.getByText('succeeded').first().waitFor();
    const legend = page.getByRole('group', { name: 'Knots by status' });
    await legend.getByText('4 ok').waitFor();

    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('3');
    const row = (id: string): Locator =>
      page
        .getByRole('table', { name: 'Knots' })
        .getByRole('row')
        .filter({ hasText: new RegExp(`^${id}`, 'u') })
        .getByRole('button');
    await row('report').click();
    const panel = page.getByRole('complementary');
    await panel.getByText('Hello Ada').first().waitFor();
    await row('greetings').click();
    await panel.getByText('2 elements').waitFor();
    await row('load.count').click();
    await panel.getByRole('button', { name: 'Resume from here' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('2 knots would run').waitFor();
    await dialog.getByText('2 knots would be reused').waitFor();
    await dialog.getByRole('button', { name: 'Run 2 knots' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('resumed from').waitFor();
    await page.getByText('succeeded').first().waitFor();
    await legend.getByText('2 reused').waitFor();

    await page.getByRole('link', { name: 'Compare' }).click();
    await page.getByText('All knots have the same values').waitFor();
    await worker.stop();
    await page.close();
  });

  test('two runs that differ are compared, and the first knot to blame is named', async () => {
    const name = unique('compared');
    const [first, second] = [pipeline(name, 2), pipeline(name, 3)];
    const selvage = await openSelvage({ tapestries: [first] });
    await (await selvage.start(first, {}, { runId: `${name}-1` })).result();
    await (await selvage.start(second, {}, { runId: `${name}-2` })).result();
    const served = await openPage({ backends: selvage.backends, reach: ServerReach.of(selvage) });
    const page = await open(`${served.url}compare/${name}-1/${name}-2`);
    const banner = page.getByRole('status').filter({ hasText: 'load.count' });
    await banner.waitFor();
    await banner.getByRole('link', { name: 'Show load.count' }).click();
    const panel = page.getByRole('complementary', { name: 'Knot load.count' });
    await panel.getByRole('row', { name: 'value 4 6' }).waitFor();
    // From its hash to the value, and to every run that made it.
    await panel
      .getByRole('link', { name: /^[0-9a-f]{8}$/u })
      .first()
      .click();
    await page.getByRole('cell', { name: 'produced' }).first().waitFor();
    await page.getByRole('tab', { name: 'Upstream' }).click();
    await page.getByRole('link', { name: 'load.users' }).first().waitFor();
    await page.close();
  });

  async function openOf(selvage: Selvage, path: string, scheme?: 'light' | 'dark'): Promise<Page> {
    const served: TestPage = await openPage({
      backends: selvage.backends,
      reach: ServerReach.of(selvage),
      tapestries: [signed],
    });
    const page = await open(served.server.link);
    if (scheme) await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.goto(served.url + path);
    onClose(() => page.close());
    return page;
  }

  test('a worker that is killed: the page says why the run waits, a hidden tab catches up with what another one does, and nothing moves', async () => {
    const folder = await temporaryFolder();
    const backends = await openProjectBackends(folder);
    onClose(() => backends.close());
    const selvage = await connectSelvage({ backends, runLimits: SHORT_HEARTBEAT_TIMEOUT });
    const { address } = selvage.location;
    const start = async (identity: string): Promise<WorkerProcess> => {
      const orders = { address, taskQueue: selvage.taskQueue!, projectDir: folder, identity };
      const worker = await WorkerProcess.start(orders);
      onClose(async () => void (await worker.kill()));
      return worker;
    };
    const began = (attempt: number): Promise<unknown> =>
      until(`attempt ${attempt}`, () => existsSync(beganFile(folder, 'waiting', attempt)));
    const first = await start('first');
    const run = await selvage.start(patient, { root: folder }, { runId: unique('killed') });
    await began(1);

    const page = await openOf(selvage, `runs/${run.runId}?knot=waiting`);
    const panel = page.getByRole('complementary', { name: 'Knot waiting' });
    await panel.getByText('Running', { exact: true }).waitFor();
    await page.keyboard.press('Shift+ArrowRight');
    await page.waitForURL((url) => url.searchParams.has('at'));
    const card = page.locator('.g-card').filter({ hasText: 'waiting' });
    const place = await card.boundingBox();
    const banner = page.getByRole('status').filter({ hasText: /worker/u });
    expect(await banner.count()).toBe(0);

    await first.kill();
    await banner.waitFor();
    await start('second');
    await began(2);
    await banner.waitFor({ state: 'detached' });
    const session = await page.context().newCDPSession(page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    writeFileSync(goFile(folder, 'waiting', 2), '');
    await run.result();
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await page.getByText('succeeded').first().waitFor();
    await page.getByRole('button', { name: '4 ok' }).waitFor();
    await panel.getByText('×2', { exact: true }).waitFor();
    expect(await card.boundingBox()).toEqual(place);
  });

  test('a signal is sent from the panel of its knot, and a run is cancelled', async () => {
    const [answered, cancelled] = [
      await shared().start(signed, {}, { runId: unique('answered') }),
      await shared().start(signed, {}, { runId: unique('cancelled') }),
    ];
    const page = await openOf(shared(), `runs/${answered.runId}?knot=approval`);
    await page.getByRole('tab', { name: 'List' }).click();
    await page.getByRole('row', { name: /^approval.*waits for approval/u }).waitFor();
    const form = page.getByRole('complementary').locator('form');
    await form.getByLabel('reason').fill('fine');
    await form.getByRole('button', { name: 'Send' }).click();
    expect((await answered.result()).outputs['end']).toBe(8);
    await page.getByText('succeeded').first().waitFor();
    await form.waitFor({ state: 'detached' });

    await page.goto(page.url().replace(answered.runId, cancelled.runId));
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the run' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByText('cancelled', { exact: true }).first().waitFor();
    expect((await cancelled.status()).run.status).toBe('cancelled');
  });

  test('the page of waits counts the unfinished runs by each group', async () => {
    const run = await shared().start(signed, {}, { runId: unique('counted') });
    const page = await openOf(shared(), 'waiting');
    for (const group of ['Reason', 'Version', 'Knot', 'Task queue']) {
      await page.getByRole('button', { name: group, exact: true }).click();
      await page.getByText(/\d+ unfinished runs?: \d+ wait, \d+ work/u).waitFor();
    }
    await run.cancel();
  });

  test('the log of a run has the lines of all knots, follows the run, is filtered, and leads to each knot', async () => {
    const run = await shared().start(signed, {}, { runId: unique('logged') });
    const page = await openOf(shared(), `runs/${run.runId}`);
    await page.getByRole('tab', { name: 'Logs' }).click();
    const log = page.getByRole('log');
    await log.getByText('users read').waitFor();
    await run.signal('approval', { reason: 'fine' });
    await log.getByText('it was confirmed late').waitFor();
    await page.getByLabel('Level').selectOption('warn');
    await log.getByText('users read').waitFor({ state: 'detached' });
    await log.getByRole('link', { name: 'end' }).click();
    const panel = page.getByRole('complementary', { name: 'Knot end' });
    await panel.getByText('it was confirmed late').waitFor();
    await page.getByLabel('Level').selectOption('');
    await page.getByLabel('Lines that contain').fill('ROWS');
    await log.getByText('it was confirmed late').waitFor({ state: 'detached' });
    await log.getByText('users read').waitFor();
  });

  test('a failed run says what failed first, why and where, and what to do next', async () => {
    const name = unique('failing');
    let isBroken = false;
    const check = knot('check', ({ all, factor }: { all: readonly unknown[]; factor: number }) => {
      if (isBroken) throw new RangeError(`no ${factor > 2 ? 'rate' : 'order'}\nasked for: ${factor}`);
      return all.length;
    });
    const failing = tapestry(name, {}, () => {
      const all = users({}, { id: 'all' });
      const first = check(
        { all, factor: 1 },
        { id: 'first', retry: { maximumAttempts: 2, initialInterval: 1 } },
      );
      const others = [2, 3, 4, 5].map((factor) => check({ all, factor }, { id: `check.${factor}` }));
      return { first, last: others.at(-1)! };
    });
    const { backends } = shared();
    await runLocally(failing, {}, { backends, runId: `${name}-good` });
    isBroken = true;
    await runLocally(failing, {}, { backends, runId: `${name}-bad` });
    const page = await openOf(shared(), `runs/${name}-bad`);
    const why = page.getByRole('status', { name: 'Why it did not succeed' });
    await why.getByText('failed first').waitFor();
    expect(await violations(page)).toEqual([]);
    const causes = why.locator('.rp-cause');
    expect(await causes.count()).toBe(2);
    await why.getByText('1 other cause').click();
    const [orders, rates] = [causes.filter({ hasText: 'no order' }), causes.filter({ hasText: 'no rate' })];
    await orders.getByText('RangeError').waitFor();
    await orders.getByText('2 knots').waitFor();
    await rates.getByText('3 knots').click();
    const place = why.getByRole('link', { name: /^Open run-page\.test\.ts:\d+:\d+ in the editor$/u }).first();
    expect(await place.getAttribute('href')).toMatch(/^vscode:\/\/file\/.*\/run-page\.test\.ts:\d+:\d+$/u);
    await rates.getByRole('button', { name: 'check.4', exact: true }).click();
    await page.getByRole('complementary', { name: 'Knot check.4' }).getByText('no rate').first().waitFor();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await why.getByRole('button', { name: 'Copy the selvage debug command' }).click();
    await page.getByText('Command copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(
      new RegExp(`^npx selvage debug ${name}-bad FILE --knot (?:first|check\\.\\d)$`, 'u'),
    );
    await why.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('dialog', { name: 'Resume the run' }).getByText('would run').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('3');
    await page.getByRole('row', { name: /^first.*failed.*×2/u }).waitFor();
    await why.getByRole('link', { name: 'Compare with the last good run' }).click();
    await page.waitForURL((url) => url.pathname.endsWith(`/compare/${name}-good/${name}-bad`));
  });

  test('a graph of many knots is laid out in a worker, and without one where it does not come', async () => {
    const wide = tapestry('page.wide', {}, () => {
      const all = users({}, { id: 'all' });
      const each: Knot<number>[] = [];
      for (let index = 0; index < 450; index++)
        each.push(count({ all, factor: index }, { id: `part.n${index}` }));
      return { last: each.at(-1)! };
    });
    const { runId } = await runLocally(wide, {}, { backends: shared().backends });
    const page = await openOf(shared(), `runs/${runId}`);
    const isDrawn = (): boolean => performance.getEntriesByName('selvage: graph drawn').length > 0;
    await page.waitForFunction(isDrawn);
    const [worker, ...others] = page.workers();
    expect(others).toEqual([]);
    await worker!.evaluate(() => {
      const scope = globalThis as unknown as EventTarget & { asked: Promise<number> };
      scope.asked = new Promise((resolve) => {
        scope.addEventListener('message', (event) => {
          resolve((event as unknown as { data: { graph: { knots: unknown[] } } }).data.graph.knots.length);
        });
      });
    });
    await page.keyboard.press('e');
    expect(await worker!.evaluate(() => (globalThis as unknown as { asked: Promise<number> }).asked)).toBe(
      451,
    );
    await page.route('**/layout-worker.js', (route) => route.abort());
    await page.reload();
    await page.waitForFunction(isDrawn);
    await page.getByRole('button', { name: '451 ok' }).waitFor();
  });
});
