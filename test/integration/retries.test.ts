import { z } from 'zod';

import { Retryable, Terminal, knot, tapestry, type KnotContext } from '../../src';
import type { Selvage } from '../../src/client';
import { CACHING, closeAll, openSelvage } from '../support/open-selvage';

/** What bodies were called, by run and knot, in order. */
const calls = new Map<string, number[]>();

function called({ runId, knotId }: KnotContext): number {
  const key = `${runId}/${knotId}`;
  const times = calls.get(key) ?? [];
  times.push(Date.now());
  calls.set(key, times);
  return times.length;
}

const flaky = knot('flaky', ({ failures }: { failures: number }, ctx) => {
  const call = called(ctx);
  if (call <= failures) throw new Error(`failure ${call}`);
  return call;
});
const asks = knot('asks', ({ after }: { after: number }, ctx) => {
  const call = called(ctx);
  if (call === 1) throw new Retryable('in a moment', { after });
  return call;
});
const givesUp = knot('givesUp', (_: object, ctx): number => {
  const call = called(ctx);
  if (call === 2) throw new Terminal('it is hopeless');
  throw new Error(`failure ${call}`);
});
const listed = knot('listed', (_: object, ctx): number => {
  called(ctx);
  throw new TypeError('a type is a type');
});
const remembers = knot('remembers', (_: object, ctx) => {
  const before = ctx.lastHeartbeat as { done: number } | undefined;
  ctx.heartbeat({ done: (before?.done ?? 0) + 1 });
  if (ctx.attempt < 3) throw new Error('again');
  return before!.done;
});
const keys = knot('keys', (_: object, ctx) => {
  if (called(ctx) < 3) throw new Error(ctx.idempotencyKey);
  return ctx.idempotencyKey;
});

const recovering = tapestry('recovering', (t) => {
  const failures = t.parameter('failures', z.number());
  return { flaky: flaky({ failures }, { id: 'flaky', retry: { maximumAttempts: 3, initialInterval: 20 } }) };
});
const asking = tapestry('asking', () => ({
  asks: asks({ after: 1_200 }, { id: 'asks', retry: { maximumAttempts: 2, initialInterval: 10 } }),
}));
const backingOff = tapestry('backingOff', () => ({
  flaky: flaky(
    { failures: 3 },
    {
      id: 'flaky',
      retry: { maximumAttempts: 4, initialInterval: 200, backoffCoefficient: 3, maximumInterval: 600 },
    },
  ),
}));
const hopeless = tapestry(
  'hopeless',
  { knots: { retry: { maximumAttempts: 5, initialInterval: 10 } } },
  () => {
    givesUp({}, { id: 'givesUp' });
    listed(
      {},
      { id: 'listed', retry: { maximumAttempts: 5, initialInterval: 10, nonRetryableErrors: ['TypeError'] } },
    );
  },
);
const remembering = tapestry(
  'remembering',
  { knots: { retry: { maximumAttempts: 3, initialInterval: 10 } } },
  () => ({
    done: remembers({}, { id: 'remembers' }),
    key: keys({}, { id: 'keys' }),
  }),
);

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  let selvage: Selvage;
  beforeAll(async () => {
    selvage = await openSelvage({
      tapestries: [recovering, asking, backingOff, hopeless, remembering],
      workerOptions: { maxCachedWorkflows },
    });
  });
  afterAll(closeAll);

  test('a body that throws is tried again as often as its policy says', async () => {
    const run = await selvage.start(recovering, { failures: 2 });
    expect(await run.values()).toEqual({ flaky: 3 });
    const { items } = await run.lineage({ knotId: 'flaky' });
    expect(items).toMatchObject([{ outcome: 'ok', attempt: 3 }]);
  });

  test('when the attempts are spent, the last failure is the outcome, recorded once', async () => {
    const run = await selvage.start(recovering, { failures: 9 });
    expect((await run.result()).outcomes['flaky']).toMatchObject({
      kind: 'err',
      error: { message: 'failure 3', attempt: 3 },
    });
    expect(calls.get(`${run.runId}/flaky`)).toHaveLength(3);
    expect((await run.lineage({ knotId: 'flaky' })).items).toHaveLength(1);
  });

  test('Retryable says when the next attempt comes, whatever the policy says', async () => {
    const run = await selvage.start(asking, {});
    expect(await run.values()).toEqual({ asks: 2 });
    const [first, second] = calls.get(`${run.runId}/asks`)!;
    expect(second! - first!).toBeGreaterThanOrEqual(1_150);
  });

  test('the back-off grows by its coefficient up to its maximum', async () => {
    const run = await selvage.start(backingOff, {});
    expect(await run.values()).toEqual({ flaky: 4 });
    const times = calls.get(`${run.runId}/flaky`)!;
    const pauses = times.slice(1).map((time, index) => time - times[index]!);
    // The clocks of server and worker are one, but rounded; a pause is never shorter than asked for.
    expect(pauses[0]).toBeGreaterThanOrEqual(190);
    expect(pauses[1]).toBeGreaterThanOrEqual(590);
    expect(pauses[2]).toBeGreaterThanOrEqual(590);
  });

  test('Terminal and listed errors end the knot at once', async () => {
    const run = await selvage.start(hopeless, {});
    const { outcomes } = await run.result();
    expect(outcomes).toMatchObject({
      givesUp: { kind: 'err', error: { type: 'Terminal', message: 'it is hopeless', attempt: 2 } },
      listed: { kind: 'err', error: { type: 'TypeError', attempt: 1 } },
    });
    expect(calls.get(`${run.runId}/givesUp`)).toHaveLength(2);
    expect(calls.get(`${run.runId}/listed`)).toHaveLength(1);
  });

  test('an attempt sees what the one before gave to heartbeat, under the same idempotency key', async () => {
    const run = await selvage.start(remembering, {});
    const description = await selvage.client.workflow.getHandle(run.runId).describe();
    expect(await run.values()).toEqual({ done: 2, key: `${run.runId}/${description.runId}/keys` });
  });
});
