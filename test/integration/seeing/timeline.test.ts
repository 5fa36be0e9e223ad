import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { z } from 'zod';
import {
  htmlForRun,
  knot as define,
  tapestry,
  waitForSignal,
  type GraphKnot,
  type GraphState,
  type RunResult,
} from '../../../src';
import { ServerReach } from '../../../src/explorer/page-server';
import { describeInBrowser, openBrowser, violations } from '../../support/browser';
import { closeAll, onClose, openSelvage, temporaryFolder, unique } from '../../support/open-selvage';
import { openPage } from '../../support/page';
import { until } from '../../support/until';

const T0 = Date.UTC(2026, 0, 5, 3);
const MINUTE = 60_000;
/** When the approval came, 2 h 10 m after the report was ready. */
const APPROVED = 12_000 + 130 * MINUTE;

function knot(
  id: string,
  parents: readonly number[],
  [scheduled, started, finished]: readonly [number, number, number],
  more: Partial<GraphState> & { readonly kind?: GraphKnot['kind'] } = {},
): GraphKnot {
  const { kind = 'knot', ...state } = more;
  return {
    id,
    kind,
    definition: id,
    configHash: `sha256:${id}`,
    inputs: parents.map((from, index) => ({ name: `input${index}`, from })),
    state: {
      outcome: 'ok',
      scheduledAt: T0 + scheduled,
      startedAt: T0 + started,
      finishedAt: T0 + finished,
      attempt: 1,
      ...state,
    },
  };
}

/** Three workers, an attempt that failed, two loads at once on a worker, and a long wait for a signal. */
const knots: readonly GraphKnot[] = [
  knot('param:day', [], [0, 0, 0], { kind: 'parameter' }),
  knot('load.customers', [0], [0, 0, 4_000], { worker: '1@alpha' }),
  knot('load.orders.of-the-last-year', [0], [0, 1_000, 6_000], { worker: '1@alpha' }),
  knot('load.rates', [0], [0, 5_000, 7_000], {
    worker: '2@beta',
    attempt: 2,
    attempts: [
      {
        attempt: 1,
        startedAt: T0,
        endedAt: T0 + 1_500,
        worker: '3@gamma',
        reason: { code: 'BodyThrew', message: 'no' },
      },
    ],
    waits: [{ code: 'Retry', since: T0 + 1_500, until: T0 + 5_000 }],
  }),
  knot('join', [1, 2, 3], [7_000, 7_100, 9_000], { worker: '1@alpha' }),
  knot('report', [4], [9_000, 9_100, 12_000], { worker: '2@beta' }),
  knot('approval', [5], [12_000, 12_000, APPROVED], { kind: 'waitForSignal' }),
  knot('publish', [6], [APPROVED, APPROVED + 200, APPROVED + 3_000], { worker: '2@beta' }),
  knot('archive', [6], [APPROVED, APPROVED + 200, APPROVED + 1_000], { worker: '1@alpha' }),
];

const run: RunResult = {
  runId: 'approved-late',
  status: 'succeeded',
  succeeded: true,
  outputs: {},
  outcomes: Object.fromEntries(
    knots.map(({ id }) => [id, { kind: 'ok' }]),
  ) as unknown as RunResult['outcomes'],
  values: {},
  graph: { tapestry: 'approved', planHash: 'sha256:0', knots },
};

interface Box {
  readonly text: string;
  readonly size: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Keeps what the canvas of the bars says since it was last cleared, with the boxes of texts. */
function keepDrawnTexts(): void {
  interface Context {
    canvas: { getBoundingClientRect(): { left: number; top: number } };
    font: string;
    measureText(text: string): { width: number };
    fillText(text: string, x: number, y: number): void;
    clearRect(...box: number[]): void;
  }
  const scope = globalThis as unknown as {
    CanvasRenderingContext2D: { prototype: Context };
    drawn: Map<unknown, Box[]>;
  };
  scope.drawn = new Map();
  const { prototype } = scope.CanvasRenderingContext2D;
  const { fillText, clearRect } = prototype;
  prototype.clearRect = function (this: Context, ...box) {
    scope.drawn.set(this.canvas, []);
    clearRect.apply(this, box);
  };
  prototype.fillText = function (this: Context, text, x, y) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const size = parseFloat(/[\d.]+(?=px)/u.exec(this.font)![0]);
    const at = { left: left + x, right: left + x + this.measureText(text).width };
    scope.drawn
      .get(this.canvas)
      ?.push({ text, size, ...at, top: top + y - size / 2, bottom: top + y + size / 2 });
    fillText.call(this, text, x, y);
  };
}

