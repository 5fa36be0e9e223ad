import { z } from 'zod';

import { aggregate, knot, local, map, queue, runLocally, tapestry, type Dispatcher } from '../../src';
import { createInMemoryBackends } from '../../src/backends';
import type { Backends, LineageRecord } from '../../src/ports';
import { Calls } from '../support/calls';
import { openSelvage, selvageForAll, temporaryBackends, unique } from '../support/open-selvage';
import { withMethods } from '../support/with-methods';

const HOUR = 3_600_000;

const calls = new Calls();

const add = knot('add', { version: '1', cache: true }, ({ a, b }: { a: number; b: number }, ctx): number => {
  calls.note(ctx);
  return a + b;
});
const large = knot('large', { version: '1', cache: true }, ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  return { text: 'x'.repeat(5_000), x };
});
const sizeOf = knot('size', ({ of }: { of: { text: string } }, ctx) => {
  calls.note(ctx);
  return of.text.length;
});
const fails = knot('fails', { version: '1', cache: true }, ({ x }: { x: number }, ctx): number => {
  calls.note(ctx);
  throw new Error(`no luck with ${x}`);
});

/** Cached knots, one of them with its function in place, and one that is not cached below. */
function report(name: string, dispatcher: Dispatcher) {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const x = t.parameter('x', z.number());
    const y = t.parameter('y', z.number());
    const first = add({ a: x, b: 1 }, { id: 'first' });
    const second = add({ a: first, b: y }, { id: 'second' });
    const bulk = large({ x: first }, { id: 'bulk' });
    const both = aggregate(
      {
        inputs: { first, second },
        combine: (inputs, ctx) => {
          calls.note(ctx);
          return [inputs.first, inputs.second];
        },
      },
      { id: 'both', cache: { codeHash: 'source' } },
    );
    return { both, size: sizeOf({ of: bulk }, { id: 'size' }) };
  });
}
const queued = report('queued-reuse', queue());
const gathered = report('gathered-reuse', local());
/** Its value is taken for an hour. */
const perishable = knot(
  'perishable',
  { version: '1', cache: { maxAge: HOUR } },
  ({ x }: { x: number }, ctx) => {
    calls.note(ctx);
    return x * 2;
  },
);
const lasting = (name: string, dispatcher: Dispatcher) =>
  tapestry(name, { knots: { dispatcher } }, (t) => ({
    end: perishable({ x: t.parameter('x', z.number()) }, { id: 'end' }),
  }));
const queuedLasting = lasting('queued-lasting', queue());
const gatheredLasting = lasting('gathered-lasting', local());
const failing = tapestry('failing-reuse', (t) => ({
  end: fails({ x: t.parameter('x', z.number()) }, { id: 'end' }),
}));
/** The same work under other names. */
const elsewhere = tapestry('elsewhere-reuse', (t) => ({
  sum: add(
    { a: t.parameter('z', z.number()), b: 1 },
    { id: 'sum', summary: 'elsewhere', retry: { maximumAttempts: 3 } },
  ),
}));

/** Backends that note of everything that it was made so long ago. */
function aging(backends: Backends, age: () => number): Backends {
  return withMethods(backends, {
    commit: (commits) =>
      backends.commit(
        commits.map(({ record, values }) => ({
          record: {
            ...record,
            started_at: record.started_at - age(),
            finished_at: record.finished_at - age(),
          },
          values,
        })),
      ),
  });
}

const ALL = ['both', 'bulk', 'first', 'second', 'size'];

const scale = knot('scale', { version: '1', cache: true }, ({ x, by }: { x: number; by: number }, ctx) => {
  calls.note(ctx);
  if (x < 0) throw new RangeError(`${x} is below 0`);
  return x * by;
});

/** Elements that fail are not taken, those of a function in place are. */
function scaled(name: string, how: { dispatcher: Dispatcher; batch?: number }) {
  const { dispatcher, ...batch } = how;
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const over = t.parameter('list', z.array(z.number()));
    const by = t.parameter('by', z.number());
    const numbers = map(
      { over, each: scale, bind: 'x', shared: { by }, onError: 'skip', ...batch },
      { id: 'numbers' },
    );
    const texts = map(
      {
        over,
        each: ({ element }, ctx) => {
          calls.note(ctx);
          return `${element}`;
        },
        ...batch,
      },
      { id: 'texts', cache: { codeHash: 'source' } },
    );
    return { numbers, texts };
  });
}
const queuedElements = scaled('queued-elements', { dispatcher: queue() });
const batchedElements = scaled('batched-elements', { dispatcher: queue(), batch: 2 });
const localElements = scaled('gathered-elements', { dispatcher: local() });
const ELEMENTS = [queuedElements, batchedElements, localElements].map((shape, index) => ({
  shape,
  name: shape.name,
  n: 1_000 * (index + 1),
}));

