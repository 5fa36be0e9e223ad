import { InMemoryLeaseTable } from '../../../src/adapters/memory';
import { SelvageError } from '../../../src/errors';
import { Limits, placesOf, type LimitedCall } from '../../../src/runtime';
import type { LeaseTable } from '../../../src/ports';
import { Crowd } from '../../support/crowd';
import { Latch } from '../../support/latch';
import { rejectionOf } from '../../support/rejection-of';
import { until } from '../../support/until';

let table: LeaseTable;
/** Two processes, as far as limits can tell. */
let here: Limits;
let there: Limits;

beforeEach(() => {
  table = new InMemoryLeaseTable();
  here = new Limits(table);
  there = new Limits(table);
});
afterEach(() => jest.restoreAllMocks());

/** Shorter than anybody waits for anything, but long enough to be asked once. */
const IMPATIENT = 30;

function callOf(knotId: string, changes: Partial<LimitedCall> = {}): LimitedCall {
  return {
    policy: { maxConcurrent: { key: 'api', limit: 1 } },
    runId: 'run',
    temporalRunId: 'record-run',
    knotId,
    since: 0,
    refusals: 0,
    patience: Infinity,
    signal: undefined,
    ...changes,
  };
}

/** Holds the place of the limit until the latch is opened; answers when it has it. */
async function hold(limits: Limits, knotId: string): Promise<{ end: Latch; ended: Promise<void> }> {
  const begun = new Latch();
  const end = new Latch();
  const ended = limits.run(callOf(knotId), async () => {
    begun.open();
    await end.passed;
  });
  await begun.passed;
  return { end, ended };
}

async function refusal(limits: Limits, changes: Partial<LimitedCall> = {}): Promise<SelvageError> {
  const call = callOf('late', { patience: IMPATIENT, ...changes });
  return await rejectionOf(limits.run(call, () => Promise.resolve('ran')));
}

test('what has no limit runs at once, and nobody is asked', async () => {
  const closed = new Limits(undefined as never);
  expect(await closed.run(callOf('k', { policy: { priority: 1 } }), () => Promise.resolve(3))).toBe(3);
});

test('as many bodies run as the limit says, over all who share the table', async () => {
  const crowd = new Crowd();
  const policy = { maxConcurrent: { key: 'api', limit: 3 } };
  await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      (index % 2 === 0 ? here : there).run(callOf(`k${index}`, { policy }), () => crowd.join()),
    ),
  );
  expect(crowd.most).toBe(3);
  expect(await table.holders(placesOf('api'))).toEqual([]);
});

test('who finds no place is refused when its patience is over, and is told who has them', async () => {
  const { end, ended } = await hold(here, 'first');
  const error = await refusal(there);
  expect(error).toMatchObject({
    code: 'LimitReached',
    message: 'Knot "late" waits for a place of limit "api": 1 of 1 are taken by knot "first" of run "run".',
    details: { knot: 'late', limit: 'api', retryAfter: expect.any(Number) },
  });
  end.open();
  await ended;
  expect(await there.run(callOf('late'), () => Promise.resolve('ran'))).toBe('ran');
});

test('a place is given back when the body throws', async () => {
  await expect(here.run(callOf('k'), () => Promise.reject(new Error('thrown')))).rejects.toThrow('thrown');
  expect(await table.holders(placesOf('api'))).toEqual([]);
});

test('another attempt of the same knot has its place at once', async () => {
  const { end, ended } = await hold(here, 'knot');
  expect(await there.run(callOf('knot'), () => Promise.resolve('again'))).toBe('again');
  end.open();
  await ended;
  expect(await table.holders(placesOf('api'))).toEqual([]);
});

test('the smaller priority goes first, and of equal ones who has waited for longer', async () => {
  const { end, ended } = await hold(here, 'first');
  const order: string[] = [];
  const waiting = (
    [
      ['late', 3, 9],
      ['last', 5, 1],
      ['early', 3, 4],
      ['urgent', 1, 20],
    ] as const
  ).map(([knotId, priority, since]) => {
    const policy = { ...callOf('').policy, priority };
    return here.run(callOf(knotId, { policy, since }), async () => void order.push(knotId));
  });
  end.open();
  await Promise.all([ended, ...waiting]);
  expect(order).toEqual(['urgent', 'early', 'late', 'last']);
});

test('of those who wait where they hold up others, no more than there are places do so', async () => {
  const { end, ended } = await hold(here, 'first');
  const patience = 60_000;
  const newest = here.run(callOf('newest', { patience, since: 9 }), () => Promise.resolve('ran'));
  const late = expect(newest).rejects.toMatchObject({
    code: 'LimitReached',
    message: expect.stringContaining('limit "api"'),
  });
  const older = here.run(callOf('older', { patience, since: 1 }), () => Promise.resolve('ran'));
  await late;
  end.open();
  await ended;
  expect(await older).toBe('ran');
});

