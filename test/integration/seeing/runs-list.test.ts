import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { knot, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import type { AnswerOf } from '../../../src/operations';
import type { Backends, RunRecord } from '../../../src/ports';
import { sampleRun } from '../../../src/testing/sample-records';
import { fromAnswerJson } from '../../../src/values/answer-json';
import { describeInBrowser, openBrowser, violations } from '../../support/browser';
import { closeAll, onClose } from '../../support/open-selvage';
import { openPage } from '../../support/page';

const greet = knot('greet', ({ name }: { name: string }) => `Hello ${name}`);
const greeting = tapestry('listed.greeting', (t) => {
  t.parameter('password', z.string().default('1234'));
  return { hello: greet({ name: t.parameter('name', z.string()) }, { id: 'hello' }) };
});

const NOW = Date.now();

/** A backfill of three partitions, two elements of a stream, and a run with parameters. */
async function backends(): Promise<Backends> {
  const made = createInMemoryBackends();
  await runLocally(greeting, { name: 'Ada' }, { backends: made, runId: 'greeted' });
  const begin = async (run_id: string, ago: number, more: Partial<RunRecord> = {}): Promise<void> => {
    const started_at = NOW - ago * 1_000;
    const ended = { status: 'succeeded', finished_at: started_at + 10 } as const;
    const record = { run_id, temporal_run_id: `t-${run_id}`, started_at, ...ended, ...more };
    await made.runHistory.startRun(sampleRun(record));
  };
  await begin('fill', 100);
  for (const [index, status] of (['succeeded', 'failed', 'succeeded'] as const).entries())
    await begin(`fill-${index}`, 90 - index, {
      status,
      trigger: 'backfill:fill',
      partition: `day-${index}`,
      details: { event: { backfill: 'fill' } },
    });
  for (const name of ['one', 'two']) await begin(name, 50, { trigger: 'stream:orders' });
  await begin('nested', 40, { parent_run_id: 'fill-1' });
  return made;
}

afterEach(closeAll);

test('a list tells what runs are part of, and their parameters to callers that see values in full', async () => {
  const of = await backends();
  const page = await openPage({ backends: of });
  const asked = await page.question(
    'runs.list',
    { parameters: true },
    { authorization: `Bearer ${page.token}` },
  );
  const { items } = fromAnswerJson(JSON.parse(asked.body)) as AnswerOf<'runs.list'>;
  const told = new Map(items.map((item) => [item.runId, item]));
  expect(told.get('fill-1')!.partOf).toEqual({ runId: 'fill' });
  expect(told.get('nested')!.partOf).toEqual({ runId: 'fill-1' });
  expect(told.get('one')!.partOf).toEqual({ stream: 'orders' });
  expect(told.get('fill')!.partOf).toBeUndefined();
  expect(told.get('greeted')!.parameters).toMatchObject({ name: 'Ada' });
  // Without the token a caller does not see values in full.
  for (const ask of [{}, { parameters: true }]) {
    const plain = await page.ask('runs.list', ask);
    expect(plain.items.every(({ parameters }) => parameters === undefined)).toBe(true);
  }
});

describeInBrowser()('the list of runs in a browser', () => {
  let browser: Browser;
  beforeAll(async () => (browser = await openBrowser()));
  afterAll(() => browser.close());

  async function open(path: string): Promise<Page> {
    const { url, server } = await openPage({ backends: await backends(), isReadOnly: true });
    const tab = await browser.newPage();
    onClose(() => tab.close());
    await tab.goto(server.link);
    await tab.goto(url + path);
    return tab;
  }

  test('parts are folded below their whole, and shown by the button or by keys', async () => {
    const tab = await open('runs');
    const list = tab.getByRole('region', { name: 'Runs' });
    await list.getByText('4 runs,').waitFor();
    await list.getByText('1 failed').waitFor();
    expect(await list.getByRole('listitem').count()).toBe(3);
    await tab.getByRole('button', { name: 'Runs of fill', exact: true }).click();
    await list.getByRole('link', { name: /fill-1/ }).waitFor();
    expect(await list.getByRole('listitem').count()).toBe(6);
    expect(await violations(tab)).toEqual([]);
    await tab.getByRole('link', { name: /stream:orders/ }).focus();
    await tab.keyboard.press('ArrowRight');
    await list.getByRole('link', { name: /^succeeded two/ }).waitFor();
    await tab.keyboard.press('ArrowLeft');
    await list.getByRole('link', { name: /^succeeded two/ }).waitFor({ state: 'detached' });
  });

  test('columns are chosen, and the link of the list has them and its filters', async () => {
    const tab = await open('runs?status=succeeded');
    await tab.getByRole('button', { name: 'Columns' }).click();
    await tab.getByRole('checkbox', { name: 'Parameters' }).check();
    await tab.getByRole('checkbox', { name: 'Knots' }).uncheck();
    await tab.waitForURL((url) => /parameters/.test(url.searchParams.get('columns') ?? ''));
    await tab.getByText('name=Ada').waitFor();
    expect(await violations(tab)).toEqual([]);
    await tab.reload();
    await tab.getByText('name=Ada').waitFor();
    expect(await tab.locator('.run-head').getByText('Knots').count()).toBe(0);
    expect(new URL(tab.url()).searchParams.get('status')).toBe('succeeded');
  });
});
