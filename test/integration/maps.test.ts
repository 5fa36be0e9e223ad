import { z } from 'zod';
import {
  knot,
  local,
  map,
  queue,
  reduce,
  runLocally,
  tapestry,
  type Dispatcher,
  type Tapestry,
} from '../../src';
import type { LineageRecord } from '../../src/protocols';
import { SPLIT_ACTIVITY, type SplitAnswer } from '../../src/workflows/messages';
import { answersOf, historyOf, largestPayload } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { selvageForAll } from '../support/open-selvage';

const range = knot('range', ({ n }: { n: number }) => Array.from({ length: n }, (_, index) => index));
const named = knot('named', ({ n }: { n: number }) =>
  Object.fromEntries(Array.from({ length: n }, (_, index) => [`key "${index}"`, { index }])),
);
const scale = knot('scale', { version: '1' }, ({ x, by }: { x: number; by: number }) => x * by);
const odd = knot('odd', ({ x }: { x: number }) => {
  if (x % 2 === 0) throw new RangeError(`${x} is even`);
  return x;
});
const twice = knot('twice', ({ x }: { x: number }, { attempt }) => {
  if (attempt < 2) throw new Error('once more');
  return x;
});
const longer = knot('longer', ({ list }: { list: number[] }) => [...list, -1]);
const text = knot('text', () => 'no list' as unknown as number[]);

function maps(name: string, dispatcher: Dispatcher, batch?: number) {
  const batched = batch === undefined ? {} : { batch };
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const n = t.parameter('n', z.number());
    const numbers = range({ n }, { id: 'numbers' });
    const by = reduce({ of: numbers, combine: (all) => all.length }, { id: 'by' });
    const scaled = map(
      { over: numbers, each: scale, bind: 'x', shared: { by }, ...batched },
      { id: 'scaled' },
    );
    const lengths = map(
      {
        over: named({ n }, { id: 'named' }),
        shared: { unit: 'm' },
        each: async ({ element, unit }, { knotId }) => `${knotId} ${element.index} ${unit}`,
        ...batched,
      },
      { id: 'lengths' },
    );
    const pairs = map(
      { over: { a: numbers, b: scaled }, each: ({ a, b }) => [a, b], ...batched },
      { id: 'pairs' },
    );
    const skipped = map(
      { over: numbers, each: odd, bind: 'x', onError: 'skip', ...batched },
      { id: 'skipped' },
    );
    const collected = map(
      { over: numbers, each: odd, bind: 'x', onError: 'collect', ...batched },
      { id: 'collected' },
    );
    const retried = map(
      { over: numbers, each: twice, bind: 'x', ...batched },
      { id: 'retried', retry: { maximumAttempts: 2, initialInterval: 1 } },
    );
    map({ over: numbers, each: odd, bind: 'x', ...batched }, { id: 'failed' });
    map({ over: text({}, { id: 'text' }), each: odd, bind: 'x', ...batched }, { id: 'wrong' });
    const more = longer({ list: numbers }, { id: 'longer' });
    map({ over: { a: numbers, b: more }, each: ({ a, b }) => [a, b], ...batched }, { id: 'unequal' });
    return {
      scaled,
      lengths,
      pairs,
      skipped,
      collected,
      retried,
      sum: reduce({ of: scaled, fold: (sum, x) => sum + x, initial: 0 }, { id: 'sum' }),
    };
  });
}
const shapes = [
  { shape: maps('queued-maps', queue()) },
  { shape: maps('batched-maps', queue(), 3) },
  { shape: maps('local-maps', local()) },
];

/** What does not tell where and when a knot ran. */
function essence(records: readonly LineageRecord[]) {
  return Object.fromEntries(
    records.map((record) => [
      record.knot_id,
      {
        knot_class: record.knot_class,
        code_hash: record.code_hash,
        config: record.knot_config_hash,
        parents: record.parent_knot_ids,
        hashes: record.parent_input_hashes,
        output: record.output_hash,
        outcome: record.outcome,
        attempt: record.knot_id.startsWith('retried[') ? record.attempt : undefined,
        elements: record.extra['elements'],
      },
    ]),
  );
}

const LETTERS = 400_000;
/** Larger than what a slice of several elements may have. */
const HUGE = 2_000_000;
const pages = knot('pages', ({ n }: { n: number }) =>
  Array.from({ length: n }, (_, index) =>
    String.fromCharCode(97 + index).repeat(index === 3 ? HUGE : LETTERS),
  ),
);
const heavy = (name: string, dispatcher: Dispatcher, batch: number) =>
  tapestry(name, { knots: { dispatcher } }, (t) => ({
    mapped: map(
      {
        over: pages({ n: t.parameter('n', z.number()) }, { id: 'pages' }),
        each: ({ element }) => element.toUpperCase(),
        batch,
      },
      { id: 'mapped' },
    ),
  }));

const HEAVY = [
  { shape: heavy('heavy-elements', queue(), 1), parts: true },
  { shape: heavy('heavy-batches', queue(), 3), parts: true },
  { shape: heavy('heavy-local-elements', local(), 1), parts: false },
];

