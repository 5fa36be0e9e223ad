import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { z } from 'zod';
import { knot, tapestry, waitForSignal } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { ServerReach } from '../../../src/explorer/page-server';
import { describeInBrowser, openBrowser } from '../../support/browser';
import { closeAll, onClose, selvageForAll, unique } from '../../support/open-selvage';
import { nobody, openPage, type TestPage } from '../../support/page';

const greet = knot('greet', ({ name, times }: { name: string; times: number }) => `${name} `.repeat(times));
const close = knot(
  'close',
  ({ text, by }: { text: string; by: { approved: boolean } }) => `${text}${by.approved}`,
);
const fail = knot('fail', ({ name }: { name: string }): string => {
  throw new Error(`no ${name} <b>here</b>`);
});

const greeting = tapestry(
  'seen.greeting',
  {
    parameters: {
      name: z.string(),
      times: z.int().min(1).max(3).default(2),
      tone: z.enum(['plain', 'loud']),
    },
  },
  (_, { name, times }) => {
    const text = greet({ name, times }, { id: 'text' });
    const by = waitForSignal(
      {
        name: 'approval',
        schema: z.object({ approved: z.boolean(), reason: z.string().min(3) }),
        after: [text],
      },
      { id: 'approval', summary: 'Somebody reads it' },
    );
    return { end: close({ text, by }, { id: 'end' }) };
  },
);
const failing = tapestry('seen.failing', { parameters: { name: z.string() } }, (_, { name }) => ({
  end: fail({ name }, { id: 'end', retry: { maximumAttempts: 1 } }),
}));
const quick = tapestry('seen.quick', { parameters: { name: z.string() } }, (_, { name }) => ({
  end: greet({ name, times: 1 }, { id: 'end' }),
}));

const selvage = selvageForAll({ tapestries: [greeting, failing, quick] });
afterEach(closeAll);