/** The same work as an element's, as a knot. */
const alone = tapestry('not-an-element', () => ({ end: scale({ x: 2, by: 10 }, { id: 'end' }) }));

const shared = selvageForAll({
  tapestries: [queued, gathered, failing, elsewhere, alone, ...ELEMENTS.map(({ shape }) => shape)],
});

test.each([
  { of: queued, x: 1 },
  { of: gathered, x: 101 },
])('a second run takes what the first one made ($of.name)', async ({ of, x }) => {
  const selvage = shared();
  const values = { both: [x + 1, x + 11], size: 5_000 };
  const first = await selvage.start(of, { x, y: 10 });
  expect(await first.values()).toEqual(values);
  expect(calls.of(first.runId)).toEqual(ALL);

  const second = await selvage.start(of, { x, y: 10 });
  expect(await second.values()).toEqual(values);
  expect(calls.of(second.runId)).toEqual(['size']);
  const made = new Map((await first.lineage()).map((record) => [record.knot_id, record]));
  for (const record of await second.lineage()) {
    const original = made.get(record.knot_id)!;
    const isTaken = !['param:x', 'param:y', 'size'].includes(record.knot_id);
    expect(record).toMatchObject({
      output_hash: original.output_hash,
      parent_input_hashes: original.parent_input_hashes,
      code_hash: original.code_hash,
      cache_key: original.cache_key,
      cached_from_run: isTaken ? first.runId : null,
    });
    if (isTaken)
      expect(record.extra).toMatchObject({ made_by: record.knot_id, made_at: original.finished_at });
  }

  // What depends on the other parameter has not been made with this value yet.
  const other = await selvage.start(of, { x, y: 20 });
  expect(await other.values()).toEqual({ both: [x + 1, x + 21], size: 5_000 });
  expect(calls.of(other.runId)).toEqual(['both', 'second', 'size']);
});

test('a value that is too old is made again, in queued knots and in segments', async () => {
  let age = HOUR / 2;
  const selvage = await openSelvage({
    tapestries: [queuedLasting, gatheredLasting],
    backends: aging(await temporaryBackends(), () => age),
  });
  const runOf = async (t: typeof queuedLasting, x: number) => {
    const handle = await selvage.start(t, { x });
    expect(await handle.values()).toEqual({ end: x * 2 });
    const items = await handle.lineage({ knotId: 'end' });
    return { runId: handle.runId, bodies: calls.of(handle.runId), record: items[0]! };
  };
  for (const [t, x] of [
    [queuedLasting, 1],
    [gatheredLasting, 11],
  ] as const) {
    const run = (x: number) => runOf(t, x);
    age = HOUR / 2;
    const young = await run(x);
    expect(await run(x)).toMatchObject({ bodies: [], record: { cached_from_run: young.runId } });

    age = 2 * HOUR;
    const old = await run(x + 1);
    age = 0;
    const again = await run(x + 1);
    expect(again).toMatchObject({
      bodies: ['end'],
      record: { cached_from_run: null, cache_key: old.record.cache_key, extra: { passed_over: 'too_old' } },
    });
    expect(await selvage.lineage.explainCache(again.runId, 'end')).toMatchObject({
      reused: false,
      reason: 'too-old',
      other: { runId: old.runId, knotId: 'end', madeAt: old.record.finished_at },
    });
    // What was made anew is young enough for the next one.
    expect(await run(x + 1)).toMatchObject({ bodies: [], record: { cached_from_run: again.runId } });
  }
});

