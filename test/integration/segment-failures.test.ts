import { z } from 'zod';

import { Retryable, knot, local, queue, tapestry, type Knot, type KnotContext } from '../../src';
import type { Selvage } from '../../src/client';
import type { Backends } from '../../src/protocols';
import type { KnotEnd, KnotEvent } from '../../src/worker';
import { historyOf, scheduledActivities } from '../support/history';
import { Latch, aborted } from '../support/latch';
import {
  closeAll,
  connectSelvage,
  openSelvage,
  startWorker,
  temporaryBackends,
} from '../support/open-selvage';
import { SwitchableBackends } from '../support/switchable-backends';
import { until } from '../support/until';

afterEach(closeAll);

const dispatched = { knots: { dispatcher: local() } };
/** How often bodies were called, by run and knot. */
const calls = new Map<string, number>();

function called({ runId, knotId }: KnotContext): number {
  const times = (calls.get(`${runId}/${knotId}`) ?? 0) + 1;
  calls.set(`${runId}/${knotId}`, times);
  return times;
}

/** Ids of the activities that are no segments. */
async function knotsByThemselves(selvage: Selvage, runId: string): Promise<string[]> {
  const activities = scheduledActivities(await historyOf(selvage, runId));
  return activities.filter(({ type }) => type !== 'selvage.segment').map(({ id }) => id);
}

const inc = knot('inc', ({ x }: { x: number }, ctx) => {
  called(ctx);
  return x + 1;
});
const flaky = knot('flaky', ({ x, failures }: { x: number; failures: number }, ctx) => {
  const call = called(ctx);
  if (call <= failures) throw new Error(`failure ${call}`);
  return x + 1;
});

test('a body that throws is tried again in its segment, as often as its policy says', async () => {
  const flakies = tapestry('flakies', dispatched, (t) => {
    const x = t.parameter('x', z.number());
    const retry = { maximumAttempts: 3, initialInterval: 20 };
    const mends = flaky({ x, failures: 2 }, { id: 'mends', retry });
    const stays = flaky({ x, failures: 9 }, { id: 'stays', retry });
    return { after: inc({ x: mends }, { id: 'after' }), never: inc({ x: stays }, { id: 'never' }) };
  });
  const selvage = await openSelvage({ tapestries: [flakies] });
  const run = await selvage.start(flakies, { x: 0 });
  expect((await run.result()).outcomes).toMatchObject({
    mends: { kind: 'ok', value: 1 },
    after: { kind: 'ok', value: 2 },
    stays: { kind: 'err', error: { message: 'failure 3', attempt: 3 } },
    never: { kind: 'skipped' },
  });
  expect(calls.get(`${run.runId}/stays`)).toBe(3);
  expect((await run.lineage({ knotId: 'mends' })).items).toMatchObject([{ attempt: 3, dispatcher: 'local' }]);
  expect(await knotsByThemselves(selvage, run.runId)).toEqual([]);
});

test('a back-off too long for a segment goes on as the server’s, with the throws so far counted', async () => {
  const asks = knot('asks', ({ x }: { x: number }, ctx): number => {
    throw new Retryable(`call ${called(ctx)} of ${x}`, { after: 10_500 });
  });
  const asking = tapestry('asking', dispatched, (t) => {
    const x = t.parameter('x', z.number());
    asks({ x }, { id: 'asks', retry: { maximumAttempts: 2 } });
    return { beside: inc({ x: inc({ x }, { id: 'first' }) }, { id: 'second' }) };
  });
  const selvage = await openSelvage({ tapestries: [asking] });
  const run = await selvage.start(asking, { x: 1 });
  await until('the others are done', async () => (await run.status()).live?.counts.ok === 3);
  const since = Date.now();
  expect((await run.result()).outcomes).toMatchObject({
    asks: { kind: 'err', error: { message: 'call 2 of 1' } },
    second: { kind: 'ok', value: 3 },
  });
  expect(Date.now() - since).toBeGreaterThan(8_000);
  expect(calls.get(`${run.runId}/asks`)).toBe(2);
  expect(await knotsByThemselves(selvage, run.runId)).toEqual(['asks']);
});

test('a timeout holds for each body, and a cancel ends a segment: what ended counts, the rest is skipped', async () => {
  const begun = new Latch();
  const hangs = knot('hangs', async (_: { x: number }, { signal }): Promise<number> => {
    begun.open();
    return await aborted(signal);
  });
  const lasts = knot('lasts', async ({ x }: { x: number }, { signal }): Promise<number> => {
    await aborted(signal).catch(() => undefined);
    return x;
  });
  const stopping = tapestry('stopping', dispatched, (t) => {
    const x = t.parameter('x', z.number());
    hangs({ x }, { id: 'late', timeout: 100 });
    const done = inc({ x }, { id: 'done' });
    const hung = hangs({ x: done }, { id: 'hung' });
    lasts({ x: done }, { id: 'lasts' });
    return { never: inc({ x: hung }, { id: 'never' }) };
  });
  const selvage = await openSelvage({ tapestries: [stopping] });
  const run = await selvage.start(stopping, { x: 1 });
  await begun.passed;
  await until('the timeout has passed', async () => (await run.outcomes())['late']);
  await run.cancel();
  const result = await run.result();
  expect(result.status).toBe('cancelled');
  expect(result.outcomes).toMatchObject({
    late: { kind: 'err', error: { type: 'BodyTimeout' } },
    done: { kind: 'ok', value: 2 },
    lasts: { kind: 'ok', value: 2 },
    hung: { kind: 'skipped', reason: 'cancelled' },
    never: { kind: 'skipped', reason: 'cancelled' },
  });
});

