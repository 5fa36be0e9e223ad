import type { Browser, Page } from 'playwright-core';
import { daily, emitter, knot, schedule, tapestry, webhook } from '../../../src';
import { Deliveries } from '../../../src/deliveries';
import { placeOf } from '../../../src/explorer/page/routes';
import { ServerReach } from '../../../src/explorer/page-server';
import { runStream } from '../../../src/serve';
import * as weather from '../../../scripts/docs-images/weather-reports';
import { describeInBrowser, openBrowser, violations } from '../../support/browser';
import { closeAll, onClose, selvageForAll, unique } from '../../support/open-selvage';
import { openPage, quietLogger } from '../../support/page';
import { PAGE_NAMES, pathsOf, type Shown } from '../../support/page-places';
import { streamPlace } from '../../support/stream-place';
import { until } from '../../support/until';

const count = knot('count', ({ day }: { day: { key: string } }) => {
  if (day.key === '2024-01-02') throw new Error('no such day');
  return day.key.length;
});
const days = tapestry(
  'days',
  { partition: daily('2024-01-01', { last: '2024-01-04' }) },
  (_, { partition }) => ({
    count: count({ day: partition }, { id: 'count', retry: { maximumAttempts: 1 } }),
  }),
);
const tapestries = [...Object.values(weather), days];
const triggers = [webhook(weather.satelliteImage, { path: '/orders', verify: false })];
const selvage = selvageForAll({ tapestries });
afterEach(closeAll);

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