test('a value is taken in other tapestries, knots and hosts, and leads to who made it', async () => {
  const selvage = shared();
  const { backends } = selvage;
  const here = await runLocally(queued, { x: 201, y: 10 }, { backends });
  expect(calls.of(here.runId)).toEqual(ALL);
  const there = await selvage.start(gathered, { x: 201, y: 10 });
  expect(await there.values()).toEqual(here.values);
  // A function in place is another one elsewhere.
  expect(calls.of(there.runId)).toEqual(['both', 'size']);
  expect(await selvage.lineage.explainCache(there.runId, 'both')).toMatchObject({
    reason: 'key-differs',
    differences: [{ part: 'place', before: 'queued-reuse/both', now: 'gathered-reuse/both' }],
  });
  const renamed = await selvage.start(elsewhere, { z: 201 });
  expect(await renamed.values()).toEqual({ sum: 202 });
  expect(calls.of(renamed.runId)).toEqual([]);
  const items = await renamed.lineage({ knotId: 'sum' });
  expect(items[0]).toMatchObject({
    cached_from_run: here.runId,
    parent_knot_ids: { a: 'param:z' },
    extra: { made_by: 'first' },
  });
  const again = await runLocally(elsewhere, { z: 201 }, { backends });
  expect(again.values).toEqual({ sum: 202 });
  expect(calls.of(again.runId)).toEqual([]);
});

test('failures are never taken', async () => {
  const selvage = shared();
  for (let run = 0; run < 2; run++) {
    const handle = await selvage.start(failing, { x: 1 });
    expect((await handle.result()).status).toBe('failed');
    expect(calls.of(handle.runId)).toEqual(['end']);
  }
});

test('a value that has gone is made again, and so is all if the run says so', async () => {
  const selvage = shared();
  const first = await selvage.start(queued, { x: 301, y: 10 });
  await first.values();
  const items = await first.lineage({ knotId: 'bulk' });
  await selvage.backends.dataStore.delete(items[0]!.output_hash!);
  const second = await selvage.start(queued, { x: 301, y: 10 });
  expect(await second.values()).toEqual({ both: [302, 312], size: 5_000 });
  expect(calls.of(second.runId)).toEqual(['bulk', 'size']);

  const fresh = await selvage.start(queued, { x: 301, y: 10 }, { reuse: false });
  await fresh.values();
  expect(calls.of(fresh.runId)).toEqual(ALL);
  expect((await fresh.status()).run.details).toMatchObject({ reuse: false });
  const last = await selvage.start(queued, { x: 301, y: 10 });
  await last.values();
  const from = (await last.lineage({ knotId: 'first' }))[0]!.cached_from_run;
  expect(from).toBe(fresh.runId);
});

test('a value that is damaged is made again, where it is reused and where a run is resumed', async () => {
  const backends = createInMemoryBackends();
  const selvage = await openSelvage({ tapestries: [queued, gathered], backends });
  for (const [of, x] of [
    [queued, 1],
    [gathered, 2],
  ] as const) {
    const first = await selvage.start(of, { x, y: 10 });
    await first.values();
    const [{ output_hash }] = (await first.lineage({ knotId: 'bulk' })) as [LineageRecord];
    const damage = async (): Promise<void> =>
      await backends.dataStore.put([{ hash: output_hash!, bytes: Buffer.from('~') }]);
    await damage();
    await expect(backends.dataStore.get(output_hash!)).rejects.toMatchObject({ code: 'ValueDamaged' });
    const second = await selvage.start(of, { x, y: 10 });
    expect(await second.values()).toEqual({ both: [x + 1, x + 11], size: 5_000 });
    expect(calls.of(second.runId)).toEqual(['bulk', 'size']);
    expect(await selvage.lineage.explainCache(second.runId, 'bulk')).toMatchObject({ reason: 'value-gone' });
    await damage();
    const resumed = await selvage.resume(second.runId, { from: ['size'] });
    expect(await resumed.values()).toEqual({ both: [x + 1, x + 11], size: 5_000 });
    expect(calls.of(resumed.runId)).toEqual(['bulk', 'size']);
  }
});

test('a resumed run takes over its own values first, then those of others; with `from` only its own', async () => {
  const selvage = shared();
  const whole = await selvage.start(queued, { x: 401, y: 10 });
  await whole.values();
  const some = await selvage.start(queued, { x: 401, y: 10 }, { terminals: ['size'], runId: unique('some') });
  await some.values();
  const resumed = await selvage.resume(some.runId);
  await resumed.values();
  expect(calls.of(resumed.runId)).toEqual([]);
  const again = await selvage.resume(whole.runId, { from: ['second'] });
  expect(await again.values()).toEqual({ both: [402, 412], size: 5_000 });
  expect(calls.of(again.runId)).toEqual(['both', 'second']);
});