test('a missing body makes its knot wait, and nothing that does not need it', async () => {
  const old = knot('old', ({ x }: { x: number }) => x * 10);
  const renamed = knot('renamed', ({ x }: { x: number }) => x * 10);
  const edited = (name: string, body: typeof old | typeof renamed) =>
    tapestry(name, dispatched, (t) => {
      const first = inc({ x: t.parameter('x', z.number()) }, { id: 'first' });
      const middle = body({ x: first }, { id: 'middle' });
      return { beside: inc({ x: first }, { id: 'beside' }), last: inc({ x: middle }, { id: 'last' }) };
    });
  const before = edited('edited', old);
  const selvage = await connectSelvage();
  const edit = await startWorker(selvage, { tapestries: [edited('edited', renamed)] });
  const run = await selvage.start(before, { x: 1 });
  await until('all else is done', async () => (await run.status()).live?.counts.ok === 3);
  await edit.stop();
  await startWorker(selvage, { tapestries: [before] });
  expect(await run.values()).toEqual({ beside: 3, last: 21 });
  expect(calls.get(`${run.runId}/first`)).toBe(1);
});

test('an outage of the backends is a refusal of the segment: it goes on from what is committed', async () => {
  const line = new SwitchableBackends(await temporaryBackends());
  const breaks = knot('breaks', ({ x }: { x: number }, ctx) => {
    // As often as the commit is tried in one attempt.
    if (called(ctx) === 1) line.inflict({ code: 'BackendUnavailable', only: ['backends.commit'], times: 5 });
    return x + 1;
  });
  const outage = tapestry('outage', dispatched, (t) => {
    const first = inc({ x: t.parameter('x', z.number()) }, { id: 'first' });
    return { last: inc({ x: breaks({ x: first }, { id: 'breaks' }) }, { id: 'last' }) };
  });
  const selvage = await openSelvage({ tapestries: [outage], backends: line.backends });
  const run = await selvage.start(outage, { x: 0 });
  expect(await run.values()).toEqual({ last: 3 });
  expect(line.hit).toHaveLength(5);
  expect(calls.get(`${run.runId}/first`)).toBe(1);
  expect(calls.get(`${run.runId}/breaks`)).toBe(2);
  expect(scheduledActivities(await historyOf(selvage, run.runId))).toHaveLength(1);
});

test('while a segment runs, its knots are counted as they are committed, and observers hear of each', async () => {
  const reached = new Latch();
  const goOn = new Latch();
  const waits = knot('waits', async ({ x }: { x: number }) => {
    reached.open();
    await goOn.passed;
    return x;
  });
  const watched = tapestry('watched', dispatched, (t) => {
    let result: Knot<number> = t.parameter('x', z.number());
    for (let n = 0; n < 10; n++) result = inc({ x: result }, { id: `inc-${n}` });
    return { result: inc({ x: waits({ x: result }, { id: 'waits' }) }, { id: 'last' }) };
  });
  const heard: string[] = [];
  const observer = {
    name: 'test',
    knotStarted: ({ knotId }: KnotEvent) => void heard.push(`start ${knotId}`),
    knotEnded: ({ knotId, outcome }: KnotEnd) => void heard.push(`${outcome} ${knotId}`),
  };
  const selvage = await openSelvage({ tapestries: [watched], observers: [observer] });
  const run = await selvage.start(watched, { x: 0 });
  await reached.passed;
  const { live } = await run.status();
  expect(live).toMatchObject({
    counts: { ok: 11, running: 2, waiting: 0, total: 13 },
    running: ['waits', 'last'],
    segments: 1,
  });
  expect(Object.keys(await run.outcomes())).toHaveLength(11);
  goOn.open();
  expect(await run.values()).toEqual({ result: 11 });
  expect(heard).toHaveLength(24);
  expect(heard.slice(-4)).toEqual(['start waits', 'ok waits', 'start last', 'ok last']);
});

test.each([0, 2_048])(
  'values of any size cross the border of a segment (inline limit %d)',
  async (inlineLimit) => {
    const make = knot('make', ({ n }: { n: number }) => 'x'.repeat(1_500) + n);
    const bytes = knot('bytes', (): Uint8Array => new Uint8Array(5_000).fill(7));
    const lengths = knot('lengths', (inputs: Record<string, string | Uint8Array>) =>
      Object.values(inputs).reduce((sum, value) => sum + value.length, 0),
    );
    const large = tapestry('large', dispatched, () => {
      const inside: Record<string, Knot<string>> = {};
      // Together more than an activity's input or answer may carry.
      for (let n = 10; n < 90; n++) inside[`v${n}`] = make({ n }, { id: `make-${n}` });
      const raw = bytes({}, { id: 'bytes', dispatcher: queue() });
      const queued = lengths({ ...inside, raw }, { id: 'queued', dispatcher: queue() });
      const back = lengths({ ...inside, raw }, { id: 'back' });
      return { queued, back, both: lengths({ raw }, { id: 'both' }) };
    });
    const backends: Backends = await temporaryBackends();
    const selvage = await openSelvage({ tapestries: [large], backends, inlineLimit });
    const run = await selvage.start(large, {});
    const whole = 80 * 1_502 + 5_000;
    expect(await run.values()).toEqual({ queued: whole, back: whole, both: 5_000 });
  },
);