describeInBrowser()('access to the page', () => {
  let browser: Browser;
  let shown: Shown;
  const deliveries: Deliveries[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
    shown = await makeAll();
  });
  afterAll(async () => {
    await browser?.close();
    await selvage().schedules.delete('nightly');
    for (const one of deliveries) await one.stop();
  });

  /** Runs of every kind, and one of everything else that a page lists. */
  async function makeAll(): Promise<Shown> {
    const { backends } = selvage();
    const broken = emitter('broken', () => Promise.reject(new Error('500 Internal Server Error')));
    deliveries.push(
      await Deliveries.start({ backends, emitters: [broken], logger: quietLogger, projectDir: '.' }),
    );
    await selvage().schedules.deploy([
      schedule(weather.satelliteImage, { id: 'nightly', cron: '0 0 1 1 *', parameters: { orbit: 1 } }),
    ]);
    const start = async (runId: string, parameters: object) =>
      await selvage().start(weather.weatherReport, { region: 'x', stations: 4, ...parameters }, { runId });
    const [failed, waits, ...done] = await Promise.all([
      start('rhine-morning', { offset: 9 }),
      start('rhine-noon', {}),
      start('alps-morning', {}),
      start('alps-noon', { offset: 1 }),
    ]);
    await (await selvage().start(days, { partition: '2024-01-02' })).result();
    for (const run of [waits, ...done])
      await until('the report is made', async () =>
        (await run.lineage()).some(({ knot_id: id }) => id === 'report'),
      );
    for (const run of done) await run.signal('approval', { by: 'Ada' });
    await Promise.all([failed.result(), ...done.map((run) => run.result())]);
    const stream = unique('orbits');
    await runStream(orbits, weather.satelliteImage, {
      ...streamPlace(backends),
      id: stream,
      parameter: 'orbit',
    });
    const record = (await done[0].lineage()).find(({ knot_id: id }) => id === 'fetch.stations');
    return { hash: record!.output_hash!, stream, emitter: 'broken' };
  }

  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const served = await openPage({
      backends: selvage().backends,
      reach: ServerReach.of(selvage()),
      tapestries,
      triggers,
    });
    const context = await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce', ...options });
    onClose(() => context.close());
    const tab = await context.newPage();
    await tab.goto(served.server.link);
    await settled(tab);
    return tab;
  }

  async function goTo(tab: Page, path: string): Promise<void> {
    await tab.goto(new URL(path, tab.url().replace(/(:\d+\/).*/, '$1')).href);
    await settled(tab);
  }

  test('the table of places has every page, and no place that leads to another one', () => {
    for (const name of PAGE_NAMES)
      expect(pathsOf(name, shown).map((path) => placeOf(path)?.page)).toEqual(
        pathsOf(name, shown).map(() => name),
      );
  });

  test.each([...PAGE_NAMES, 'nowhere'] as const)(
    '%s has no violation of accessibility in either scheme, on a wide screen and on a phone, where nothing scrolls sideways',
    async (name) => {
      const tab = await open();
      const wrong: string[] = [];
      for (const path of name === 'nowhere' ? ['nowhere'] : pathsOf(name, shown)) {
        await goTo(tab, path);
        for (const viewport of [WIDE, PHONE])
          for (const colorScheme of ['light', 'dark'] as const) {
            await tab.setViewportSize(viewport);
            await tab.emulateMedia({ colorScheme });
            const where = `${path}, ${viewport.width} pixels, ${colorScheme}:`;
            wrong.push(...(await violations(tab)).map((text) => `${where} ${text}`));
          }
        wrong.push(...(await overflowing(tab)).map((part) => `${path}: ${part} scrolls sideways`));
        expect(await tab.evaluate('document.getAnimations().length')).toBe(0);
        await tab.setViewportSize(WIDE);
      }
      expect(wrong).toEqual([]);
    },
  );

  test.each(['light', 'dark'] as const)(
    'dialogs and the palette have no violation in %s colours',
    async (colorScheme) => {
      const tab = await open({ colorScheme });
      await goTo(tab, 'tapestries/weather-report');
      for (const [keys, name] of DIALOGS) {
        await tab.keyboard.press(keys);
        await tab.getByRole('dialog', { name }).waitFor();
        expect(await violations(tab)).toEqual([]);
        await tab.keyboard.press('Escape');
        await tab.getByRole('dialog').waitFor({ state: 'detached' });
      }
    },
  );

  test.each([WIDE, PHONE])(
    'Tab comes to everything that can be used on every page, in the order of the page and with a visible focus, at $width pixels',
    async (viewport) => {
      const tab = await open({ viewport });
      const wrong: string[] = [];
      for (const path of PAGE_NAMES.flatMap((name) => pathsOf(name, shown))) {
        await goTo(tab, path);
        const { reached, missed } = await walk(tab);
        wrong.push(...missed.map((element) => `${path}: ${element} is not reached`));
        for (const { element, isSeen, isInOrder } of reached) {
          if (!isSeen) wrong.push(`${path}: the focus on ${element} is not seen`);
          if (!isInOrder) wrong.push(`${path}: ${element} is out of order`);
        }
        expect(reached.length).toBeGreaterThan(5);
      }
      expect(wrong).toEqual([]);
    },
  );

  test('a dialog keeps the focus, and gives it back to where it was', async () => {
    const tab = await open();
    await goTo(tab, 'tapestries/weather-report');
    const button = tab.getByRole('button', { name: 'Keyboard shortcuts' });
    for (const [keys, name] of DIALOGS) {
      await button.focus();
      await tab.keyboard.press(keys);
      const dialog = tab.getByRole('dialog', { name });
      await dialog.waitFor();
      const { reached } = await walk(tab);
      expect(reached.length).toBeGreaterThan(0);
      expect(reached.filter(({ isSeen, isInDialog }) => !isSeen || !isInDialog)).toEqual([]);
      await tab.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await button.evaluate((element) => element.matches(':focus'))).toBe(true);
    }
  });

  test('Enter and Space press what has the focus: a link, a tab, a switch, a fold, and the way past the menu', async () => {
    const tab = await open();
    await tab.keyboard.press('Tab');
    await tab.keyboard.press('Enter');
    expect(await tab.evaluate('document.activeElement.id')).toBe('main');
    await tab.getByRole('button', { name: '7 days' }).focus();
    await tab.keyboard.press('Space');
    await tab.waitForURL(/last=7d/);
    await tab.getByRole('link', { name: 'rhine-morning' }).first().focus();
    await tab.keyboard.press('Enter');
    await tab.waitForURL(/runs\/rhine-morning/);
    await tab.getByRole('tab', { name: 'Graph' }).focus();
    await tab.keyboard.press('ArrowRight');
    await tab.waitForURL(/view=timeline/);
    await tab.keyboard.press('ArrowLeft');
    await tab.getByRole('button', { name: 'Show the knots as a table' }).focus();
    await tab.keyboard.press('Space');
    await tab.waitForURL(/view=list/);
    await tab.getByRole('rowgroup').and(tab.locator(':focus')).waitFor();
    // The table says of each knot what the graph shows.
    const table = tab.getByRole('table', { name: 'Knots' });
    expect(await table.getByRole('columnheader').allTextContents()).toEqual([
      'Knot',
      'Definition',
      'Status',
      'Took',
      'Value',
    ]);
    await table
      .getByRole('row', { name: /^clean\.calibrated calibrate.*failed/ })
      .getByRole('button')
      .focus();
    await tab.keyboard.press('Enter');
    await tab.getByRole('complementary', { name: 'Knot clean.calibrated' }).waitFor();
  });

  test('pages have named landmarks and titles of their own, and a change of place is announced', async () => {
    const tab = await open();
    const titles = new Set<string>();
    for (const name of PAGE_NAMES) {
      await goTo(tab, pathsOf(name, shown)[0]!);
      titles.add(await tab.title());
      await tab.getByRole('navigation', { name: 'Pages' }).waitFor();
      expect(await tab.getByRole('main').count()).toBe(1);
    }
    expect(titles.size).toBe(PAGE_NAMES.length);
    await tab.getByRole('link', { name: 'Workers' }).click();
    await tab.getByRole('status').filter({ hasText: 'Workers' }).waitFor({ state: 'attached' });
    expect(await tab.title()).toMatch(/^Workers · /);
  });

  test('nothing moves where less motion is wanted', async () => {
    const moving = `document.getAnimations().length`;
    const tab = await open();
    await goTo(tab, 'runs/rhine-noon');
    expect(await tab.evaluate(moving)).toBe(0);
    await tab.getByRole('button', { name: 'Nearer' }).hover();
    expect(await tab.evaluate(moving)).toBe(0);
    await tab.emulateMedia({ reducedMotion: 'no-preference' });
    // It is over soon, so it is waited for before it begins.
    const moved = tab.waitForFunction(() => {
      const { document } = globalThis as unknown as { document: { getAnimations(): unknown[] } };
      return document.getAnimations().length > 0;
    });
    await tab.getByRole('button', { name: 'Fit' }).hover();
    await moved;
  });

  test('on a phone a table is a card for each row, whose cells say their column, and stays a table for readers of screens', async () => {
    const tab = await open({ viewport: PHONE });
    await goTo(tab, 'workers');
    // Queues of other runs may have workers, too.
    const row = tab.getByRole('table').getByRole('row').filter({ hasText: 'polled' }).first();
    await row.waitFor();
    const cells = await row.getByRole('cell').evaluateAll((all) =>
      all.map((cell) => {
        const { x, width } = (cell as unknown as Box).getBoundingClientRect();
        return { x, width, title: (cell as unknown as Box).dataset['title'] };
      }),
    );
    expect(cells.map(({ title }) => title)).toEqual(await tab.getByRole('columnheader').allTextContents());
    // One below the other, as wide as the page.
    expect(new Set(cells.map(({ x }) => x)).size).toBe(1);
    for (const { width } of cells) expect(width).toBeGreaterThan(300);
  });
});

