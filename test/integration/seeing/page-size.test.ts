import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { knot, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { pageFolder } from '../../../src/explorer/page-assets';
import { describeInBrowser, openBrowser } from '../../support/browser';
import { closeAll } from '../../support/open-selvage';
import { openPage } from '../../support/page';

const FIRST_LOAD_BYTES = 60_000;
const WHOLE_BYTES = 160_000;

const one = tapestry('one', () => ({ n: knot('n', () => 1)({}, { id: 'n' }) }));

/** Gzipped, as they are sent. */
function bytesOf(files: readonly string[]): number {
  const sizes = files.map((name) => gzipSync(readFileSync(path.join(pageFolder(), name))).length);
  return sizes.reduce((sum, size) => sum + size, 0);
}

test('all files of the page, gzipped, are small', () => {
  // `file.js` and `file.css` are the same page again, for files of one run.
  const files = readdirSync(pageFolder()).filter((name) => !name.startsWith('file.'));
  expect(files).toContain('app.js');
  expect(bytesOf(files)).toBeLessThanOrEqual(WHOLE_BYTES);
});

describeInBrowser()('the page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => (browser = await openBrowser()));
  afterAll(() => browser.close());
  afterEach(closeAll);

  test('comes to the list of runs with few bytes, all of its own origin', async () => {
    const backends = createInMemoryBackends();
    const { runId } = await runLocally(one, {}, { backends });
    const { url } = await openPage({ backends });
    const page = await browser.newPage();
    const origins = new Set<string>();
    const files = new Set<string>();
    page.on('request', (request) => {
      const { origin, pathname } = new URL(request.url());
      origins.add(origin);
      if (/\.(?:js|css)$/.test(pathname)) files.add(path.basename(pathname));
    });
    await page.goto(`${url}runs`);
    await page.getByText(runId, { exact: false }).first().waitFor();
    // What it loads when it has nothing else to do is no part of it.
    expect([...files]).toEqual(expect.arrayContaining(['app.js', 'app.css']));
    expect(bytesOf([...files])).toBeLessThanOrEqual(FIRST_LOAD_BYTES);
    expect([...origins]).toEqual([new URL(url).origin]);
  });
});
