import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { knot, tapestry, type CustomSource } from '../../../src';
import { ServerReach } from '../../../src/explorer/page-server';
import { runStream } from '../../../src/serve';
import { describeInBrowser, openBrowser, violations } from '../../support/browser';
import { closeAll, connectSelvage, onClose, temporaryBackends, unique } from '../../support/open-selvage';
import { openPage } from '../../support/page';
import { until } from '../../support/until';
import { streamPlace } from '../../support/stream-place';

const double = knot('double', ({ x }: { x: number }) => {
  if (x === 2) throw new Error('unlucky <b>two</b>');
  return x * 2;
});
const doubling = tapestry('seen.doubling', (t) => ({
  y: double({ x: t.parameter('x', z.number()) }, { id: 'y', retry: { maximumAttempts: 1 } }),
}));

afterEach(closeAll);

/** Delivers what is pushed, until it is told to stop. */
function pushed(): { readonly source: CustomSource<number>; push(value: number): void } {
  const values: number[] = [];
  let tell = (): void => undefined;
  const source: CustomSource<number> = async function* (after: number | undefined, { signal }) {
    for (let offset = after ?? 0; !signal.aborted;) {
      if (offset < values.length) yield { value: values[offset]!, offset: ++offset };
      else
        await new Promise<void>((resolve) => {
          tell = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
    }
  };
  return { source, push: (value) => (values.push(value), tell()) };
}

describeInBrowser()('streams on the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => browser?.close());

  async function place(): Promise<{
    id: string;
    tab: Page;
    push(value: number): void;
    ended: Promise<unknown>;
  }> {
    const backends = await temporaryBackends();
    const selvage = await connectSelvage({ backends });
    const { source, push } = pushed();
    const id = unique('numbers');
    const stop = new AbortController();
    const ended = runStream(source, doubling, {
      ...streamPlace(backends),
      id,
      parameter: 'x',
      concurrency: 4,
      signal: stop.signal,
    });
    onClose(async () => {
      stop.abort();
      await ended;
    });
    const served = await openPage({ backends, reach: ServerReach.of(selvage), tapestries: [doubling] });
    const tab = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
    onClose(() => tab.close());
    await tab.goto(served.server.link);
    await tab.goto(`${served.url}streams`);
    return { id, tab, push, ended };
  }

  test('it is seen how far they are and what failed; they are paused, go on and are drained from there', async () => {
    const { id, tab, push, ended } = await place();
    for (const value of [1, 2, 3]) push(value);
    const row = tab.getByRole('row').filter({ has: tab.getByRole('button', { name: id, exact: true }) });
    await row.getByText('reading').waitFor();
    await row.getByText('0 of 4').waitFor();
    await row.getByRole('button', { name: id }).click();
    await tab.waitForURL((url) => url.searchParams.get('stream') === id);
    const failed = tab.getByRole('region', { name: `Dead letters of ${id}` });
    const letter = failed.getByRole('row').filter({ has: tab.getByRole('link') });
    await letter.getByText('knot "y": unlucky <b>two</b>').waitFor();
    const checkpoint = tab.getByRole('region', { name: `Checkpoint of ${id}` });
    await checkpoint.getByRole('cell', { name: '3', exact: true }).waitFor();
    expect(await violations(tab)).toEqual([]);

    await tab.keyboard.press('p');
    await row.getByText('paused').waitFor();
    push(4);
    await row.getByRole('button', { name: 'Resume' }).click();
    await row.getByText('reading').waitFor();
    await checkpoint.getByRole('cell', { name: '4', exact: true }).waitFor();

    await tab.keyboard.press('d');
    const dialog = tab.getByRole('dialog', { name: 'Drain the stream?' });
    await dialog.getByRole('button', { name: 'Drain the stream' }).click();
    await row.getByText('ended').waitFor();
    expect(await ended).toEqual({ reason: 'drained', ok: 3, failed: 1 });
    expect(await row.getByRole('button', { name: 'Drain' }).count()).toBe(0);

    await letter.getByRole('link').click();
    await tab.waitForURL((url) => url.pathname.startsWith('/runs/'));
    await tab.goBack();
    await row.getByRole('link', { name: 'runs' }).click();
    await tab.waitForURL((url) => url.searchParams.get('trigger') === `stream:${id}`);
    // Below the line of the stream.
    await until('its runs are listed', async () => (await tab.locator('.run-row').count()) === 5);
  });
});