const DIALOGS = [
  ['s', 'Start weather-report'],
  ['?', 'Keyboard shortcuts'],
  ['Control+k', 'Search'],
] as const;

interface Box {
  readonly dataset: Readonly<Record<string, string>>;
  getBoundingClientRect(): { readonly x: number; readonly width: number };
}

interface Stop {
  readonly element: string;
  readonly isSeen: boolean;
  readonly isInOrder: boolean;
  readonly isInDialog: boolean;
}

/** Presses Tab from the start of the page, or of a dialog, until it comes around. */
async function walk(tab: Page): Promise<{ reached: Stop[]; missed: string[] }> {
  await tab.evaluate(WALKING);
  const reached: Stop[] = [];
  // The walk goes through the browser's own buttons once, unless it began at the first element.
  for (let ends = 0; ends < 2;) {
    await tab.keyboard.press('Tab');
    const stop = await tab.evaluate<Stop | undefined>('walking.stop()');
    if (stop) reached.push(stop);
    else ends += 1;
  }
  return { reached, missed: await tab.evaluate<string[]>('walking.missed()') };
}

/**
 * A focus is seen if the element, or a part of it that stands for it, has an outline in the window. Of radio buttons,
 * tabs and rows, Tab reaches one.
 */
const WALKING = `
  globalThis.walking = (() => {
    const reached = new Set();
    let before;
    document.activeElement?.blur();
    const nameOf = (element) =>
      (element.tagName.toLowerCase() + '.' + element.className + ' ' + (element.ariaLabel ?? element.textContent)).slice(0, 80);
    const outlined = (style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
    const isSeen = (element) => {
      const { top, left, right, bottom } = element.getBoundingClientRect();
      const isInWindow = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight && right > left && bottom > top;
      return isInWindow && (outlined(getComputedStyle(element)) || outlined(getComputedStyle(element, '::after')));
    };
    return {
      stop() {
        const element = document.activeElement;
        if (!element || element === document.body || reached.has(element)) return void (before = undefined);
        const isInOrder = !before || (before.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
        reached.add((before = element));
        return { element: nameOf(element), isSeen: isSeen(element), isInOrder, isInDialog: element.closest('dialog') !== null };
      },
      missed: () =>
        [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
          .filter((element) => element.tabIndex >= 0 && !element.disabled && element.type !== 'radio')
          .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !reached.has(element))
          .map(nameOf),
    };
  })();
`;

async function* orbits(): AsyncGenerator<{ value: number; offset: number }> {
  await Promise.resolve();
  for (const offset of [1, 2]) yield { value: offset === 2 ? Number.NaN : offset, offset };
}

/** Waits for the page's content: its answers, and what they are laid out to. */
async function settled(tab: Page): Promise<void> {
  await tab.locator('h1, .empty, .error-box').first().waitFor();
  await tab.locator('.skeleton').first().waitFor({ state: 'detached' });
  await tab.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
}

/** The parts of the page that are wider than the screen. */
async function overflowing(tab: Page): Promise<string[]> {
  return await tab.evaluate<string[]>(`
    [...document.querySelectorAll('html, body, main, .page-body, .tab-panel')]
      .filter((part) => part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).overflowX !== 'visible' || part.scrollWidth > innerWidth)
      .map((part) => part.tagName + '.' + part.className + ' ' + part.scrollWidth)
  `);
}
