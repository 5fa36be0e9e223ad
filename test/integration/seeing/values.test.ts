import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { knot, runLocally, table, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import type { Backends } from '../../../src/ports';
import { describeInBrowser, openBrowser, violations } from '../../support/browser';
import { closeAll, onClose } from '../../support/open-selvage';
import { openPage } from '../../support/page';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
const HOSTILE = 'a\u001b[31m\u0000\u202e<script>globalThis.harm = 1</script><img src=x onerror="harm = 1">';
/** What the page shows of it. */
const SHOWN = 'a�[31m��<script>globalThis.harm = 1</script><img src=x onerror="harm = 1">';
const NOTES = [
  '# Report of the week',
  '',
  'It is **fine**, see [the page](https://example.com/report) and [this](javascript:harm=1).',
  '',
  '- one',
  '- two',
  '',
  '| city | rows |',
  '|---|---|',
  '| Bonn | 12 |',
  '',
  '![chart](https://example.com/chart.png)',
  '',
  HOSTILE,
].join('\n');
const WORDS = Array.from({ length: 400 }, (_, at) => `line ${at}${at % 50 === 7 ? ' Needle.' : ''}`);

const rowsOf = (last: string) =>
  Array.from({ length: 250 }, (_, id) => ({
    name: id === 249 ? last : id === 0 ? HOSTILE : `item ${String(id).padStart(3, '0')}`,
    id,
    ...(id % 100 === 3 && { more: { deep: [id] } }),
    city: id % 2 === 0 ? 'Bonn' : 'Köln, "am Rhein"',
  }));

const Prices = table(
  { id: 'int64', name: 'utf8', price: 'decimal(18,2)?', at: 'timestamp[us]' },
  { key: ['id'] },
);
const PRICES = Array.from({ length: 250 }, (_, id) => ({
  id: 2n ** 60n + BigInt(id),
  name: id === 0 ? HOSTILE : `item ${String(id).padStart(3, '0')}`,
  price: id % 10 === 3 ? null : `${id}.50`,
  at: `2026-01-01T00:00:${String(id % 60).padStart(2, '0')}`,
}));

/** Values that differ from run to run by `by`. */
const valuesOf = (by: string) => ({
  rows: knot('rows', () => rowsOf(by))({}, { id: 'rows' }),
  prices: knot('prices', { output: Prices }, () => PRICES)({}, { id: 'prices' }),
  stock: knot('stock', { output: Prices }, () =>
    by === 'first' ? PRICES : [...PRICES.slice(1, 9), { ...PRICES[9]!, name: by }, ...PRICES.slice(10)],
  )({}, { id: 'stock' }),
  words: knot('words', () => [...WORDS.slice(0, 200), `by ${by} ${HOSTILE}`, ...WORDS.slice(200)].join('\n'))(
    {},
    { id: 'words' },
  ),
  notes: knot(
    'notes',
    async (_: object, context) =>
      await context.store(new Uint8Array(Buffer.from(NOTES)), { mediaType: 'text/markdown' }),
  )({}, { id: 'notes' }),
  tree: knot('tree', () => ({
    items: [{ 'first name': 'Ada', age: by.length }],
    [HOSTILE]: HOSTILE,
    same: { a: 1, b: [2, 3] },
    ...(by === 'second' && { extra: true }),
  }))({}, { id: 'tree' }),
  picture: knot('picture', () => new Uint8Array(PNG))({}, { id: 'picture' }),
  broken: knot('broken', () => new Uint8Array(PNG.subarray(0, 12)))({}, { id: 'broken' }),
});

describeInBrowser()('values on the page', () => {
  let browser: Browser;
  let backends: Backends;
  const hashes: Record<string, Record<string, string>> = {};
  const troubles: string[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
    backends = createInMemoryBackends();
    for (const by of ['first', 'second']) {
      const tapestryOf = tapestry('values', () => valuesOf(by));
      const { lineage } = await runLocally(tapestryOf, {}, { backends, runId: by });
      hashes[by] = Object.fromEntries(lineage.map(({ knot_id, output_hash }) => [knot_id, output_hash!]));
    }
  });
  afterEach(async () => {
    await closeAll();
    expect(troubles.splice(0)).toEqual([]);
  });
  afterAll(() => browser?.close());

  async function open(
    path: string,
    colorScheme: 'light' | 'dark' = 'light',
    { isOwner = false } = {},
  ): Promise<Page> {
    const served = await openPage({ backends });
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      colorScheme,
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    onClose(() => context.close());
    const page = await context.newPage();
    page.on('pageerror', (error) => troubles.push(error.stack ?? error.message));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== new URL(served.url).origin)
        troubles.push(`asked ${request.url()}`);
    });
    if (isOwner) await page.goto(served.server.link);
    await page.goto(`${served.url}${path}`);
    return page;
  }
  const valueOf = (knotId: string, by = 'second', more = ''): string =>
    `values/${hashes[by]![knotId]!}?run=${by}${more}`;
  const copied = (page: Page): Promise<unknown> => page.evaluate('navigator.clipboard.readText()');

  test.each(['light', 'dark'] as const)(
    'a table is shown with types and exact cells, sorted and filtered: %s',
    async (scheme) => {
      const page = await open(valueOf('prices'), scheme);
      const rows = page.getByRole('region', { name: 'Rows of the table' });
      await rows.getByRole('row').nth(100).waitFor();
      const heads = await rows.getByRole('columnheader').allInnerTexts();
      expect(heads.slice(1).map((text) => text.split('\n').slice(0, 2))).toEqual([
        ['id', 'int64'],
        ['name', 'utf8'],
        ['price', 'decimal(18,2) · 25 missing'],
        ['at', 'timestamp[us]'],
      ]);
      await rows.getByRole('cell', { name: String(2n ** 60n), exact: true }).waitFor();
      await rows.getByRole('cell', { name: SHOWN, exact: true }).waitFor();
      await rows.getByRole('button', { name: 'id', exact: true }).focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Enter');
      await rows.getByRole('cell', { name: String(2n ** 60n + 249n), exact: true }).waitFor();
      await page.getByRole('searchbox', { name: 'Rows that contain' }).fill('item 24');
      await page.getByText('10 of 250 rows').waitFor();
      expect(await violations(page)).toEqual([]);
    },
  );

  test('a list of records is sorted by the keyboard, filtered, paged and downloaded as it is shown', async () => {
    const page = await open(valueOf('rows'));
    const table = page.getByRole('region', { name: 'Rows of the table' });
    await table.getByRole('row').nth(100).waitFor();
    const heads = await table.getByRole('columnheader').allInnerTexts();
    expect(heads.map((text) => text.split('\n')[0])).toEqual(['Row', 'name', 'id', 'city', 'more']);
    await page.getByText('250 rows', { exact: true }).waitFor();
    // Nested cells are JSON.
    await table.getByRole('cell', { name: '{"deep":[3]}' }).waitFor();
    await table.getByRole('cell', { name: SHOWN, exact: true }).waitFor();
    expect(await page.evaluate(() => 'harm' in globalThis)).toBe(false);

    await table.getByRole('button', { name: 'id', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    const sorted = table.getByRole('columnheader', { name: 'id' });
    await table.getByRole('cell', { name: 'second', exact: true }).waitFor();
    expect(await sorted.getAttribute('aria-sort')).toBe('descending');
    expect(await table.getByRole('row').nth(1).getByRole('rowheader').innerText()).toBe('249');

    await page.getByRole('searchbox', { name: 'Rows that contain' }).pressSequentially('KÖLN');
    await page.getByText('125 of 250 rows').waitFor();
    await page.getByRole('button', { name: 'Later' }).click();
    await page.getByText('101–125 of 125 rows').waitFor();

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^[0-9a-f]{8}\.csv$/);
    const lines = readFileSync(await download.path(), 'utf8').split('\r\n');
    expect(lines.slice(0, 2)).toEqual(['name,id,city,more', 'second,249,"Köln, ""am Rhein""",']);
    expect(lines).toHaveLength(127);

    // The order as made is back with the third press.
    await page.getByRole('searchbox', { name: 'Rows that contain' }).fill('');
    await table.getByRole('button', { name: 'id', exact: true }).click();
    await table.getByRole('rowheader', { name: '0', exact: true }).waitFor();
    expect(await sorted.getAttribute('aria-sort')).toBeNull();
    await page.getByRole('button', { name: 'As JSON' }).click();
    await page.getByRole('tree').waitFor();
    await page.getByRole('button', { name: 'As JSON' }).click();
    await table.waitFor();
  });

  test('a long text is searched: matches are counted, marked and walked through', async () => {
    const page = await open(valueOf('words'));
    const field = page.getByRole('searchbox', { name: 'Find in the text' });
    await field.fill('needle.');
    await page.getByText('1 of 8, line 8').waitFor();
    expect(await page.locator('mark').allInnerTexts()).toEqual(new Array(8).fill('Needle.'));
    await page.keyboard.press('Enter');
    await page.getByText('2 of 8, line 58').waitFor();
    await page.keyboard.press('Shift+Enter');
    await page.getByRole('button', { name: 'Previous' }).click();
    await page.getByText('8 of 8, line 359').waitFor();
    // The match is scrolled into sight.
    const box = page.locator('pre', { has: page.locator('mark') });
    expect(await box.evaluate(({ scrollTop }) => scrollTop)).toBeGreaterThan(1_000);
    // It is a text, and no pattern.
    await field.fill('.*');
    await page.getByText('Not in this text').waitFor();
  });

  test('Markdown is rendered without anything that could act, and its source is one click away', async () => {
    const page = await open(valueOf('notes'));
    await page.getByRole('heading', { name: 'Report of the week' }).waitFor();
    const text = page.getByRole('region', { name: 'Text' });
    const link = text.getByRole('link', { name: 'the page' });
    expect(await link.getAttribute('href')).toBe('https://example.com/report');
    expect(await link.getAttribute('rel')).toBe('noopener noreferrer');
    expect(await text.getByRole('link').allInnerTexts()).toEqual(['the page', 'image: chart']);
    expect(await text.locator('img, script').count()).toBe(0);
    await text.getByRole('cell', { name: 'Bonn' }).waitFor();
    await text.getByText('[this](javascript:harm=1)').waitFor();
    expect(await text.innerText()).toContain(SHOWN);
    expect(await page.evaluate(() => 'harm' in globalThis)).toBe(false);
    await page.getByRole('button', { name: 'Source' }).click();
    await page.getByText('# Report of the week').waitFor();
  });

  test('paths and values are copied from the tree by mouse and keyboard; hostile names are harmless', async () => {
    const page = await open(valueOf('tree'));
    const tree = page.getByRole('tree');
    await tree.focus();
    const line = page.getByRole('treeitem').filter({ hasText: 'Ada' });
    if ((await line.count()) === 0) {
      await page.getByRole('treeitem').filter({ hasText: /^▸0: / }).click();
    }
    await line.click();
    await page.keyboard.press('c');
    await page.getByText('Path copied').first().waitFor();
    expect(await copied(page)).toBe('$.items[0]["first name"]');
    // Tab leads from the tree to the buttons of its line.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe(
      'Copy the value at $.items[0]["first name"]',
    );
    await page.keyboard.press('Enter');
    await page.getByText('Value copied').first().waitFor();
    expect(await copied(page)).toBe('Ada');

    const hostile = page.getByRole('treeitem').filter({ hasText: '<script>' });
    expect(await hostile.innerText()).toContain('��<script>globalThis.harm = 1</script>');
    expect(await hostile.innerText()).not.toMatch(/[\0\u001b\u202e]/);
    expect(await page.evaluate(() => 'harm' in globalThis)).toBe(false);
  });

  test('an image has its size, and a broken one says so', async () => {
    const page = await open(valueOf('picture'));
    await page.getByText('1 × 1 pixels').waitFor();
    await page.goto(new URL(valueOf('broken'), page.url().replace(/values\/.*/, '')).href);
    await page.getByText('A broken image').waitFor();
  });

  test('a value is compared with the value of its knot in an earlier run', async () => {
    const page = await open(valueOf('tree', 'second', '&view=compare'));
    await page.getByRole('link', { name: 'Compare with this' }).click();
    await page.getByRole('row', { name: '$.items[0].age 5 6 changed' }).waitFor();
    await page.getByRole('row', { name: '$.extra – true added' }).waitFor();
    // Equal parts are left out.
    expect(await page.getByRole('row', { name: /same/ }).count()).toBe(0);
    await page.goto(page.url().replace(/values\/.*/, valueOf('rows', 'second', '&view=compare')));
    await page.getByRole('link', { name: 'Compare with this' }).click();
    await page.getByRole('row', { name: '$[249].name "first" "second" changed' }).waitFor();
  });

  test('tables are compared by their key', async () => {
    const page = await open(valueOf('stock', 'second', '&view=compare'));
    await page.getByRole('link', { name: 'Compare with this' }).click();
    await page.getByText('Rows matched by id: 0 added, 1 removed, 1 changed').waitFor();
    await page.getByRole('row', { name: 'name utf8 utf8 1 changed' }).waitFor();
    await page.getByRole('row', { name: `${2n ** 60n + 9n} name item 009 second changed` }).waitFor();
    await page.getByRole('row', { name: `name ${SHOWN}` }).waitFor();
    expect(await page.evaluate(() => 'harm' in globalThis)).toBe(false);
    expect(await violations(page)).toEqual([]);
  });

  test('texts are compared by line, with equal lines folded', async () => {
    const page = await open(valueOf('words', 'second', `&view=compare&with=${hashes['first']!['words']!}`));
    const lines = page.getByRole('region', { name: 'Differences by line' });
    await lines.getByRole('insertion').waitFor();
    expect(await page.evaluate(() => 'harm' in globalThis)).toBe(false);
    expect((await lines.innerText()).split('\n').map((line) => line.trim())).toEqual([
      '197 equal lines',
      'line 197',
      'line 198',
      'line 199',
      `− by first ${SHOWN}`,
      `+ by second ${SHOWN}`,
      'line 200',
      'line 201',
      'line 202',
      '197 equal lines',
    ]);
    await lines.getByRole('button', { name: '197 equal lines' }).first().click();
    await lines.getByText('line 100').waitFor();
  });

  test('a table is downloaded whole as CSV, Parquet and Arrow, and a refusal is told', async () => {
    const page = await open(valueOf('prices'), 'light', { isOwner: true });
    const files: Buffer[] = [];
    for (const form of ['CSV', 'Parquet', 'Arrow']) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: `Download ${form}` }).click(),
      ]);
      expect(download.suggestedFilename()).toMatch(new RegExp(`^[0-9a-f]{8}\\.${form.toLowerCase()}$`));
      files.push(readFileSync(await download.path()));
    }
    const [csv, parquet, arrow] = files;
    expect(csv!.toString().split('\r\n').slice(1, 3)).toEqual([
      expect.stringContaining(`${2n ** 60n},`),
      `${2n ** 60n + 1n},item 001,1.50,2026-01-01T00:00:01.000000`,
    ]);
    const { hash } = await Prices.fromParquet(new Uint8Array(parquet!));
    expect(hash).toBe(hashes['second']!['prices']);
    expect((await Prices.fromArrow(new Uint8Array(arrow!))).hash).toBe(hash);

    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Download Parquet' }).click();
    await page.getByText('Take the table as csv').waitFor();
  });

  test.each(['light', 'dark'] as const)('no violation of accessibility in %s colours', async (scheme) => {
    const page = await open('runs', scheme);
    const base = page.url().replace(/runs$/, '');
    const compare = `&view=compare&with=${hashes['first']!['words']!}`;
    for (const [path, ready] of [
      [valueOf('rows'), 'Download CSV'],
      [valueOf('prices'), 'Download Arrow'],
      [valueOf('words'), 'line 0'],
      [valueOf('notes'), 'image: chart'],
      [valueOf('tree'), 'same:'],
      [valueOf('picture'), '1 × 1 pixels'],
      [valueOf('words', 'second', compare), 'by second'],
      [valueOf('tree', 'second', `&view=compare&with=${hashes['first']!['tree']!}`), 'added'],
    ] as const) {
      await page.goto(base + path);
      await page.getByText(ready).first().waitFor();
      expect([path, await violations(page)]).toEqual([path, []]);
    }
  });
});
