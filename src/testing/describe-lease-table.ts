import * as assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { LeaseAnswer, LeaseRequest, LeaseTable } from '../ports';
import { suite, TECHNOLOGY_TESTS } from './conformance';
import { everyOther, retried } from './retried';
import { withDoneButFailed } from './troubled';

const LONG = 600_000;
const SHORT = 40;

function request(changes: Partial<LeaseRequest> = {}): LeaseRequest {
  return { key: 'k', owner: 'a', token: '1', holder: 'A', limit: 1, ttl: LONG, ...changes };
}

function of({ key, owner, token }: LeaseRequest): Pick<LeaseRequest, 'key' | 'owner' | 'token'> {
  return { key, owner, token };
}

async function ownersOf(table: LeaseTable): Promise<string[]> {
  return (await table.holders('k')).map(({ owner }) => owner);
}

/** Asks for a place until it is granted, once the holder's time to live has expired. */
async function acquireInTime(table: LeaseTable, wanted: LeaseRequest): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await table.acquire(wanted)).granted) {
    assert.ok(performance.now() < deadline, 'the place has not become free');
    await delay(5);
  }
}

/** Registers the tests that every {@link LeaseTable} must pass, in the test file of the call (jest, vitest, mocha). */
export const describeLeaseTable = suite<LeaseTable>('lease table', {
  ...TECHNOLOGY_TESTS,

  async 'grants as many places of a key as the limit says, and tells who has them'({ adapter }) {
    for (const owner of ['a', 'b']) {
      const holder = `the ${owner} – "ünïcode" 😀`;
      assert.deepEqual(await adapter.acquire(request({ owner, holder, limit: 2 })), { granted: true });
      // The order of the requests is the order of the holders.
      await delay(2);
    }
    const refused = await adapter.acquire(request({ owner: 'c', limit: 2 }));
    assert.ok(!refused.granted);
    assert.deepEqual(
      refused.holders.map(({ owner, holder }) => [owner, holder]),
      [
        ['a', 'the a – "ünïcode" 😀'],
        ['b', 'the b – "ünïcode" 😀'],
      ],
    );
    assert.ok(refused.holders.every(({ heldFor }) => heldFor >= 0 && heldFor < LONG));
    assert.ok(refused.retryAfter > 0 && refused.retryAfter <= LONG, String(refused.retryAfter));
    assert.deepEqual(await ownersOf(adapter), ['a', 'b']);
  },

  async 'keeps keys apart'({ adapter }) {
    assert.ok((await adapter.acquire(request())).granted);
    assert.ok((await adapter.acquire(request({ key: 'K', owner: 'b' }))).granted);
    assert.deepEqual(await adapter.holders('other'), []);
  },

  async 'goes by the limit of whoever asks'({ adapter }) {
    assert.ok((await adapter.acquire(request({ owner: 'a', limit: 3 }))).granted);
    assert.ok((await adapter.acquire(request({ owner: 'b', limit: 3 }))).granted);
    assert.ok(!(await adapter.acquire(request({ owner: 'c', limit: 1 }))).granted);
    assert.ok((await adapter.acquire(request({ owner: 'd', limit: 3 }))).granted);
  },

  async 'gives a place that is given back to the next who asks'({ adapter }) {
    await adapter.acquire(request());
    assert.ok(!(await adapter.acquire(request({ owner: 'b' }))).granted);
    await adapter.release(of(request()));
    assert.deepEqual(await adapter.holders('k'), []);
    assert.ok((await adapter.acquire(request({ owner: 'b' }))).granted);
  },

  async 'takes a release of what nobody has for done'({ adapter }) {
    await adapter.release(of(request()));
    await adapter.acquire(request({ owner: 'b' }));
    await adapter.release(of(request()));
    assert.equal((await adapter.holders('k')).length, 1);
  },

  async 'gives a later try of the owner its place, and hears the earlier one no more'({ adapter }) {
    const first = request();
    const second = request({ token: '2' });
    await adapter.acquire(first);
    assert.deepEqual(await adapter.acquire(second), { granted: true });
    assert.deepEqual(await adapter.renew([of(first), of(second)], LONG), [false, true]);
    await adapter.release(of(first));
    assert.equal((await adapter.holders('k')).length, 1);
    await adapter.release(of(second));
    assert.deepEqual(await adapter.holders('k'), []);
  },

  async 'gives a place away when its time has run out'({ adapter }) {
    const lost = request({ ttl: SHORT });
    await adapter.acquire(lost);
    await acquireInTime(adapter, request({ owner: 'b' }));
    assert.deepEqual(await adapter.renew([of(lost)], LONG), [false]);
    await adapter.release(of(lost));
    assert.deepEqual(await ownersOf(adapter), ['b']);
  },

  async 'tells of no holder whose time has run out'({ adapter }) {
    await adapter.acquire(request({ ttl: 1 }));
    await delay(5);
    assert.deepEqual(await adapter.holders('k'), []);
  },

  async 'keeps a place that is renewed'({ adapter }) {
    await adapter.acquire(request({ ttl: SHORT }));
    await adapter.acquire(request({ key: 'other', owner: 'b', ttl: SHORT }));
    assert.deepEqual(await adapter.renew([of(request()), of(request({ key: 'other', owner: 'b' }))], LONG), [
      true,
      true,
    ]);
    await delay(2 * SHORT);
    assert.ok(!(await adapter.acquire(request({ owner: 'c' }))).granted);
    assert.ok(!(await adapter.acquire(request({ key: 'other', owner: 'c' }))).granted);
  },

  async 'grants a place again to the one that lost it, if nobody else has it'({ adapter }) {
    await adapter.acquire(request({ ttl: 1 }));
    await delay(5);
    assert.deepEqual(await adapter.acquire(request()), { granted: true });
  },

  async 'never grants more places than there are to many who ask at once'({ adapter }) {
    const answers: LeaseAnswer[] = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        adapter.acquire(request({ owner: `owner-${index}`, limit: 3 })),
      ),
    );
    assert.equal(answers.filter(({ granted }) => granted).length, 3);
    assert.equal((await adapter.holders('k')).length, 3);
  },

  async 'gives turns at their interval'({ adapter }) {
    const turn = { key: 'k', interval: 100_000, within: 250_000 };
    const waits = [];
    for (let index = 0; index < 3; index += 1) {
      const { granted, wait } = await adapter.takeTurn(turn);
      assert.ok(granted);
      waits.push(Math.round(wait / 100_000));
    }
    assert.deepEqual(waits, [0, 1, 2]);
    const { granted, wait } = await adapter.takeTurn(turn);
    assert.ok(!granted);
    assert.equal(Math.round(wait / 100_000), 3);
    // A refused request takes no turn.
    assert.equal(Math.round((await adapter.takeTurn(turn)).wait / 100_000), 3);
    assert.deepEqual(await adapter.takeTurn({ ...turn, key: 'other' }), { granted: true, wait: 0 });
  },

  async 'saves no turns up'({ adapter }) {
    await adapter.takeTurn({ key: 'k', interval: 1, within: 0 });
    await delay(20);
    assert.deepEqual(await adapter.takeTurn({ key: 'k', interval: 100_000, within: 0 }), {
      granted: true,
      wait: 0,
    });
    assert.ok(!(await adapter.takeTurn({ key: 'k', interval: 1, within: 0 })).granted);
  },

  async 'shows what another adapter granted'({ adapter, another }) {
    const other = await another();
    await adapter.acquire(request());
    assert.ok(!(await other.acquire(request({ owner: 'b' }))).granted);
    assert.equal((await other.holders('k')).length, 1);
    await adapter.takeTurn({ key: 'k', interval: LONG, within: 0 });
    assert.ok(!(await other.takeTurn({ key: 'k', interval: LONG, within: 0 })).granted);
    await adapter.release(of(request()));
    assert.ok((await other.acquire(request({ owner: 'b' }))).granted);
  },

  async 'never grants more places than there are to two adapters that ask at once'({ adapter, another }) {
    const other = await another();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? adapter : other).acquire(request({ owner: `owner-${index}`, limit: 3 })),
      ),
    );
    assert.equal(answers.filter(({ granted }) => granted).length, 3);
    assert.deepEqual(await ownersOf(adapter), await ownersOf(other));
    const turns = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? adapter : other).takeTurn({ key: 'k', interval: LONG, within: 3.5 * LONG }),
      ),
    );
    const waits = turns.filter(({ granted }) => granted).map(({ wait }) => Math.round(wait / LONG));
    assert.deepEqual(waits.sort(), [0, 1, 2, 3]);
  },

  async 'takes again what was done but answered with an error'({ adapter }) {
    const shaky = withDoneButFailed(adapter, everyOther());
    const wanted = request({ limit: 2 });
    await assert.rejects(() => shaky.acquire(wanted), { code: 'BackendUnavailable' });
    assert.deepEqual(await shaky.acquire(wanted), { granted: true });
    // An owner that asks twice has one place, not two.
    assert.ok((await adapter.acquire(request({ owner: 'b', limit: 2 }))).granted);
    assert.deepEqual(await retried(() => shaky.renew([of(wanted)], LONG)), [true]);
    await retried(() => shaky.release(of(wanted)));
    assert.deepEqual(await ownersOf(adapter), ['b']);
  },

  async 'goes by its own clock, whatever the one of a process says'({ adapter, another }) {
    const other = await another();
    const now = Date.now;
    await adapter.acquire(request({ ttl: LONG }));
    try {
      // Sets this process's clock ahead: by that clock, all leases would have expired.
      Date.now = () => now() + 6 * LONG;
      assert.ok(!(await other.acquire(request({ owner: 'ahead' }))).granted);
      assert.deepEqual(await adapter.renew([of(request())], LONG), [true]);
      assert.deepEqual(await adapter.takeTurn({ key: 'k', interval: LONG, within: 0 }), {
        granted: true,
        wait: 0,
      });
      Date.now = () => now() - 6 * LONG;
      assert.equal((await other.holders('k')).length, 1);
      const [holder] = await other.holders('k');
      assert.ok(holder!.heldFor >= 0 && holder!.heldFor < LONG, String(holder!.heldFor));
      const { granted, wait } = await other.takeTurn({ key: 'k', interval: LONG, within: 2 * LONG });
      assert.ok(granted);
      assert.equal(Math.round(wait / LONG), 1);
    } finally {
      Date.now = now;
    }
  },

  async 'loses no place when its connections break, and makes new ones by itself'({
    adapter,
    cutConnections,
  }) {
    await adapter.acquire(request());
    const asked = Array.from({ length: 20 }, (_, index) =>
      retried(() => adapter.acquire(request({ key: `k${index}`, owner: `owner-${index}` }))),
    );
    await cutConnections();
    for (const answer of await Promise.all(asked)) assert.deepEqual(answer, { granted: true });
    await cutConnections();
    assert.deepEqual(await retried(() => adapter.renew([of(request())], LONG)), [true]);
    assert.ok(!(await adapter.acquire(request({ owner: 'b' }))).granted);
    assert.ok(!(await adapter.acquire(request({ key: 'k7', owner: 'b' }))).granted);
  },
});
