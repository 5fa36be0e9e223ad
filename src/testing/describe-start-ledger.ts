import * as assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { LedgerEntry, LedgerQuery, StartClaim, StartLedger } from '../ports';
import { suite, TECHNOLOGY_TESTS } from './conformance';
import { allPages } from './pages';
import { everyOther, retried } from './retried';
import { withDoneButFailed } from './troubled';

function claim(key: string, changes: Partial<StartClaim> = {}): StartClaim {
  return {
    trigger: 'kafka:orders',
    key,
    runId: `orders~${key}`,
    requestHash: `sha256:${key}`,
    event: { topic: 'orders', partition: 3, offset: key },
    ...changes,
  };
}

function claims(count: number, from = 0): StartClaim[] {
  return Array.from({ length: count }, (_, index) => claim(String(from + index)));
}

async function firstOf(ledger: StartLedger, wanted: readonly StartClaim[]): Promise<LedgerEntry> {
  const [first] = await ledger.claim(wanted);
  return first!.entry;
}

function asClaimed({ trigger, key, runId, requestHash, event }: StartClaim): StartClaim {
  return { trigger, key, runId, requestHash, event };
}

async function allOf(ledger: StartLedger, query: LedgerQuery = {}): Promise<LedgerEntry[]> {
  return await allPages(query.limit ?? 100, (page) => ledger.list({ ...query, ...page }));
}