const drawnTexts = (page: Page): Promise<Box[]> =>
  page.evaluate(() => {
    const { drawn } = globalThis as unknown as { drawn: Map<{ isConnected: boolean }, Box[]> };
    return [...drawn].flatMap(([canvas, boxes]) => (canvas.isConnected ? boxes : []));
  });

/** The texts of elements, with the box of the text alone. */
const elementTexts = (texts: Locator): Promise<Box[]> =>
  texts.evaluateAll((elements) => {
    const { document, getComputedStyle } = globalThis as unknown as {
      document: {
        createRange(): { selectNodeContents(of: unknown): void; getBoundingClientRect(): Box };
      };
      getComputedStyle(of: unknown): { fontSize: string };
    };
    return (elements as { textContent: string; getBoundingClientRect(): Box }[])
      .filter(({ textContent }) => textContent !== '')
      .map((element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        const { left, right, top, bottom } = range.getBoundingClientRect();
        // A cut text is as wide as its element.
        const end = Math.min(right, element.getBoundingClientRect().right);
        const size = parseFloat(getComputedStyle(element).fontSize);
        return { text: element.textContent, size, left, right: end, top, bottom };
      });
  });

async function allTexts(page: Page): Promise<Box[]> {
  const inDocument = page.locator('.t-label:visible > span, .t-break:visible > span');
  return [...(await drawnTexts(page)), ...(await elementTexts(inDocument))];
}

function overlaps(boxes: readonly Box[]): string[] {
  return boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter(
        (other) =>
          one.left < other.right &&
          other.left < one.right &&
          one.top < other.bottom &&
          other.top < one.bottom,
      )
      .map((other) => `${one.text} | ${other.text}`),
  );
}

/** Waits until the page has drawn what has changed. */
const drawn = (page: Page): Promise<unknown> =>
  page.evaluate(
    `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))`,
  );

const rowTexts = (page: Page): Promise<string[]> =>
  page.getByRole('list', { name: 'Knots' }).getByRole('listitem').locator('button:visible').allInnerTexts();

