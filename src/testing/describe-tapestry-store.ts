import * as assert from 'node:assert/strict';
import type { Offer, SubscribableTapestryStore, TapestryStore } from '../ports';
import { IDENTITY_TESTS, suite, TECHNOLOGY_TESTS } from './conformance';
import { allPages } from './pages';
import { everyOther, retried } from './retried';
import { samplePlan, sampleHash } from './sample-records';
import { withDoneButFailed } from './troubled';

/** Registers the tests that every {@link TapestryStore} must pass, in the test file of the call (jest, vitest, mocha). */
export const describeTapestryStore = suite<TapestryStore>('tapestry store', {
  ...TECHNOLOGY_TESTS,

  ...IDENTITY_TESTS,

  async 'answers a plan as it was saved'({ adapter }) {
    const plan = samplePlan({ text: '{"ünïcode":"\\u0000 and 😀"}' });
    await adapter.save(plan);
    assert.deepEqual(await adapter.get(plan.hash), plan);
  },

  async 'answers undefined for an unknown hash'({ adapter }) {
    assert.equal(await adapter.get(sampleHash('nothing')), undefined);
    assert.equal(await adapter.get('not a hash'), undefined);
  },

  async 'keeps the first plan of a hash'({ adapter }) {
    const plan = samplePlan({ savedAt: 1 });
    await adapter.save(plan);
    await adapter.save({ ...plan, savedAt: 2 });
    assert.deepEqual((await adapter.list()).items, [plan]);
  },

  async 'takes the same plan from many at once'({ adapter }) {
    const plan = samplePlan();
    await Promise.all(Array.from({ length: 20 }, () => adapter.save(plan)));
    assert.equal((await adapter.list()).items.length, 1);
  },

  async 'keeps a plan of a megabyte whole'({ adapter }) {
    const plan = samplePlan({ text: JSON.stringify('x'.repeat(1_000_000)) });
    await adapter.save(plan);
    assert.equal((await adapter.get(plan.hash))?.text, plan.text);
  },

  async 'lists the newest first, by tapestry, in pages'({ adapter }) {
    const times = [3, 1, 2, 2, 2, 5, 4];
    for (const [index, savedAt] of times.entries()) {
      await adapter.save(samplePlan({ text: `"a${index}"`, tapestry: 'a', savedAt }));
      await adapter.save(samplePlan({ text: `"b${index}"`, tapestry: 'b', savedAt }));
    }
    const ofA = await allPages(2, (page) => adapter.list({ ...page, tapestry: 'a' }));
    assert.deepEqual(
      ofA.map((plan) => plan.savedAt),
      [5, 4, 3, 2, 2, 2, 1],
    );
    assert.ok(ofA.every((plan) => plan.tapestry === 'a'));
    assert.equal(new Set(ofA.map((plan) => plan.hash)).size, times.length);
    const all = await allPages(3, (page) => adapter.list(page));
    assert.equal(new Set(all.map((plan) => plan.hash)).size, 2 * times.length);
    assert.deepEqual((await adapter.list({ tapestry: 'c' })).items, []);
  },

  async 'refuses a wrong limit or cursor'({ adapter }) {
    for (const wrong of [
      { limit: 0 },
      { limit: 1.5 },
      { limit: 1_001 },
      { cursor: 'nonsense' },
      { cursor: '_' },
    ]) {
      await assert.rejects(async () => adapter.list(wrong), { code: 'InvalidQuery' });
    }
  },

  async 'shows what another adapter saved'({ adapter, another }) {
    const plan = samplePlan();
    await adapter.save(plan);
    assert.deepEqual(await (await another()).get(plan.hash), plan);
  },

  async 'keeps one of a plan that two adapters save at once'({ adapter, another }) {
    const other = await another();
    const plans = Array.from({ length: 10 }, (_, index) => samplePlan({ text: `"raced ${index}"` }));
    await Promise.all(plans.flatMap((plan) => [adapter.save(plan), other.save(plan)]));
    const { items } = await adapter.list();
    assert.deepEqual(items.map(({ hash }) => hash).sort(), plans.map(({ hash }) => hash).sort());
  },

  async 'takes again what was done but answered with an error'({ adapter }) {
    const shaky = withDoneButFailed(adapter, everyOther());
    const plan = samplePlan();
    await assert.rejects(() => shaky.save(plan), { code: 'BackendUnavailable' });
    await shaky.save({ ...plan, savedAt: plan.savedAt + 1 });
    assert.deepEqual((await adapter.list()).items, [plan]);
  },

  async 'loses nothing when its connections break, and makes new ones by itself'({
    adapter,
    cutConnections,
  }) {
    const plans = Array.from({ length: 20 }, (_, index) => samplePlan({ text: `"${index}"` }));
    await adapter.save(plans[0]!);
    const saved = plans.map((plan) => retried(() => adapter.save(plan)));
    await cutConnections();
    await Promise.all(saved);
    await cutConnections();
    for (const plan of plans) assert.deepEqual(await retried(() => adapter.get(plan.hash)), plan);
    assert.equal((await adapter.list()).items.length, plans.length);
  },
});

