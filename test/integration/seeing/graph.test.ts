import type { Browser, Page } from 'playwright-core';
import { knot, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { describeInBrowser, openBrowser } from '../../support/browser';
import { closeAll, onClose } from '../../support/open-selvage';
import { openPage } from '../../support/page';

const source = knot('source', () => 1);
const deviation = knot('statistics.standard_deviation', ({ x }: { x: number }) => x + 1);
const wide = tapestry('wide', () => {
  const x = source({}, { id: 'source' });
  for (let index = 0; index < 12; index++) deviation({ x }, { id: `load.customers.region-${index}-europe` });
});

afterEach(closeAll);

describeInBrowser()('the graph of a run in a browser', () => {
  let browser: Browser;
  beforeAll(async () => (browser = await openBrowser()));
  afterAll(() => browser.close());

  async function open(): Promise<Page> {
    const backends = createInMemoryBackends();
    await runLocally(wide, {}, { backends, runId: 'wide-1' });
    const { url } = await openPage({ backends, isReadOnly: true });
    const tab = await browser.newPage({ viewport: { width: 1_200, height: 800 } });
    onClose(() => tab.close());
    await tab.goto(`${url}runs/wide-1`);
    await tab.locator('.g-card:visible').first().waitFor();
    return tab;
  }

  /** The smallest text of cards, in pixels of the screen. */
  const leastText = (tab: Page): Promise<number> =>
    tab.locator('.g-card:visible .g-id').evaluateAll((names) => {
      const sizes = (names as { offsetHeight: number; getBoundingClientRect(): { height: number } }[]).map(
        (name) => {
          const { fontSize } = (
            globalThis as unknown as { getComputedStyle(of: unknown): { fontSize: string } }
          ).getComputedStyle(name);
          return parseFloat(fontSize) * (name.getBoundingClientRect().height / name.offsetHeight);
        },
      );
      return Math.min(...sizes);
    });

  test('names keep their beginning and end, and are not below 11 pixels', async () => {
    const tab = await open();
    expect(await leastText(tab)).toBeGreaterThanOrEqual(10.5);
    const names = await tab.locator('.g-card:visible .g-id').allTextContents();
    expect(names.filter((name) => name.includes('…')).length).toBeGreaterThan(0);
    for (const name of names) expect(name).toMatch(/^[rs].*e$/);
  });

  test('the minimap covers no card, and a printed page has the whole graph', async () => {
    const tab = await open();
    await tab.getByRole('button', { name: 'Nearer' }).click({ clickCount: 4 });
    await tab.locator('.g-minimap:visible').waitFor();
    const minimap = (await tab.locator('.g-minimap').boundingBox())!;
    for (const card of await tab.locator('.g-card:visible').all()) {
      const box = (await card.boundingBox())!;
      const isApart =
        box.x >= minimap.x + minimap.width ||
        box.x + box.width <= minimap.x ||
        box.y >= minimap.y + minimap.height ||
        box.y + box.height <= minimap.y;
      expect(isApart).toBe(true);
    }
    await tab.evaluate(`dispatchEvent(new Event('beforeprint'))`);
    // It is hidden where the whole graph is in view.
    expect(await tab.locator('.g-minimap').isVisible()).toBe(false);
    expect(await tab.locator('html').getAttribute('data-scheme')).toBe('light');
    await tab.evaluate(`dispatchEvent(new Event('afterprint'))`);
    await tab.locator('.g-minimap:visible').waitFor();
    expect(await tab.locator('html').getAttribute('data-scheme')).toBeNull();
  });
});
