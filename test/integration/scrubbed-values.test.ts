import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';
import { z } from 'zod';
import {
  branch,
  firstOk,
  gate,
  knot,
  local,
  loop,
  map,
  queue,
  reduce,
  sleep,
  subTapestry,
  tapestry,
  waitForSignal,
  type Dispatcher,
} from '../../src';
import { openBackends } from '../../src/backends';
import type { RunHandle, Selvage } from '../../src/client';
import type { Backends } from '../../src/protocols';
import { historyOf, textOf } from '../support/history';
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

interface Person {
  readonly name: string;
}
const text = z.string();
const trimmed = z.string().transform((given) => given.trim());

const shout = knot('shout', ({ of }: { of: string }) => `${of}!`);
const people = knot('people', ({ of, count }: { of: string; count: number }) =>
  Array.from({ length: count }, (_, index): Person => ({ name: `${of} ${index}` })),
);
const table = knot('table', ({ of }: { of: string }) => ({ one: `${of} 1`, two: `${of} 2` }));
const greet = knot('greet', ({ person, from }: { person: Person; from: string }) => `${person.name} ${from}`);
const shorten = knot('shorten', ({ line }: { line: string }) => `<${line}>`);
const bytes = knot('bytes', ({ of }: { of: string }) => new TextEncoder().encode(`raw ${of}`));
const large = knot('large', ({ of }: { of: string }) => `${of} `.repeat(10_000));
const stream = knot('stream', async ({ of }: { of: string }, ctx) =>
  ctx.store(
    (async function* () {
      yield Buffer.from(`streamed ${of} `);
      yield Buffer.alloc(6 * 1024 * 1024, of);
    })(),
  ),
);
const long = knot('long', ({ of }: { of: string }, ctx): string => {
  ctx.logger.info('begun');
  const error = new Error('no luck');
  error.stack = `${'at nowhere\n'.repeat(500)} ${of}`;
  throw error;
});

const inner = tapestry('scrubbed-inner', { parameters: { of: trimmed, more: text } }, (_t, { of, more }) => ({
  of: shout({ of }, { id: 'of' }),
  more: shout({ of: more }, { id: 'more' }),
}));

function everything(name: string, dispatcher: Dispatcher) {
  return tapestry(name, { knots: { dispatcher }, failOn: 'never' }, (t) => {
    const secret = t.parameter('secret', trimmed);
    const big = t.parameter('big', text);
    const shouted = shout({ of: secret }, { id: 'shouted' });
    const list = people({ of: shouted, count: 1_200 }, { id: 'list' });
    const greeted = map(
      { over: list, each: greet, bind: 'person', shared: { from: shouted }, batch: 100 },
      { id: 'greeted' },
    );
    const few = people({ of: big, count: 3 }, { id: 'few' });
    const alone = map({ over: few, each: greet, bind: 'person', shared: { from: big } }, { id: 'alone' });
    const rows = map(
      { over: table({ of: secret }, { id: 'table' }), each: shorten, bind: 'line' },
      { id: 'rows' },
    );
    const all = reduce(
      { of: greeted, fold: (one: string, next: string) => `${one.slice(-40)}${next}`, initial: '' },
      { id: 'all' },
    );
    const open = gate({ input: shouted, predicate: (value) => value.length > 0 }, { id: 'open' });
    const ways = branch({ input: open, selector: () => 'left', branches: ['left', 'right'] }, { id: 'ways' });
    const joined = firstOk(
      { of: [shout({ of: ways.path('left') }, { id: 'a' }), shout({ of: ways.path('right') }, { id: 'b' })] },
      { id: 'joined' },
    );
    const nested = subTapestry({ tapestry: inner, inputs: { of: joined, more: big } }, { id: 'nested' });
    const looped = loop(
      { step: inner, initial: { of: shouted, more: secret }, until: (state) => state.of.endsWith('!!!!') },
      { id: 'looped' },
    );
    const signalled = waitForSignal('tell', trimmed, { id: 'signalled' });
    const late = sleep({ ms: 1, input: signalled }, { id: 'late' });
    return {
      all,
      alone,
      rows,
      nested,
      looped,
      late,
      raw: bytes({ of: secret }, { id: 'raw' }),
      large: large({ of: secret }, { id: 'large' }),
      stream: stream({ of: secret }, { id: 'stream' }),
      failed: long({ of: secret }, { id: 'failed' }),
    };
  });
}
const queued = everything('scrubbed-queued', queue());
const gathered = everything('scrubbed-gathered', local());