test.each(ELEMENTS)('elements take what others have made of the same ($name)', async ({ shape, n }) => {
  const selvage = shared();
  const [one, two, three, four] = [n + 1, n + 2, -n - 3, n + 4];
  const first = await selvage.start(shape, { list: [one, two, three], by: 10 });
  expect(await first.values()).toEqual({
    numbers: [10 * one, 10 * two],
    texts: [one, two, three].map(String),
  });
  const all = (count: number) =>
    ['numbers', 'texts'].flatMap((id) => Array.from({ length: count }, (_, n) => `${id}[${n}]`));
  expect(calls.of(first.runId)).toEqual(all(3));

  const second = await selvage.start(shape, { list: [four, three, one, two], by: 10 });
  expect(await second.values()).toEqual({
    numbers: [10 * four, 10 * one, 10 * two],
    texts: [four, three, one, two].map(String),
  });
  expect(calls.of(second.runId)).toEqual(['numbers[0]', 'numbers[1]', 'texts[0]']);
  const items = await second.lineage({ knotId: 'numbers[2]' });
  expect(items[0]).toMatchObject({
    outcome: 'ok',
    cached_from_run: first.runId,
    extra: { made_by: 'numbers[0]' },
  });
  expect(await selvage.lineage.explainCache(second.runId, 'numbers[2]')).toMatchObject({ reason: 'reused' });
  expect(await selvage.lineage.explainCache(second.runId, 'numbers[0]')).toMatchObject({
    reason: 'key-differs',
  });

  // What all elements share is part of the key.
  const other = await selvage.start(shape, { list: [one, two], by: 2 });
  expect(await other.values()).toEqual({ numbers: [2 * one, 2 * two], texts: [one, two].map(String) });
  expect(calls.of(other.runId)).toEqual(['numbers[0]', 'numbers[1]']);

  const fresh = await selvage.start(shape, { list: [one, two], by: 10 }, { reuse: false });
  expect(await fresh.values()).toEqual({ numbers: [10 * one, 10 * two], texts: [one, two].map(String) });
  expect(calls.of(fresh.runId)).toEqual(all(2));
});

test('an element is found by other hosts, maps and knots, and finds what those have made', async () => {
  const selvage = shared();
  const { backends } = selvage;
  const knotRun = await selvage.start(alone, {});
  await knotRun.values();
  const here = await runLocally(queuedElements, { list: [2, 5], by: 10 }, { backends });
  expect(here.values.numbers).toEqual([20, 50]);
  expect(calls.of(here.runId)).toEqual(['numbers[1]', 'texts[0]', 'texts[1]']);
  for (const { shape } of ELEMENTS) {
    const run = await selvage.start(shape, { list: [5, 2], by: 10 });
    expect(await run.values()).toEqual({ numbers: [50, 20], texts: ['5', '2'] });
    // Functions in place are found by the same map in other hosts.
    expect(calls.of(run.runId)).toEqual(shape === queuedElements ? [] : ['texts[0]', 'texts[1]']);
  }
  const again = await runLocally(localElements, { list: [5, 2], by: 10 }, { backends });
  expect(again.values).toEqual({ numbers: [50, 20], texts: ['5', '2'] });
  expect(calls.of(again.runId)).toEqual([]);
});

test.each(ELEMENTS)('an element whose value has gone is run again ($name)', async ({ shape, n }) => {
  const selvage = shared();
  const first = await selvage.start(shape, { list: [n + 10, n + 11], by: 10 });
  await first.values();
  const items = await first.lineage({ knotId: 'numbers[1]' });
  await selvage.backends.dataStore.delete(items[0]!.output_hash!);
  const second = await selvage.start(shape, { list: [n + 10, n + 11], by: 10 });
  expect(await second.values()).toEqual({
    numbers: [10 * n + 100, 10 * n + 110],
    texts: [`${n + 10}`, `${n + 11}`],
  });
  expect(calls.of(second.runId)).toEqual(['numbers[1]']);
  expect(await selvage.lineage.explainCache(second.runId, 'numbers[1]')).toMatchObject({
    reason: 'value-gone',
  });
});