const big = (name: string, dispatcher: Dispatcher, concurrency: number, batch?: number) => {
  const seen = { now: 0, most: 0 };
  const shape = tapestry(name, { knots: { dispatcher } }, (t) => ({
    mapped: map(
      {
        over: range({ n: t.parameter('n', z.number()) }, { id: 'numbers' }),
        concurrency,
        ...(batch !== undefined && { batch }),
        each: async ({ element }) => {
          seen.most = Math.max(seen.most, ++seen.now);
          await new Promise((resolve) => setTimeout(resolve, 1));
          seen.now -= 1;
          return element + 1;
        },
      },
      { id: 'mapped' },
    ),
  }));
  return { shape, seen, concurrency };
};

const BIG = [
  big('queued-parts', queue(), 130),
  big('batched-parts', queue(), 130, 2),
  big('large-local-map', local(), 130),
];

const begun = new Latch();
let running = 0;
const cancelledMap = tapestry('cancelled-map', (t) => ({
  mapped: map(
    {
      over: range({ n: t.parameter('n', z.number()) }, { id: 'numbers' }),
      concurrency: 3,
      each: async ({ element }, { signal }) => {
        if (element < 2) return element;
        running += 1;
        if (running === 3) begun.open();
        return await aborted(signal);
      },
    },
    { id: 'mapped' },
  ),
}));

const shared = selvageForAll({
  tapestries: [...[...shapes, ...HEAVY, ...BIG].map(({ shape }) => shape as Tapestry), cancelledMap],
});

test.each(shapes)(
  'maps come to what they come to in process, element by element ($shape.name)',
  async ({ shape }) => {
    const here = await runLocally(shape, { n: 7 });
    const run = await shared().start(shape, { n: 7 });
    const result = await run.result();
    expect(result.outcomes['failed']).toMatchObject({
      kind: 'err',
      error: {
        type: 'MapElements',
        message: expect.stringContaining('4 of the 7 elements of map "failed"'),
      },
    });
    expect(result.outcomes['wrong']).toMatchObject({ kind: 'err', error: { type: 'NotAList' } });
    expect(result.outcomes['unequal']).toMatchObject({
      kind: 'err',
      error: {
        type: 'UnequalLists',
        message: expect.stringContaining(
          'Map "unequal" goes over several lists at once, which must be of one length: "a" has 7, "b" has 8',
        ),
      },
    });
    expect(result.values).toEqual(here.values);
    expect(result.values.scaled).toEqual([0, 7, 14, 21, 28, 35, 42]);
    const { items } = await run.lineage({ limit: 1_000 });
    expect(essence(items)).toEqual(essence([...here.lineage]));
  },
);

test.each(HEAVY)(
  'large elements are in slices cut by their bytes, and not in histories ($shape.name)',
  async ({ shape, parts }) => {
    const here = await runLocally(shape, { n: 8 });
    const selvage = shared();
    const run = await selvage.start(shape, { n: 8 });
    const { mapped } = await run.values();
    expect(mapped.map((page) => [page[0], page.length])).toEqual(
      [...'ABCDEFGH'].map((letter) => [letter, letter === 'D' ? HUGE : LETTERS]),
    );
    const { items } = await run.lineage({ limit: 100 });
    expect(essence(items)).toEqual(essence([...here.lineage]));
    const histories = [await historyOf(selvage, run.runId)];
    if (parts) {
      const child = await historyOf(selvage, `${run.runId}/mapped`);
      histories.push(child);
      // Two of 400 KB fit into one, but the one of 2 MB has one for itself.
      const [split] = answersOf(child, SPLIT_ACTIVITY) as SplitAnswer[];
      expect(split!.slices.map(([, elements]) => elements)).toEqual([2, 1, 1, 2, 2]);
    }
    for (const history of histories) expect(largestPayload(history)).toBeLessThan(20_000);
  },
);

test.each(BIG)(
  'more elements than one history should have come in parts, within one concurrency ($shape.name)',
  async ({ shape, seen, concurrency }) => {
    const selvage = shared();
    const run = await selvage.start(shape, { n: 1_250 });
    const { mapped } = await run.values();
    expect(mapped).toEqual(Array.from({ length: 1_250 }, (_, index) => index + 1));
    expect(seen.most).toBeGreaterThan(10);
    expect(seen.most).toBeLessThanOrEqual(concurrency);
    const { events } = await selvage.client.workflow.getHandle(run.runId).fetchHistory();
    expect(events!.length).toBeLessThan(100);
  },
);

test('a cancel is passed down to the elements: those that have ended keep their records, and the map is skipped', async () => {
  const run = await shared().start(cancelledMap, { n: 700 });
  await begun.passed;
  await run.cancel();
  const result = await run.result();
  expect(result.status).toBe('cancelled');
  expect(result.outcomes['mapped']).toEqual({ kind: 'skipped', reason: 'cancelled' });
  expect(running).toBe(3);
  const { items } = await run.lineage({ limit: 1_000 });
  expect(items.map(({ knot_id }) => knot_id).sort()).toEqual([
    'mapped',
    'mapped[0]',
    'mapped[1]',
    'numbers',
    'param:n',
  ]);
});