test('who is refused again and again comes back after longer waits, and many come one by one', async () => {
  const { end, ended } = await hold(here, 'first');
  const waits: number[] = [];
  for (const refusals of [0, 1, 2, 20]) {
    const { details } = await refusal(new Limits(table), { refusals });
    waits.push(details['retryAfter'] as number);
  }
  expect(waits).toEqual([500, 750, 1_125, 5_000]);
  const many: number[] = [];
  for (let knot = 0; knot < 4; knot++)
    many.push((await refusal(there, { knotId: `k${knot}` })).details['retryAfter'] as number);
  expect(new Set(many).size).toBe(4);
  expect(Math.max(...many)).toBeLessThanOrEqual(500 + 4 * 1_000);
  end.open();
  await ended;
});

test('a wait ends with its signal, and takes nothing', async () => {
  const { end, ended } = await hold(here, 'first');
  const stop = new AbortController();
  const waiting = here.run(callOf('k', { signal: stop.signal }), () => Promise.resolve('ran'));
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  const again = here.run(callOf('k', { signal: stop.signal }), () => Promise.resolve('ran'));
  await expect(again).rejects.toThrow('stopped');
  end.open();
  await ended;
  expect(await table.holders(placesOf('api'))).toEqual([]);
});

test('a lease is renewed as long as its body runs, and who lost it hears so', async () => {
  const quick = new Limits(table, 90);
  const renew = jest.spyOn(table, 'renew');
  // A busy machine may stand still for longer than the lease lives: its clock goes on only where it was renewed.
  let now = performance.now();
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const lost = new Latch<string>();
  const end = new Latch();
  const running = quick.run(callOf('slow', { onLost: (limit) => lost.open(limit) }), () => end.passed);
  await until('it has the place', async () => (await table.holders(placesOf('api'))).length === 1);
  for (let turn = 0; turn < 4; turn++) {
    const before = renew.mock.calls.length;
    await until('it is renewed', () => renew.mock.calls.length > before);
    // Less than its time to live, and in all more than that.
    now += 60;
  }
  expect(await table.holders(placesOf('api'))).toHaveLength(1);
  // As if it had stood still for too long.
  const taken = { key: placesOf('api'), owner: 'record-run/slow', token: 'another' };
  await table.acquire({ ...taken, holder: 'another', limit: 1, ttl: 60_000 });
  expect(await lost.passed).toBe('api');
  end.open();
  await running;
  expect(await table.holders(placesOf('api'))).toHaveLength(1);
});

test('an error of the lease table is that of the call, and the next one asks again', async () => {
  jest.spyOn(table, 'acquire').mockRejectedValueOnce(new SelvageError('BackendUnavailable', 'out of reach'));
  await expect(here.run(callOf('k'), () => Promise.resolve(1))).rejects.toMatchObject({
    code: 'BackendUnavailable',
  });
  expect(await here.run(callOf('k'), () => Promise.resolve(1))).toBe(1);
});

describe('a rate', () => {
  const policy = { ratePerSecond: { key: 'api', limit: 20 } };

  test('keeps the distance between two beginnings, over all who share the table', async () => {
    const begun: number[] = [];
    const asked = performance.now();
    await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        (index % 2 === 0 ? here : there).run(
          callOf(`k${index}`, { policy }),
          async () => void begun.push(performance.now()),
        ),
      ),
    );
    begun.sort((a, b) => a - b);
    // A timer may be late, the first one's too, and never more than a little early: each is measured from when all were asked for.
    for (const [index, at] of begun.entries()) expect(at - asked).toBeGreaterThanOrEqual(index * 50 - 10);
  });

  test('refuses whose turn is too far away, and says exactly when it comes', async () => {
    const slow = { ratePerSecond: { key: 'slow', limit: 0.1 } };
    const begun = performance.now();
    const passed = (): number => performance.now() - begun + 1;
    expect(await here.run(callOf('first', { policy: slow }), () => Promise.resolve(1))).toBe(1);
    const error = await refusal(there, { policy: slow, patience: 1_000 });
    expect(error).toMatchObject({
      code: 'LimitReached',
      message: 'Knot "late" waits for its turn: limit "slow" lets 0.1 a second begin.',
    });
    const first = error.details['retryAfter'] as number;
    expect(first).toBeGreaterThan(10_000 - passed());
    expect(first).toBeLessThanOrEqual(10_000);
    const next = (await refusal(there, { policy: slow, patience: 1_000 })).details['retryAfter'] as number;
    expect(next - first).toBeGreaterThan(10_000 - passed());
  });

  test('gives the place back of one that is refused its turn', async () => {
    const both = { maxConcurrent: { key: 'api', limit: 1 }, ratePerSecond: { key: 'slow', limit: 0.1 } };
    await here.run(callOf('first', { policy: both }), () => Promise.resolve(1));
    expect((await refusal(there, { policy: both, patience: 1_000 })).message).toContain('its turn');
    expect(await table.holders(placesOf('api'))).toEqual([]);
  });
});
