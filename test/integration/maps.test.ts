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
  type Outcome,
  type Tapestry,
} from '../../src';
import { SelvageError } from '../../src/errors';
import type { LineageRecord } from '../../src/ports';
import { SPLIT_ACTIVITY, type SplitAnswer } from '../../src/workflows/messages';
import { answersOf, historyOf, largestPayload } from '../support/history';
import { Crowd } from '../support/crowd';
import { Latch, aborted } from '../support/latch';
import { selvageForAll } from '../support/open-selvage';

const range = knot('range', ({ n }: { n: number }) => Array.from({ length: n }, (_, index) => index));
/** What two hosts must agree on. */
const essence = (records: readonly LineageRecord[]) =>
  Object.fromEntries(
    records.map(({ knot_id, output_hash, knot_config_hash, parent_input_hashes, extra }) => [
      knot_id,
      { output_hash, knot_config_hash, parent_input_hashes, elements: extra['elements'] },
    ]),
  );

// That maps of every kind come to what they come to in process, element by element, is part of `every-node.test.ts`.

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
  const crowd = new Crowd();
  const shape = tapestry(name, { knots: { dispatcher } }, (t) => ({
    mapped: map(
      {
        over: range({ n: t.parameter('n', z.number()) }, { id: 'numbers' }),
        concurrency,
        ...(batch !== undefined && { batch }),
        each: async ({ element }) => {
          await crowd.join(1);
          return element + 1;
        },
      },
      { id: 'mapped' },
    ),
  }));
  return { shape, crowd, concurrency };
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

const text = knot('text', () => 'no list' as unknown as number[]);
const noLists = (name: string, dispatcher: Dispatcher) =>
  tapestry(name, { knots: { dispatcher } }, () => {
    const over = text({}, { id: 'text' });
    map({ over, each: ({ element }) => element }, { id: 'one' });
    map({ over, each: ({ element }) => element, batch: 3 }, { id: 'batched' });
    map(
      { over: { a: over, b: range({ n: 2 }, { id: 'list' }) }, each: ({ a, b }) => a + b },
      { id: 'several' },
    );
    reduce({ of: over, combine: (all) => all.length }, { id: 'reduced' });
  });
const NO_LISTS = [noLists('queued-no-lists', queue()), noLists('local-no-lists', local())];

/** What makes an element leave a segment, or a batch, for an activity of its own. */
const gone = (): never => {
  throw new SelvageError('ValueMissing', 'It is not there.');
};
const bothAlone = new Latch();
const firstCalls = new Set<number>();
let alone = 0;
const leaving = tapestry('leaving', () => ({
  mapped: map(
    {
      over: range({ n: 2 }, { id: 'numbers' }),
      each: async ({ element }) => {
        if (firstCalls.size < 2) return firstCalls.add(element) && gone();
        alone += 1;
        if (alone === 2) bothAlone.open();
        await bothAlone.passed;
        return element;
      },
      batch: 2,
    },
    { id: 'mapped' },
  ),
}));

const attempts: number[] = [];
const throwing = tapestry('throwing', { knots: { dispatcher: local() } }, () => ({
  mapped: map(
    {
      over: range({ n: 2 }, { id: 'numbers' }),
      each: ({ element }, { attempt }) => {
        if (element === 0) return element;
        attempts.push(attempt);
        if (attempts.length === 2) gone();
        throw new Error('no luck');
      },
      batch: 2,
      onError: 'skip',
    },
    { id: 'mapped', retry: { maximumAttempts: 2, initialInterval: 10 } },
  ),
}));

const shared = selvageForAll({
  tapestries: [
    ...[...HEAVY, ...BIG].map(({ shape }) => shape as Tapestry),
    ...NO_LISTS,
    cancelledMap,
    leaving,
    throwing,
  ],
});

test.each(NO_LISTS)(
  'what is no list fails a map or a reduce, in the words of a run in process ($name)',
  async (shape) => {
    const messages = ({ outcomes }: { readonly outcomes: Readonly<Record<string, Outcome>> }) =>
      ['one', 'batched', 'several', 'reduced'].map((id) => {
        const outcome = outcomes[id]!;
        return outcome.kind === 'err' ? `${outcome.error.type}: ${outcome.error.message}` : outcome.kind;
      });
    const there = messages(await (await shared().start(shape, {})).result());
    expect(there).toEqual(messages(await runLocally(shape, {})));
    for (const message of there) expect(message).toMatch(/^NotAList: /);
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
    const items = await run.lineage();
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
  async ({ shape, crowd, concurrency }) => {
    const selvage = shared();
    const run = await selvage.start(shape, { n: 1_250 });
    const { mapped } = await run.values();
    expect(mapped).toEqual(Array.from({ length: 1_250 }, (_, index) => index + 1));
    expect(crowd.most).toBeGreaterThan(10);
    expect(crowd.most).toBeLessThanOrEqual(concurrency);
    const { events } = await selvage.client.workflow.getHandle(run.runId).fetchHistory();
    expect(events!.length).toBeLessThan(100);
  },
);

test('elements that leave their batch run beside one another, as they did in it', async () => {
  const run = await shared().start(leaving, {});
  expect(await run.values()).toEqual({ mapped: [0, 1] });
});

test('an element that has thrown in a segment has so many attempts less, also where the rest of its map runs in batches', async () => {
  const run = await shared().start(throwing, {});
  expect(await run.values()).toEqual({ mapped: [0] });
  expect(attempts).toEqual([1, 2, 2]);
});

test('a cancel is passed down to the elements: those that have ended keep their records, and the map is skipped', async () => {
  const run = await shared().start(cancelledMap, { n: 700 });
  await begun.passed;
  await run.cancel();
  const result = await run.result();
  expect(result.status).toBe('cancelled');
  expect(result.outcomes['mapped']).toEqual({ kind: 'skipped', reason: 'cancelled' });
  expect(running).toBe(3);
  const items = await run.lineage();
  expect(items.map(({ knot_id }) => knot_id).sort()).toEqual([
    'mapped',
    'mapped[0]',
    'mapped[1]',
    'numbers',
    'param:n',
  ]);
});