/** Registers the tests that every {@link StartLedger} must pass, in the test file of the call (jest, vitest, mocha). */
export const describeStartLedger = suite<StartLedger>('start ledger', {
  ...TECHNOLOGY_TESTS,

  async 'claims a key once, and answers whoever comes later with the entry that stands'({ adapter }) {
    const first = claim('1');
    const [won] = await adapter.claim([first]);
    assert.ok(won!.inserted);
    assert.deepEqual(asClaimed(won!.entry), first);
    assert.equal(won!.entry.startedAt, null);
    assert.ok(Math.abs(won!.entry.claimedAt - Date.now()) < 600_000, String(won!.entry.claimedAt));
    const other = claim('1', { runId: 'another', requestHash: null, event: {} });
    assert.deepEqual(await adapter.claim([other]), [{ inserted: false, entry: won!.entry }]);
    assert.deepEqual(await adapter.find('kafka:orders', '1'), won!.entry);
  },

  async 'answers a batch in its order, whichever of it was there'({ adapter }) {
    await adapter.claim([claim('2'), claim('4')]);
    const results = await adapter.claim(claims(6));
    assert.deepEqual(
      results.map(({ inserted, entry }) => [entry.key, inserted]),
      [
        ['0', true],
        ['1', true],
        ['2', false],
        ['3', true],
        ['4', false],
        ['5', true],
      ],
    );
  },

  async 'gives a key that comes twice in one batch to the first'({ adapter }) {
    const results = await adapter.claim([
      claim('1', { runId: 'first' }),
      claim('2'),
      claim('1', { runId: 'second' }),
    ]);
    assert.deepEqual(
      results.map(({ inserted, entry }) => [entry.runId, inserted]),
      [
        ['first', true],
        ['orders~2', true],
        ['first', false],
      ],
    );
  },

  async 'keeps triggers apart'({ adapter }) {
    await adapter.claim([claim('1')]);
    const [other] = await adapter.claim([claim('1', { trigger: 'webhook:orders', runId: 'other' })]);
    assert.ok(other!.inserted);
    assert.equal((await adapter.find('kafka:orders', '1'))!.runId, 'orders~1');
    assert.equal(await adapter.find('kafka:Orders', '1'), undefined);
    assert.equal(await adapter.find('kafka:orders', '2'), undefined);
  },

  async 'says when the runs of keys were started, for the first time that it is told'({ adapter }) {
    const entry = await firstOf(adapter, claims(3));
    await adapter.markStarted([claim('0'), claim('1'), claim('unknown')]);
    const marked = (await adapter.find('kafka:orders', '0'))!;
    assert.ok(marked.startedAt! >= entry.claimedAt, JSON.stringify(marked));
    await delay(2);
    await adapter.markStarted([claim('0')]);
    assert.deepEqual(await adapter.find('kafka:orders', '0'), marked);
    assert.equal((await adapter.find('kafka:orders', '2'))!.startedAt, null);
    assert.equal(await adapter.find('kafka:orders', 'unknown'), undefined);
    const [again] = await adapter.claim([claim('0')]);
    assert.deepEqual(again, { inserted: false, entry: marked });
  },

  async 'does nothing where there is nothing to do'({ adapter }) {
    assert.deepEqual(await adapter.claim([]), []);
    await adapter.markStarted([]);
    assert.equal(await adapter.forget(Date.now() + 600_000), 0);
    assert.deepEqual(await adapter.list(), { items: [] });
  },

  async 'holds keys, links and hashes as they are given'({ adapter }) {
    const odd = [
      claim('ünïcode 😀 "quoted" \\ \n\t \u007f'),
      claim(' '),
      claim(''),
      claim('[1,"two"]', { event: {} }),
      claim('%_\'";--', { requestHash: null }),
      claim('k'.repeat(1_000), { event: { 'a "name"': 'ä\n', number: -1.5, large: 2 ** 53 - 1 } }),
    ];
    assert.deepEqual(
      (await adapter.claim(odd)).map(({ entry }) => asClaimed(entry)),
      odd,
    );
    for (const given of odd)
      assert.deepEqual(asClaimed((await adapter.find(given.trigger, given.key))!), given);
    assert.ok((await adapter.claim(odd)).every(({ inserted }) => !inserted));
  },

  async 'lists entries a page at a time, the newest claim first'({ adapter }) {
    for (const key of ['a', 'b', 'c']) {
      await adapter.claim([claim(key)]);
      await delay(2);
    }
    await adapter.claim([claim('x', { trigger: 'webhook:w' }), claim('y', { trigger: 'webhook:w' })]);
    await adapter.markStarted([claim('b'), claim('y', { trigger: 'webhook:w' })]);
    const keysOf = async (query?: LedgerQuery): Promise<string> =>
      (await allOf(adapter, query)).map(({ key }) => key).join('');
    const all = await keysOf();
    assert.match(all, /^(?:xy|yx)cba$/);
    assert.equal(await keysOf({ limit: 1 }), all);
    assert.equal(await keysOf({ limit: 2, trigger: 'kafka:orders' }), 'cba');
    assert.equal(await keysOf({ started: true, trigger: 'kafka:orders' }), 'b');
    assert.equal(await keysOf({ started: false }), all.replace(/[by]/g, ''));
    assert.equal((await adapter.list({ limit: 5 })).cursor, undefined);
  },

  async 'forgets what was claimed before a time and has been started, and nothing else'({ adapter }) {
    await adapter.claim([claim('old'), claim('open')]);
    await adapter.markStarted([claim('old')]);
    await delay(5);
    const entry = await firstOf(adapter, [claim('new')]);
    await adapter.markStarted([claim('new')]);
    assert.equal(await adapter.forget(entry.claimedAt), 1);
    assert.deepEqual((await allOf(adapter)).map(({ key }) => key).sort(), ['new', 'open']);
    assert.equal(await adapter.find('kafka:orders', 'old'), undefined);
    const [again] = await adapter.claim([claim('old', { runId: 'again' })]);
    assert.deepEqual([again!.inserted, again!.entry.runId], [true, 'again']);
  },

  async 'takes thousands of claims at once, and forgets them'({ adapter }) {
    const many = claims(3_000);
    assert.ok((await adapter.claim(many)).every(({ inserted }) => inserted));
    assert.ok((await adapter.claim(many)).every(({ inserted }) => !inserted));
    await adapter.markStarted(many);
    assert.equal((await allOf(adapter, { started: true, limit: 1_000 })).length, 3_000);
    assert.equal(await adapter.forget(Date.now() + 600_000), 3_000);
    assert.deepEqual(await adapter.list(), { items: [] });
  },

  async 'shows what another adapter claimed'({ adapter, another }) {
    const other = await another();
    const entry = await firstOf(other, [claim('1')]);
    assert.deepEqual(await adapter.find('kafka:orders', '1'), entry);
    assert.deepEqual(await adapter.claim([claim('1')]), [{ inserted: false, entry }]);
  },

  async 'lets one of several win each key that they claim at once, in whatever order'({ adapter, another }) {
    const ledgers = [adapter, await another(), await another()];
    const keys = claims(200);
    const orders = [keys, keys.toReversed(), [...keys.slice(100), ...keys.slice(0, 100)]];
    const results = await Promise.all(
      ledgers.flatMap((ledger, index) =>
        Array.from({ length: 4 }, (_, part) =>
          ledger.claim(
            orders[index]!.slice(50 * part, 50 * (part + 1)).map((wanted) => ({
              ...wanted,
              runId: `${wanted.runId} of ${index}`,
            })),
          ),
        ),
      ),
    );
    const won = results.flat().filter(({ inserted }) => inserted);
    assert.deepEqual(won.map(({ entry }) => entry.key).sort(), keys.map(({ key }) => key).sort());
    const winners = new Map(won.map(({ entry }) => [entry.key, entry.runId]));
    for (const { entry } of results.flat()) assert.equal(entry.runId, winners.get(entry.key));
  },

  async 'comes to the same where answers get lost and calls are repeated'({ adapter }) {
    const troubled = withDoneButFailed(adapter, everyOther());
    const wanted = claims(10);
    for (const one of wanted) {
      const [result] = await retried(() => troubled.claim([one]));
      assert.deepEqual(asClaimed(result!.entry), one);
    }
    await retried(() => troubled.markStarted(wanted));
    await retried(() => troubled.markStarted(wanted));
    assert.equal((await allOf(adapter, { started: true })).length, 10);
  },

  async 'loses no claim when its connections break, and makes new ones by itself'({
    adapter,
    cutConnections,
  }) {
    await adapter.claim([claim('1')]);
    await cutConnections();
    const [again] = await retried(() => adapter.claim([claim('1'), claim('2')]));
    assert.ok(!again!.inserted);
    await cutConnections();
    await retried(() => adapter.markStarted([claim('1'), claim('2')]));
    assert.equal((await allOf(adapter, { started: true })).length, 2);
  },
});
