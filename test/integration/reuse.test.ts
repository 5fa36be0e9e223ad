import { z } from 'zod';

import { aggregate, knot, local, queue, runLocally, tapestry, type Dispatcher } from '../../src';
import type { Backends } from '../../src/protocols';
import { Calls } from '../support/calls';
import { CACHING, closeAll, openSelvage, temporaryBackends, unique } from '../support/open-selvage';
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

afterEach(closeAll);

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  const open = () =>
    openSelvage({
      tapestries: [queued, gathered, failing, elsewhere],
      workerOptions: { maxCachedWorkflows },
    });

  test.each([queued, gathered])('a second run takes what the first one made ($name)', async (report) => {
    const selvage = await open();
    const first = await selvage.start(report, { x: 1, y: 10 });
    expect(await first.values()).toEqual({ both: [2, 12], size: 5_000 });
    expect(calls.of(first.runId)).toEqual(ALL);

    const second = await selvage.start(report, { x: 1, y: 10 });
    expect(await second.values()).toEqual({ both: [2, 12], size: 5_000 });
    expect(calls.of(second.runId)).toEqual(['size']);
    const made = new Map((await first.lineage()).items.map((record) => [record.knot_id, record]));
    for (const record of (await second.lineage()).items) {
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

    // Of what is below the other parameter, nothing is there.
    const other = await selvage.start(report, { x: 1, y: 20 });
    expect(await other.values()).toEqual({ both: [2, 22], size: 5_000 });
    expect(calls.of(other.runId)).toEqual(['both', 'second', 'size']);
  });

  test.each([queuedLasting, gatheredLasting])('a value that is too old is made again ($name)', async (t) => {
    let age = HOUR / 2;
    const selvage = await openSelvage({
      tapestries: [queuedLasting, gatheredLasting],
      backends: aging(await temporaryBackends(), () => age),
      workerOptions: { maxCachedWorkflows },
    });
    const run = async (x: number) => {
      const handle = await selvage.start(t, { x });
      expect(await handle.values()).toEqual({ end: x * 2 });
      const { items } = await handle.lineage({ knotId: 'end' });
      return { runId: handle.runId, bodies: calls.of(handle.runId), record: items[0]! };
    };
    const young = await run(1);
    expect(await run(1)).toMatchObject({ bodies: [], record: { cached_from_run: young.runId } });

    age = 2 * HOUR;
    const old = await run(2);
    age = 0;
    const again = await run(2);
    expect(again).toMatchObject({
      bodies: ['end'],
      record: { cached_from_run: null, cache_key: old.record.cache_key, extra: { passed_over: 'too_old' } },
    });
    expect(await selvage.explainCache(again.runId, 'end')).toMatchObject({
      isHit: false,
      reason: 'too-old',
      other: { run: old.runId, knot: 'end', madeAt: old.record.finished_at },
    });
    // What was made anew is young enough for the next one.
    expect(await run(2)).toMatchObject({ bodies: [], record: { cached_from_run: again.runId } });
  });
});

test('a value is taken in other tapestries, knots and hosts, and leads to who made it', async () => {
  const backends = await temporaryBackends();
  const selvage = await openSelvage({ tapestries: [queued, gathered, elsewhere], backends });
  const here = await runLocally(queued, { x: 1, y: 10 }, { backends });
  expect(calls.of(here.runId)).toEqual(ALL);
  const there = await selvage.start(gathered, { x: 1, y: 10 });
  expect(await there.values()).toEqual(here.values);
  expect(calls.of(there.runId)).toEqual(['size']);
  const renamed = await selvage.start(elsewhere, { z: 1 });
  expect(await renamed.values()).toEqual({ sum: 2 });
  expect(calls.of(renamed.runId)).toEqual([]);
  const { items } = await renamed.lineage({ knotId: 'sum' });
  expect(items[0]).toMatchObject({
    cached_from_run: here.runId,
    parent_knot_ids: { a: 'param:z' },
    extra: { made_by: 'first' },
  });
  const again = await runLocally(elsewhere, { z: 1 }, { backends });
  expect(again.values).toEqual({ sum: 2 });
  expect(calls.of(again.runId)).toEqual([]);
});

test('failures are never taken', async () => {
  const selvage = await openSelvage({ tapestries: [failing] });
  for (let run = 0; run < 2; run++) {
    const { runId, ...handle } = await selvage.start(failing, { x: 1 });
    void handle;
    expect((await selvage.getRun(runId).result()).status).toBe('failed');
    expect(calls.of(runId)).toEqual(['end']);
  }
});

test('a value that has gone is made again, and so is all if the run says so', async () => {
  const selvage = await openSelvage({ tapestries: [queued] });
  const first = await selvage.start(queued, { x: 1, y: 10 });
  await first.values();
  const { items } = await first.lineage({ knotId: 'bulk' });
  await selvage.backends.dataStore.delete(items[0]!.output_hash!);
  const second = await selvage.start(queued, { x: 1, y: 10 });
  expect(await second.values()).toEqual({ both: [2, 12], size: 5_000 });
  expect(calls.of(second.runId)).toEqual(['bulk', 'size']);

  const fresh = await selvage.start(queued, { x: 1, y: 10 }, { reuse: false });
  await fresh.values();
  expect(calls.of(fresh.runId)).toEqual(ALL);
  expect((await fresh.status()).run.environment).toMatchObject({ reuse: false });
  const last = await selvage.start(queued, { x: 1, y: 10 });
  await last.values();
  const from = (await last.lineage({ knotId: 'first' })).items[0]!.cached_from_run;
  expect(from).toBe(fresh.runId);
});

test('a resumed run takes over its own values first, then those of others; with `from` only its own', async () => {
  const selvage = await openSelvage({ tapestries: [queued] });
  const whole = await selvage.start(queued, { x: 1, y: 10 });
  await whole.values();
  const some = await selvage.start(queued, { x: 1, y: 10 }, { terminals: ['size'], runId: unique('some') });
  await some.values();
  const resumed = await selvage.resume(some.runId);
  await resumed.values();
  expect(calls.of(resumed.runId)).toEqual([]);
  const again = await selvage.resume(whole.runId, { from: ['second'] });
  expect(await again.values()).toEqual({ both: [2, 12], size: 5_000 });
  expect(calls.of(again.runId)).toEqual(['both', 'second']);
});