describeInBrowser()('the timeline of a run', () => {
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

  async function newPage(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1_280, height: 800 }, ...options });
    onClose(() => page.close());
    page.on('pageerror', (error) => troubles.push(error.stack ?? error.message));
    await page.addInitScript(keepDrawnTexts);
    return page;
  }

  async function open(options: Parameters<Browser['newPage']>[0] = {}, query = ''): Promise<Page> {
    const file = path.join(await temporaryFolder(), 'run.html');
    writeFileSync(file, htmlForRun(run));
    const page = await newPage(options);
    await page.goto(`${pathToFileURL(file).href}#/runs/${run.runId}?view=timeline${query}`);
    await page.getByRole('list', { name: 'Knots' }).getByRole('button').first().waitFor();
    await drawn(page);
    return page;
  }

  const theBreak = (page: Page): Locator => page.getByRole('img', { name: '2 h 10 m without work' });

  test('a long wait is a short break with its length, until real time is asked for', async () => {
    const page = await open();
    await theBreak(page).getByText('2 h 10 m without work').waitFor();
    expect((await theBreak(page).boundingBox())!.width).toBeLessThan(130);
    const texts = async (): Promise<string[]> => (await drawnTexts(page)).map(({ text }) => text);
    // The ticks go on behind the break with the times that these are, and the work has room for its text.
    expect(await texts()).toEqual(expect.arrayContaining(['2 s', '10 s', '2 h 10 m 14 s', '2.8 s']));
    await page.getByRole('button', { name: 'Real time' }).click();
    await theBreak(page).waitFor({ state: 'hidden' });
    await drawn(page);
    expect(await texts()).toEqual(expect.arrayContaining(['30 m', '1 h', '2 h']));
    expect(page.url()).toContain('scale=real');
    await page.reload();
    await page.getByRole('button', { name: 'Real time', pressed: true }).waitFor();
    expect(await theBreak(page).isVisible()).toBe(false);
    await page.keyboard.press('s');
    await theBreak(page).waitFor();
    // Nearer, the break is still one.
    for (const key of ['+', '+', 'ArrowRight', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    await theBreak(page).waitFor();
    await page.keyboard.press('0');
    await page.getByRole('button', { name: 'All of it' }).waitFor({ state: 'detached' });
  });

  test('the critical path is marked on request, and told in words', async () => {
    const page = await open();
    expect((await rowTexts(page)).join()).not.toContain('critical');
    await page.keyboard.press('p');
    await page
      .getByText(
        'Critical path: 6 knots, at work for 11 s of the run’s 2 h 10 m (below 1 %): param:day → load.rates → join → report → approval → publish',
      )
      .waitFor();
    await drawn(page);
    const marked = (await rowTexts(page)).filter((text) => text.includes('critical'));
    expect(marked.map((text) => text.split('\n')[0])).toEqual([
      'param:day',
      'load.rates',
      'join',
      'report',
      'approval',
      'publish',
    ]);
    await page.getByRole('button', { name: 'Critical path', pressed: true }).click();
    await page.getByText('Critical path: ').waitFor({ state: 'detached' });
  });

  test('lanes have the attempts of each worker, chosen by the pointer and by keys', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'By worker' }).click();
    await drawn(page);
    expect((await rowTexts(page)).map((text) => text.replace('\n', ': '))).toEqual([
      '1@alpha: 4',
      'lane 1: 3 attempts',
      'lane 2: 1 attempt',
      '2@beta: 3',
      'lane 1: 3 attempts',
      '3@gamma: 1',
      'lane 1: 1 attempt',
      'without a worker: 1',
      'lane 1: 1 attempt',
    ]);
    const bar = (await drawnTexts(page)).find(({ text }) => text === 'load.orders.of-the-last-year')!;
    await page.mouse.click(bar.left + 5, bar.top + 5);
    const panel = (id: string): Locator => page.getByRole('complementary', { name: `Knot ${id}` });
    await panel('load.orders.of-the-last-year').waitFor();
    await page.keyboard.press('ArrowDown');
    await panel('load.rates').waitFor();
    await page.getByRole('button', { name: '1@alpha' }).click();
    await page.getByRole('button', { name: '1@alpha', expanded: false }).waitFor();
    expect(page.url()).toContain('by=worker');
  });

  test('no two texts overlap, and none is below 11 pixels', async () => {
    for (const width of [1_280, 640]) {
      const page = await open({ viewport: { width, height: 800 } }, '&path=critical');
      for (const key of ['s', 's', '+', '+', 'ArrowRight', '0', 'n', 's', 's', 'n', '+', '0', 's']) {
        await page.keyboard.press(key);
        await drawn(page);
        const texts = await allTexts(page);
        expect(texts.length).toBeGreaterThan(12);
        expect([width, key, overlaps(texts)]).toEqual([width, key, []]);
        expect(Math.min(...texts.map(({ size }) => size))).toBeGreaterThanOrEqual(11);
      }
    }
  });

  test.each(['light', 'dark'] as const)(
    'has no violation of accessibility in %s colours',
    async (colorScheme) => {
      const page = await open({ colorScheme, reducedMotion: 'reduce' }, '&path=critical');
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'By worker' }).click();
      await drawn(page);
      expect(await violations(page)).toEqual([]);
    },
  );

  test('the break of a running run grows while it waits, and stays when the run has ended', async () => {
    const name = unique('waits');
    const load = define('load', async () => await delay(50, 1));
    const waiting = tapestry(name, {}, () => {
      const one = load({}, { id: 'load' });
      return {
        end: waitForSignal({ name: 'approval', schema: z.string(), after: [one] }, { id: 'approval' }),
      };
    });
    const selvage = await openSelvage({ tapestries: [waiting] });
    const handle = await selvage.start(waiting, {}, { runId: name });
    const served = await openPage({ backends: selvage.backends, reach: ServerReach.of(selvage) });
    const page = await newPage();
    await page.goto(`${served.url}runs/${name}?view=timeline&path=critical`);
    // On a busy machine, `load` may wait, too.
    const pause = page.getByRole('img', { name: / s without work$/u }).first();
    await pause.waitFor();
    const first = await longestPause(page);
    await until('it grows', async () => (await longestPause(page)) > first);
    await page.getByText(/^Critical path: 2 knots, .* load → approval$/u).waitFor();
    await handle.signal('approval', 'fine');
    await handle.result();
    await page.getByText('succeeded').first().waitFor();
    await pause.waitFor();
  });
});

async function longestPause(page: Page): Promise<number> {
  const pauses = await page.getByRole('img', { name: / s without work$/u }).all();
  const labels = await Promise.all(pauses.map(async (pause) => await pause.getAttribute('aria-label')));
  return Math.max(...labels.map((label) => Number.parseFloat(label!)));
}