/** Where the value store is: in the database beside the records, or in files. */
const PLACES = [
  { place: 'one SQLite database', data: 'sqlite:selvage.db', of: queued },
  { place: 'files', data: 'file:values', of: gathered },
];

interface Opened {
  readonly folder: string;
  readonly backends: Backends;
  readonly selvage: Selvage;
  readonly heard: string[];
}

async function open(data: string, inlineLimit: number): Promise<Opened> {
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
    tapestries: [queued, gathered],
    backends,
    inlineLimit,
    observers: [{ name: 'all', knotStarted: hear, knotEnded: hear }],
  });
  return { folder, backends, selvage, heard };
}

async function runWith(selvage: Selvage, of: typeof queued, mark: string): Promise<RunHandle> {
  const run = await selvage.start(of, { secret: `  ${mark} `, big: `${mark} `.repeat(1_000) });
  await run.signal('tell', ` ${mark} told`);
  expect((await run.result({ outputs: 'none' })).outcomes).toMatchObject({ late: { kind: 'ok' } });
  return run;
}

/** All histories of a run and of what it has started, in all executions. */
async function historiesOf(selvage: Selvage, runId: string): Promise<string> {
  const texts: string[] = [];
  const find = async (): Promise<number> => {
    texts.length = 0;
    for await (const { workflowId, runId: execution } of selvage.client.workflow.list({
      query: `WorkflowId STARTS_WITH '${runId}'`,
    }))
      texts.push(textOf(await historyOf(selvage, workflowId, execution)));
    return texts.length;
  };
  // The listing lags behind: the run, two nested ones, three of the loop; and the child runs in which they are.
  await until('all runs are listed', async () => (await find()) >= 6);
  return texts.join('\n');
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
    const before = await run.records();
    // Other values, with which it is told that the search finds what is there.
    expect(formsIn(await bytesBelow(folder))).toContain(MARK);
    const inHistories = await historiesOf(selvage, run.runId);
    expect(inHistories).toContain('sha256:');
    expect(formsIn(inHistories)).toEqual([]);

    const plan = await selvage.planScrub({ runs: [run.runId] });
    expect(plan).toMatchObject({ running: [], inHistories: [] });
    const { removed } = await selvage.scrub(plan, { reason: 'asked to', actor: 'ada' });
    expect(removed).toBeGreaterThan(1_000);

    expect(formsIn(await bytesBelow(folder))).toEqual([]);
    expect(formsIn(await historiesOf(selvage, run.runId))).toEqual([]);
    expect(formsIn(heard.join('\n'))).toEqual([]);
    expect(heard.length).toBeGreaterThan(10);
    expect(formsIn(logged.map(({ message }) => message).join('\n'))).toEqual([]);
    for await (const { lastPutAt } of allOf(backends)) expect(lastPutAt).toBeGreaterThan(0);

    expect(byId(await run.records())).toEqual(byId(before));
    expect((await run.status()).run).toMatchObject({
      status: 'failed',
      environment: { scrubs: [{ by: 'ada', reason: 'asked to' }] },
    });
    const { output_hash } = before.find(({ knot_id }) => knot_id === 'shouted')!;
    const why = await selvage.why(output_hash!, { runId: run.runId });
    expect(why.record.run_id).toBe(run.runId);
    expect((await selvage.impact(output_hash!)).affected.length).toBeGreaterThan(5);
    await expect(run.values()).rejects.toMatchObject({ code: 'ValueMissing' });
    expect((await other.result({ outputs: 'terminals' })).values).toMatchObject({ late: `${OTHER} told` });
  },
  120_000,
);

test('with the limit that is the default, small values are in the history: the search finds them there', async () => {
  const { selvage } = await open('file:values', 2_048);
  const run = await runWith(selvage, queued, MARK);
  expect(formsIn(await historiesOf(selvage, run.runId))).toContain(MARK);
  expect((await selvage.planScrub({ runs: [run.runId] })).inHistories).toEqual(
    expect.arrayContaining([run.runId]),
  );
}, 120_000);

test('a run waits where a worker would put more into its history than its client wants', async () => {
  const { selvage } = await open('file:values', 2_048);
  const careful = await connectSelvage({
    backends: selvage.backends,
    taskQueue: selvage.taskQueue,
    inlineLimit: 0,
  });
  const run = await careful.start(gathered, { secret: MARK, big: MARK });
  await until('the worker has refused it', async () =>
    textOf(await historyOf(selvage, run.runId)).includes('InlineLimitDiffers'),
  );
  await run.terminate();
}, 60_000);

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