const run = (runId: string, fragment: string): Omit<Offer, 'number'> => ({
  runId,
  fragment,
  offeredAt: 1_700_000_000_000,
});

/** Tests that {@link SubscribableTapestryStore} must pass in addition to those of {@link describeTapestryStore}. */
export const describeSubscribableTapestryStore = suite<SubscribableTapestryStore>(
  'subscribable tapestry store',
  {
    async 'keeps offers by run, in their order'({ adapter }) {
      const numbers = [];
      for (const [runId, fragment] of [
        ['a', '1'],
        ['b', '2'],
        ['a', '"ünïcode \\u0000 😀"'],
      ] as const)
        numbers.push(await adapter.offer(run(runId, fragment)));
      assert.deepEqual(
        numbers,
        [...numbers].sort((one, other) => one - other),
      );
      assert.equal(new Set(numbers).size, 3);
      const [first, second, ...more] = await adapter.offers('a');
      assert.deepEqual(more, []);
      assert.deepEqual(first, { number: numbers[0], ...run('a', '1') });
      assert.equal(second?.fragment, '"ünïcode \\u0000 😀"');
      assert.deepEqual(await adapter.offers('a', first?.number), [second]);
      assert.deepEqual(await adapter.offers('a', 0, 1), [first]);
      assert.deepEqual(await adapter.offers('nobody'), []);
    },

    async 'tells a subscriber of what is there and of what comes'({ adapter }) {
      await adapter.offer(run('a', '1'));
      await adapter.offer(run('b', 'not for a'));
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const { fragment } of adapter.subscribe('a', { signal: stop.signal })) {
        seen.push(fragment);
        if (seen.length < 3) await adapter.offer(run('a', String(seen.length + 1)));
        else stop.abort();
      }
      assert.deepEqual(seen, ['1', '2', '3']);
    },

    async 'tells a subscriber of what comes while it waits, and goes on from where another one was'({
      adapter,
    }) {
      const after = await adapter.offer(run('a', '1'));
      const stop = new AbortController();
      const next = adapter.subscribe('a', { after, signal: stop.signal })[Symbol.asyncIterator]().next();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await adapter.offer(run('a', '2'));
      assert.equal(((await next).value as Offer).fragment, '2');
      stop.abort();
    },

    async 'ends a subscription when its signal is aborted'({ adapter }) {
      const stop = new AbortController();
      const iterator = adapter.subscribe('a', { signal: stop.signal })[Symbol.asyncIterator]();
      const next = iterator.next();
      setTimeout(() => stop.abort(), 20);
      assert.equal((await next).done, true);
    },

    async 'tells a subscriber of what another adapter was offered'({ adapter, another }) {
      const stop = new AbortController();
      const next = adapter.subscribe('a', { signal: stop.signal })[Symbol.asyncIterator]().next();
      await (await another()).offer(run('a', '1'));
      assert.equal(((await next).value as Offer).fragment, '1');
      stop.abort();
    },
  },
);
