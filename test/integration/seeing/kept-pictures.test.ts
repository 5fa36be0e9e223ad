import type { Browser, Page } from 'playwright-core';
import { runLocally } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import type { Backends } from '../../../src/ports';
import * as weather from '../../../scripts/docs-images/weather-reports';
import { describeInBrowser, openBrowser } from '../../support/browser';
import { expectPicture, likeness, TOLERATED } from '../../support/kept-picture';
import { closeAll, onClose } from '../../support/open-selvage';
import { openPage } from '../../support/page';

/** All clocks stand still here: those of the runs, of the server and of the browser. */
const NOW = Date.parse('2026-03-02T10:30:00Z');
const SIZE = { width: 1280, height: 800 };

/** Places, and what each waits for before its picture is taken. */
const PICTURES: Readonly<Record<string, readonly [place: string, content: string]>> = {
  overview: ['overview', '.hours'],
  'failed-run': ['runs/rhine-morning?knot=clean.whole', '.rp-cause'],
  runs: ['runs', '.run-row'],
  graph: ['runs/alps-morning', '.g-card:not([hidden])'],
  timeline: ['runs/alps-morning?view=timeline&knot=fetch.radar', 'canvas'],
  compare: ['compare/alps-morning/alps-noon', '.difference'],
};

describeInBrowser()('pictures of the page', () => {
  let browser: Browser;
  let backends: Backends;

  beforeAll(async () => {
    browser = await openBrowser();
    backends = createInMemoryBackends();
    await makeRuns(backends);
    jest.useFakeTimers({ now: NOW, doNotFake: ALL_BUT_DATE });
  });
  afterEach(closeAll);
  afterAll(async () => {
    jest.useRealTimers();
    await browser?.close();
  });

  async function open(name: string): Promise<Page> {
    const [place, content] = PICTURES[name]!;
    const { url } = await openPage({
      backends,
      project: 'weather-reports',
      tapestries: Object.values(weather),
      isReadOnly: true,
    });
    const context = await browser.newContext({
      viewport: SIZE,
      colorScheme: 'light',
      reducedMotion: 'reduce',
      timezoneId: 'UTC',
      locale: 'en',
    });
    onClose(() => context.close());
    const tab = await context.newPage();
    await tab.addInitScript(`
      globalThis.Date = class extends Date {
        static now() { return ${NOW}; }
        constructor(...parts) { super(...(parts.length === 0 ? [${NOW}] : parts)); }
      };
    `);
    await tab.goto(url + place, { waitUntil: 'networkidle' });
    await tab.getByText('Temporal unreachable').waitFor({ state: 'attached' });
    await tab.locator(content).first().waitFor();
    await tab.locator('.skeleton').first().waitFor({ state: 'detached' });
    return tab;
  }

  test.each(Object.keys(PICTURES))('%s looks as it did', async (name) => {
    await expectPicture(await open(name), name);
  });

  test('another font passes; a missing part and a wrong colour do not', async () => {
    const tab = await open('failed-run');
    const kept = await tab.screenshot({ caret: 'hide' });
    const shareOf = async (css: string): Promise<number> => {
      await tab.evaluate(`document.adoptedStyleSheets = [new CSSStyleSheet()]`);
      await tab.evaluate(`document.adoptedStyleSheets[0].replaceSync(${JSON.stringify(css)})`);
      return (await likeness(tab, kept, await tab.screenshot({ caret: 'hide' }))).share;
    };
    expect(await shareOf('')).toBe(0);
    for (const font of ['DejaVu Sans', 'DejaVu Serif', 'DejaVu Sans Condensed'])
      expect(await shareOf(`:root { --sans: '${font}'; }`)).toBeLessThan(TOLERATED);
    for (const change of [
      '.split-second { visibility: hidden; }',
      ':root { --err: #18794a; }',
      ':root { --accent: #c62a2f; }',
      ':root { --err-soft: #e6f5ec; }',
    ])
      expect([change, (await shareOf(change)) > TOLERATED]).toEqual([change, true]);
  });
});

type Timers = NonNullable<FakeTimersConfig['doNotFake']>;
const NOT_TIME: Timers = ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'];
const ALL_BUT_DATE: Timers = [
  ...NOT_TIME,
  'hrtime',
  'performance',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
];

/** Time passes here from timer to timer, so that the runs take as long in each recording. */
async function makeRuns(backends: Backends): Promise<void> {
  jest.useFakeTimers({ doNotFake: NOT_TIME });
  const run = async (runId: string, time: string, parameters: object): Promise<void> => {
    jest.setSystemTime(Date.parse(`2026-03-02T${time}Z`));
    let isOver = false;
    const ended = runLocally(
      weather.weatherReport,
      { region: runId.split('-')[0]!, ...parameters },
      { backends, runId, realTime: true, signals: { approval: { by: 'Ada' } } },
    ).finally(() => (isOver = true));
    while (!isOver) {
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      jest.advanceTimersToNextTimer();
    }
    await ended;
  };
  await run('rhine-morning', '06:00:00', { stations: 240, offset: 9 });
  await run('alps-morning', '06:30:00', { stations: 240 });
  await run('alps-noon', '10:00:00', { stations: 260, offset: 1 });
  await run('baltic-noon', '10:05:00', { stations: 12, offset: -1.5 });
  jest.useRealTimers();
}