describeInBrowser()('the page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => browser?.close());

  /** A page signed in by its link; what it asks of another origin, and what goes wrong in it, fails the test. */
  async function open(
    path = 'runs',
    options: Parameters<Browser['newContext']>[0] = {},
  ): Promise<{ tab: Page; served: TestPage; context: BrowserContext }> {
    const served = await openPage({
      backends: selvage().backends,
      reach: ServerReach.of(selvage()),
      tapestries: [greeting, failing, quick],
    });
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      reducedMotion: 'reduce',
      ...options,
    });
    onClose(() => context.close());
    const tab = await context.newPage();
    // What is still answering as the test ends must not fail it, nor the others.
    onClose(() => tab.unrouteAll({ behavior: 'ignoreErrors' }));
    const wrong: string[] = [];
    tab.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(served.url).origin) wrong.push(`asked ${request.url()}`);
    });
    tab.on('pageerror', (error) => wrong.push(`failed ${error.message}`));
    tab.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy/.test(message.text()))
        wrong.push(message.text());
    });
    onClose(async () => {
      expect(wrong).toEqual([]);
      await Promise.resolve();
    });
    await tab.goto(served.server.link);
    await tab.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await tab.goto(served.url + path);
    await tab.getByRole('heading', { level: 1 }).waitFor();
    return { tab, served, context };
  }

  test('a run is started from the form, with the refusals of form and server at their fields, and its signal is answered from the inbox', async () => {
    const { tab, served } = await open('tapestries/seen.greeting');
    await tab.keyboard.press('s');
    const dialog = tab.getByRole('dialog', { name: 'Start seen.greeting' });
    // The first field has the focus.
    await tab.keyboard.type('Ada');
    await dialog.getByLabel('times').fill('9');
    await dialog.getByRole('button', { name: 'Start' }).click();
    await dialog.getByText('At most 3.').waitFor();
    await dialog.getByLabel('times').fill('3');
    await dialog.getByLabel('tone').selectOption('loud');
    await dialog.getByText('Run id and tags').click();
    const runId = unique('seen');
    await dialog.getByLabel('Run id').fill(runId);
    await dialog.getByLabel('Tags').fill('by-hand, eu');
    await dialog.getByRole('button', { name: 'Start' }).click();
    await tab.waitForURL((url) => url.pathname === `/runs/${runId}`);

    // One right after the other, as they are typed: the second is not kept back until the page has answered the first.
    await Promise.all([tab.keyboard.press('g'), tab.keyboard.press('a')]);
    await tab.waitForURL(/approvals/);
    const row = tab.locator('.inbox-row').filter({ hasText: runId });
    await row.click();
    const form = tab.locator('form.answering');
    await form.getByLabel('reason').fill('no');
    await form.getByLabel('approved').check();
    await form.getByRole('button', { name: 'Send' }).click();
    await form.getByText('At least 3 characters.').waitFor();
    await form.getByLabel('reason').fill('fine');
    await form.getByRole('button', { name: 'Send' }).click();
    const { outputs } = await selvage().getRun(runId).result();
    expect(outputs['end']).toBe('Ada Ada Ada true');
    await row.waitFor({ state: 'detached' });
    expect((await served.ask('runs.show', { runId })).run.tags).toEqual(['by-hand', 'eu']);
  });

  test('what the server refuses is said in the form', async () => {
    const { tab } = await open('tapestries/seen.quick');
    const taken = unique('taken');
    await (await selvage().start(quick, { name: 'Ada' }, { runId: taken })).result();
    await tab.keyboard.press('s');
    const dialog = tab.getByRole('dialog');
    await dialog.getByLabel('name').fill('Bob');
    await dialog.getByText('Run id and tags').click();
    await dialog.getByLabel('Run id').fill(taken);
    await dialog.getByRole('button', { name: 'Start' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'RunIdInUse' }).waitFor();
  });

  test('new runs wait behind a pill and move nothing; the end of a run is shown where it stands', async () => {
    const first = await selvage().start(
      greeting,
      { name: 'Ada', times: 1, tone: 'plain' },
      { runId: unique('first') },
    );
    const { tab } = await open('runs?tapestry=seen.greeting');
    const row = tab.getByRole('link').filter({ hasText: first.runId });
    await row.getByText('running').waitFor();
    const before = await row.boundingBox();
    const second = await selvage().start(
      greeting,
      { name: 'Bob', times: 1, tone: 'plain' },
      { runId: unique('second') },
    );
    const pill = tab.getByRole('button', { name: '1 new run' });
    await pill.waitFor();
    await first.signal('approval', { approved: true, reason: 'seen' });
    await row.getByText('succeeded').waitFor();
    expect(await row.boundingBox()).toEqual(before);
    expect(await tab.getByText(second.runId).count()).toBe(0);
    await pill.click();
    await tab.getByText(second.runId).waitFor();
    await second.cancel();
    await tab.getByRole('link').filter({ hasText: second.runId }).getByText('cancelled').waitFor();
  });

  test('a hidden tab catches up: what happens meanwhile is there when it is looked at', async () => {
    const { tab, context } = await open('runs?tapestry=seen.greeting');
    const run = await selvage().start(
      greeting,
      { name: 'Ada', times: 1, tone: 'plain' },
      { runId: unique('hidden') },
    );
    await tab.reload();
    const row = tab.getByRole('link').filter({ hasText: run.runId });
    await row.getByText('running').waitFor();
    const other = await context.newPage();
    await other.bringToFront();
    const session = await context.newCDPSession(tab);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await run.signal('approval', { approved: true, reason: 'seen' });
    await run.result();
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await tab.bringToFront();
    await row.getByText('succeeded').waitFor();
  });

  test('all of a list is walked by keyboard alone: to a run and back, failed ones only, the sheet, the palette', async () => {
    const failed = await selvage().start(failing, { name: 'cake' }, { runId: unique('failed') });
    await failed.result();
    const { tab } = await open();
    await tab.getByRole('link').filter({ hasText: failed.runId }).waitFor();
    await tab.keyboard.press('f');
    await tab.waitForURL(/status=failed/);
    await tab.getByRole('link').filter({ hasText: failed.runId }).waitFor();
    // The text of an error is text.
    expect(await tab.locator('.run-error b').count()).toBe(0);
    await tab.keyboard.press('j');
    await expectFocusOn(tab, failed.runId);
    await tab.keyboard.press('Enter');
    await tab.waitForURL((url) => url.pathname === `/runs/${failed.runId}`);
    await tab.goBack();
    await tab.waitForURL(/status=failed/);
    // The address is that of the list before the list, and its keys, are there.
    await tab.getByRole('link').filter({ hasText: failed.runId }).waitFor();
    await tab.keyboard.press('?');
    await tab
      .getByRole('dialog', { name: 'Keyboard shortcuts' })
      .getByText('Show only failed runs, or all')
      .waitFor();
    await tab.keyboard.press('Escape');
    await tab.getByRole('dialog').waitFor({ state: 'detached' });
    await tab.keyboard.press('/');
    // Letters that are keys elsewhere are letters in a field.
    await tab.keyboard.type('fgj?');
    await tab.waitForURL(/text=fgj/);
    expect(await tab.getByRole('dialog').count()).toBe(0);
    await tab.keyboard.press('Control+k');
    await tab.keyboard.type(failed.runId);
    await tab.getByRole('option', { selected: true }).filter({ hasText: failed.runId }).waitFor();
    await tab.keyboard.press('Enter');
    await tab.waitForURL((url) => url.pathname === `/runs/${failed.runId}`);
  });

  test('keys that are pressed before the browser draws again, or while the page is busy, are not lost', async () => {
    const { tab } = await open('tapestries/seen.greeting');
    await tab.addInitScript(`
      globalThis.press = (event) => document.activeElement.dispatchEvent(event);
      globalThis.key = (key, more) => new KeyboardEvent('keydown', { key, bubbles: true, ...more });
      // What has the focus once the page has answered a key, in the same task: nothing is drawn in between.
      globalThis.focusAfter = async (event) => {
        press(event);
        for (let turn = 0; turn < 50; turn++) await undefined;
        return document.activeElement.labels?.[0]?.innerText;
      };
      if (location.pathname.startsWith('/tapestries'))
        new MutationObserver((_, observer) => {
          if (!document.querySelector('h1')) return;
          observer.disconnect();
          press(key('s'));
        }).observe(document, { childList: true, subtree: true });
    `);
    await tab.reload();
    await tab.getByRole('dialog', { name: 'Start seen.greeting' }).waitFor();
    await tab.keyboard.press('Escape');
    await tab.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await tab.evaluate(`focusAfter(key('s'))`)).toBe('name');
    await tab.keyboard.press('Escape');
    await tab.getByRole('dialog').waitFor({ state: 'detached' });
    await tab.evaluate(`focusAfter(key('k', { ctrlKey: true }))`);
    expect(await tab.getByRole('combobox').evaluate((field) => field.matches(':focus'))).toBe(true);
    await tab.keyboard.press('Escape');
    await tab.getByRole('dialog').waitFor({ state: 'detached' });
    // Typed at once after the first key, and taken by the page two seconds later.
    await tab.evaluate(`(async () => {
      press(key('g'));
      const second = key('a');
      await new Promise((done) => setTimeout(done, 2000));
      press(second);
    })()`);
    await tab.waitForURL(/approvals/);
  });

  test('Enter in the palette is answered when what was typed is found', async () => {
    const { runId } = await selvage().start(quick, { name: 'Ada' }, { runId: unique('sought') });
    const { tab } = await open();
    let answer!: () => void;
    const isAsked = new Promise<void>((resolve) => (answer = resolve));
    await tab.route('**/api/v1/project/find?*', async (route) => {
      await isAsked;
      await route.continue();
    });
    await tab.keyboard.press('Control+k');
    await tab.keyboard.type(runId);
    await tab.keyboard.press('Enter');
    answer();
    await tab.waitForURL((url) => url.pathname === `/runs/${runId}`);
  });

  test('a form that is being filled in stays, whatever comes to wait meanwhile', async () => {
    const parameters = { name: 'Ada', times: 1, tone: 'plain' } as const;
    const first = await selvage().start(greeting, parameters, { runId: unique('first') });
    const { tab } = await open('approvals');
    const form = tab.locator('form.answering');
    await form.getByText(first.runId).waitFor();
    await form.getByLabel('reason').fill('half');
    const second = await selvage().start(greeting, parameters, { runId: unique('second') });
    await tab.locator('.inbox-row').filter({ hasText: second.runId }).waitFor();
    await form.getByText(first.runId).waitFor();
    expect(await form.getByLabel('reason').inputValue()).toBe('half');
    await Promise.all([first.cancel(), second.cancel()]);
  });

  test('a form that is being filled in stays, also where what it answers is pushed behind the loaded ones', async () => {
    const parameters = { name: 'Ada', times: 1, tone: 'plain' } as const;
    const first = await selvage().start(greeting, parameters, { runId: unique('first') });
    const { tab } = await open();
    // As of so many that wait that the newest one alone is loaded.
    let loaded = first.runId;
    await tab.route('**/api/v1/approvals/list*', async (route) => {
      if (route.request().url().includes('cursor'))
        return await route.fulfill({ json: { items: [], cursor: 'behind' } });
      const { items } = (await (await route.fetch()).json()) as { items: { runId: string }[] };
      await route.fulfill({
        json: { items: items.filter(({ runId }) => runId === loaded), cursor: 'behind' },
      });
    });
    await tab.getByRole('link', { name: 'Approvals' }).click();
    const form = tab.locator('form.answering');
    await form.getByText(first.runId).waitFor();
    await form.getByLabel('reason').fill('half');
    loaded = unique('second');
    const second = await selvage().start(greeting, parameters, { runId: loaded });
    await tab.locator('.inbox-row').filter({ hasText: second.runId }).waitFor();
    await form.getByText(first.runId).waitFor();
    expect(await form.getByLabel('reason').inputValue()).toBe('half');
    await form.getByLabel('reason').fill('whole');
    await form.getByRole('button', { name: 'Send' }).click();
    // What is answered makes room for what waits.
    await form.getByText(second.runId).waitFor();
    await second.cancel();
  });

  test('the grid opens a run at a knot, by keys and by a click', async () => {
    const run = await selvage().start(failing, { name: 'cake' }, { runId: unique('grid') });
    await run.result();
    const { tab } = await open('runs?tapestry=seen.failing&view=grid');
    const cell = tab.getByRole('gridcell', { name: `end: failed in ${run.runId}` });
    await cell.click();
    await tab.waitForURL(
      (url) => url.pathname === `/runs/${run.runId}` && url.searchParams.get('knot') === 'end',
    );
    await tab.goBack();
    await tab.getByRole('grid').focus();
    await tab.keyboard.press('ArrowDown');
    await tab.keyboard.press('Enter');
    await tab.waitForURL((url) => url.searchParams.get('knot') === 'end');
  });

  test('a page for reading offers nothing to do', async () => {
    const served = await openPage({
      backends: selvage().backends,
      reach: ServerReach.of(selvage()),
      tapestries: [quick],
      isReadOnly: true,
    });
    const tab = await browser.newPage();
    onClose(() => tab.close());
    await tab.goto(`${served.url}tapestries/seen.quick`);
    await tab.getByRole('heading', { name: 'seen.quick' }).waitFor();
    expect(await tab.getByRole('button', { name: 'Start a run' }).count()).toBe(0);
  });

  test('a project without runs says how to start one; filters that no run satisfies can be cleared', async () => {
    const served = await openPage({
      backends: createInMemoryBackends(),
      // The server of the other tests has runs.
      reach: nobody,
      tapestries: [quick],
    });
    const tab = await browser.newPage();
    onClose(() => tab.close());
    await tab.goto(`${served.url}runs`);
    await tab.getByText('No runs yet').waitFor();
    await tab.goto(`${served.url}runs?status=failed`);
    await tab.getByText('No matching runs').waitFor();
  });

  test('the first page tells of a failed run and of one that waits, each with the next step', async () => {
    const [failed, waits] = [unique('failed'), unique('waits')];
    await (await selvage().start(failing, { name: 'x' }, { runId: failed })).result();
    await selvage().start(greeting, { name: 'Ada', times: 1, tone: 'plain' }, { runId: waits });
    const { tab } = await open('overview');
    const rowOf = (run: string): Locator => tab.getByRole('row').filter({ hasText: run });
    await rowOf(failed).getByText('no x <b>here</b>').waitFor();
    await tab.getByText(/^Run history: [\d.]+ [KM]iB in sqlite, [\d.]+ [MGT]iB left on its disk$/).waitFor();
    await rowOf(waits).getByRole('link', { name: 'Answer' }).click();
    await tab.getByRole('heading', { name: 'Approvals', level: 1 }).waitFor();
    expect(new URL(tab.url()).searchParams.get('run')).toBe(waits);
    await tab.goBack();
    await rowOf(failed).getByRole('link', { name: failed }).click();
    await tab.waitForURL((url) => url.pathname === `/runs/${failed}`);
    await tab.goBack();
    // The bar of this hour leads to its runs.
    await tab
      .getByRole('link', { name: /failed/ })
      .last()
      .click();
    await tab.getByRole('heading', { name: 'Runs', level: 1 }).waitFor();
    await tab.getByText(failed).waitFor();
  });

  test('a page whose server ends says so, and is there again with it', async () => {
    const { tab, served } = await open();
    const { port } = new URL(served.url);
    await served.server.close();
    await tab.getByText('Connecting again…').waitFor();
    await openPage({
      backends: selvage().backends,
      reach: ServerReach.of(selvage()),
      tapestries: [greeting],
      port: Number(port),
    });
    await tab.getByText('Connecting again…').waitFor({ state: 'detached' });
  });
});

async function expectFocusOn(tab: Page, text: string): Promise<void> {
  await tab.locator(':focus').filter({ hasText: text }).waitFor();
}
