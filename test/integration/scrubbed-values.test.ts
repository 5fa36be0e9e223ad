import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';
import { local, queue } from '../../src';
import { openBackends } from '../../src/backends';
import type { RunHandle, Selvage } from '../../src/client';
import type { Backends } from '../../src/ports';
import { everyWayOn, inner, step } from '../support/every-way';
import { historiesOf, historyOf, textOf } from '../support/history';
import { closeAll, connectSelvage, onClose, openSelvage, temporaryFolder } from '../support/open-selvage';
import { logged } from '../support/quiet-runtime';
import { until } from '../support/until';

afterEach(closeAll);

/** In every value of these runs. */
const MARK = 'mark-5d0c1f7e92';
/** As it stands in the midst of base64, wherever it begins. */
const FORMS = [
  MARK,
  Buffer.from(MARK).toString('hex'),
  ...[0, 1, 2].map((before) =>
    Buffer.from(`${' '.repeat(before)}${MARK}`)
      .toString('base64')
      .slice(before === 0 ? 0 : 4, 20),
  ),
];
const OTHER = 'other-8b21';

const queued = everyWayOn('scrubbed-queued', queue());
const gathered = everyWayOn('scrubbed-gathered', local());

/** Where the value store is: in the database beside the records, or in files. */
const PLACES = [
  { place: 'one SQLite database', data: 'sqlite:selvage.db', of: queued },
  { place: 'files', data: 'file:values', of: gathered },
];

async function open(data: string, inlineLimit: number) {
  const folder = await temporaryFolder();
  const backends = await openBackends({
    url: 'sqlite:selvage.db',
    data,
    projectDir: folder,
    environment: {},
  });
  onClose(() => backends.close());
  const heard: string[] = [];
  // The error is the body's own, with what it says.
  const hear = (event: object): void =>
    void heard.push(inspect({ ...event, error: undefined }, { depth: 20, maxStringLength: null }));
  const selvage = await openSelvage({
    tapestries: [queued, gathered, inner, step],
    backends,
    inlineLimit,
    observers: [{ name: 'all', knotStarted: hear, knotEnded: hear }],
  });
  return { folder, backends, selvage, heard };
}

async function runWith(selvage: Selvage, of: typeof queued, mark: string): Promise<RunHandle> {
  const run = await selvage.start(of, { name: `  ${mark} `, n: 40, count: 1_200 });
  await run.signal('said', ` ${mark} told`);
  expect((await run.result({ outputs: 'none' })).outcomes).toMatchObject({ end: { kind: 'ok' } });
  return run;
}

async function bytesBelow(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const contents = await Promise.all(
    files.map(async (entry) => (await readFile(path.join(entry.parentPath, entry.name))).toString('latin1')),
  );
  expect(contents.length).toBeGreaterThan(1);
  return contents.join('\n');
}

function formsIn(where: string): string[] {
  return FORMS.filter((form) => where.includes(form));
}

test.each(PLACES)(
  'with inlineLimit 0, no value of a scrubbed run is anywhere: $place',
  async ({ data, of }) => {
    const { folder, backends, selvage, heard } = await open(data, 0);
    const other = await runWith(selvage, of, OTHER);
    const run = await runWith(selvage, of, MARK);
    const before = await run.lineage();
    // Other values, with which it is told that the search finds what is there.
    expect(formsIn(await bytesBelow(folder))).toContain(MARK);
    const inHistories = await historiesOf(selvage, run.runId);
    expect(inHistories).toContain('sha256:');
    expect(formsIn(inHistories)).toEqual([]);

    const plan = await selvage.values.planScrub({ runs: [run.runId] });
    expect(plan).toMatchObject({ running: [], inHistories: [] });
    const { removed } = await selvage.values.scrub(plan, { reason: 'asked to', actor: 'ada' });
    expect(removed).toBeGreaterThan(1_000);

    expect(formsIn(await bytesBelow(folder))).toEqual([]);
    expect(formsIn(await historiesOf(selvage, run.runId))).toEqual([]);
    expect(formsIn(heard.join('\n'))).toEqual([]);
    expect(heard.length).toBeGreaterThan(10);
    expect(formsIn(logged.map(({ message }) => message).join('\n'))).toEqual([]);
    for await (const { lastPutAt } of allOf(backends)) expect(lastPutAt).toBeGreaterThan(0);

    expect(byId(await run.lineage())).toEqual(byId(before));
    expect((await run.status()).run).toMatchObject({
      status: 'succeeded',
      details: { scrubs: [{ by: 'ada', reason: 'asked to' }] },
    });
    const { output_hash } = before.find(({ knot_id }) => knot_id === 'names')!;
    const why = await selvage.lineage.why(output_hash!, { runId: run.runId });
    expect(why.record.run_id).toBe(run.runId);
    expect((await selvage.lineage.impact(output_hash!)).items.length).toBeGreaterThan(5);
    await expect(run.values()).rejects.toMatchObject({ code: 'ValueMissing' });
    expect((await other.result({ outputs: 'terminals' })).values).toMatchObject({
      end: `${OTHER} ${OTHER} told`,
    });
  },
  120_000,
);

test('with the limit that is the default, small values are in the history: the search finds them there', async () => {
  const { selvage } = await open('file:values', 2_048);
  const run = await runWith(selvage, queued, MARK);
  expect(formsIn(await historiesOf(selvage, run.runId))).toContain(MARK);
  expect((await selvage.values.planScrub({ runs: [run.runId] })).inHistories).toEqual(
    expect.arrayContaining([run.runId]),
  );
});

test('a run waits where a worker would put more into its history than its client wants', async () => {
  const { selvage } = await open('file:values', 2_048);
  const careful = await connectSelvage({
    backends: selvage.backends,
    taskQueue: selvage.taskQueue,
    inlineLimit: 0,
  });
  const run = await careful.start(gathered, { name: MARK, n: 40, count: 3 });
  await until('the worker has refused it', async () =>
    textOf(await historyOf(selvage, run.runId)).includes('InlineLimitDiffers'),
  );
  await run.terminate();
});

async function* allOf({ dataStore }: Backends): AsyncGenerator<{ hash: string; lastPutAt: number }> {
  let cursor: string | undefined;
  do {
    const page = await dataStore.list({ limit: 1_000, ...(cursor !== undefined && { cursor }) });
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function byId<T extends { knot_id: string }>(records: readonly T[]): T[] {
  return [...records].sort((one, next) => (one.knot_id < next.knot_id ? -1 : 1));
}
