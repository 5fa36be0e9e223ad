import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { htmlForRun, htmlForTapestry, knot, runLocally, tapestry } from '../../../src';
import { describeInBrowser, openBrowser, violations } from '../../support/browser';
import { generatedRun } from '../../support/generated-run';
import { closeAll, temporaryFolder } from '../../support/open-selvage';

/** What must become neither markup nor script, and not turn the text around it. */
const HOSTILE = [
  '</script><script>globalThis.caught = 1</script>',
  '<img src=x onerror="globalThis.caught = 1">',
  'right‮to-left',
  '"\'`${globalThis.caught = 1}',
];

describeInBrowser()('files of HTML', () => {
  let browser: Browser;
  let folder: string;
  const asked: string[] = [];
  const troubles: string[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
    folder = await temporaryFolder();
  });
  afterEach(() => {
    expect(troubles.splice(0)).toEqual([]);
    expect(asked.splice(0).filter((url) => !/^(file|data):/u.test(url))).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await closeAll();
  });

  async function open(
    html: string,
    options: Parameters<Browser['newPage']>[0] = {},
    hash = '',
  ): Promise<Page> {
    const file = path.join(folder, 'run.html');
    rmSync(file, { force: true });
    writeFileSync(file, html);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
    page.on('request', (request) => asked.push(request.url()));
    page.on('pageerror', (error) => troubles.push(error.stack ?? error.message));
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    await page.goto(pathToFileURL(file).href + hash);
    await page.getByRole('group', { name: /^Graph of/u }).waitFor();
    return page;
  }

  /** The legend: counts by the words of statuses. */
  async function legend(page: Page): Promise<Record<string, number>> {
    const texts = await page
      .getByRole('group', { name: 'Knots by status' })
      .getByRole('button')
      .allInnerTexts();
    return Object.fromEntries(
      texts.map((text) => {
        const [, count, word] = /^([\d,]+) (.*)$/u.exec(text.trim())!;
        return [word!, Number(count!.replaceAll(',', ''))];
      }),
    );
  }

  test('opened from disk, a file shows the counts of its result, and few elements for ten thousand knots', async () => {
    const result = generatedRun(10_000);
    const page = await open(htmlForRun(result));
    const counts: Record<string, number> = {};
    for (const { state } of result.graph.knots) {
      const { outcome, cachedFromRun } = state!;
      const word = outcome === 'err' ? 'failed' : cachedFromRun === undefined ? outcome : 'reused';
      counts[word] = (counts[word] ?? 0) + 1;
    }
    expect(await legend(page)).toEqual(counts);
    const elements = (): Promise<number> => page.locator('*').count();
    expect(await elements()).toBeLessThanOrEqual(400);
    // All groups open, near enough for cards.
    await page.keyboard.press('e');
    await page.keyboard.press('ArrowDown');
    for (let times = 0; times < 12; times += 1) await page.keyboard.press('+');
    // To a knot again: the middle of the view may be empty.
    await page.keyboard.press('.');
    await page.locator('.g-card:visible').first().waitFor();
    expect(await elements()).toBeLessThanOrEqual(400);
    await page.keyboard.press('2');
    await page.getByRole('region', { name: 'Timeline' }).waitFor();
    await page.getByRole('list', { name: 'Knots' }).getByRole('button').first().waitFor();
    expect(await elements()).toBeLessThanOrEqual(400);
    await page.close();
  });

  test('the keyboard walks along edges, filters, and opens what it stands on', async () => {
    const first = knot('first', () => 1);
    const second = knot('second', ({ n }: { n: number }) => n + 1);
    const broken = knot('broken', ({ n }: { n: number }): number => {
      throw new TypeError(`cannot take ${n}`, { cause: new Error('the cause') });
    });
    const pipeline = tapestry('walked', {}, () => {
      const one = first({}, { id: 'one' });
      const two = second({ n: one }, { id: 'two' });
      return { end: broken({ n: two }, { id: 'end' }) };
    });
    const page = await open(htmlForRun(await runLocally(pipeline, {})));
    const panel = page.getByRole('complementary');
    // Where nothing is chosen yet, the first that failed is.
    await page.keyboard.press('ArrowDown');
    await expect(panel.getByRole('heading', { level: 2 }).innerText()).resolves.toBe('end');
    expect(await panel.innerText()).toContain('cannot take 2');
    expect(await panel.innerText()).toContain('the cause');
    await page.keyboard.press('ArrowUp');
    await page.getByRole('complementary', { name: 'Knot two' }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('complementary', { name: 'Knot one' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('complementary', { name: 'Knot two' }).waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.keyboard.press('f');
    await page.getByText('1 of 3 knots').waitFor();
    // The panel comes and goes beside the graph, which stays the same element with the same view.
    await page.locator('.g-stage').evaluate((stage) => void Object.assign(stage, { kept: true }));
    await page.keyboard.press('.');
    await panel.waitFor();
    expect(await page.locator('.g-stage').evaluate((stage) => (stage as { kept?: true }).kept)).toBe(true);
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('+two');
    await page.getByText('2 of 3 knots').waitFor();
    await page.keyboard.press('Escape');
    // The list says the same to whoever cannot see the graph.
    await page.keyboard.press('3');
    const rows = page.getByRole('table').getByRole('button');
    await rows.first().waitFor();
    expect((await rows.allInnerTexts()).map((text) => text.split('\n')[0])).toEqual(['one', 'two']);
    // What is shown stands in the address.
    expect(page.url()).toContain('view=list');
    await page.reload();
    await page.getByText('2 of 3 knots').waitFor();
    await page.close();
  });

  test.each(['light', 'dark'] as const)('axe finds nothing in the %s scheme', async (colorScheme) => {
    const page = await open(htmlForRun(generatedRun(300, { seed: 3 })), { colorScheme });
    await page.keyboard.press('ArrowDown');
    await page.getByRole('complementary').waitFor();
    for (const view of ['1', '2', '3', '4']) {
      await page.keyboard.press(view);
      expect(await violations(page)).toEqual([]);
    }
    await page.close();
  });

  test('hostile ids and messages are texts', async () => {
    const result = generatedRun(12, { ids: HOSTILE });
    const failed = { ...result.graph.knots[3]! };
    const error = { type: HOSTILE[0]!, message: `${HOSTILE[1]!}\0\x1b[31m` };
    const graph = {
      ...result.graph,
      tapestry: HOSTILE[0]!,
      knots: result.graph.knots.map((one, index) =>
        index === 3 ? { ...failed, state: { ...failed.state!, outcome: 'err' as const, error } } : one,
      ),
    };
    const page = await open(htmlForRun({ ...result, runId: HOSTILE[1]!, graph }));
    for (const id of HOSTILE) {
      await page.keyboard.press('3');
      await page.getByRole('table').getByRole('button').nth(HOSTILE.indexOf(id)).click();
      await page.getByRole('complementary').waitFor();
    }
    await page.keyboard.press('2');
    await page.keyboard.press('1');
    expect(await page.evaluate(() => (globalThis as { caught?: unknown }).caught)).toBeUndefined();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(2);
    const texts = await page.locator('body').innerText();
    expect(texts).toContain('<img src=x');

    expect(texts).not.toMatch(/[\0\x1b\u202e]/u);
    await page.close();
  });

  test('a tapestry is a file too', async () => {
    const pipeline = tapestry('drawn', {}, () => ({ only: knot('only', () => 1)({}, { id: 'only' }) }));
    const page = await open(htmlForTapestry(pipeline));
    await page.getByRole('group', { name: 'Graph of drawn: 1 knot.' }).waitFor();
    // Nothing ran, so no knot has a status.
    expect(await legend(page)).toEqual({});
    await page.close();
  });
});
