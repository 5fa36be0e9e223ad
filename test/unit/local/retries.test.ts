import { setTimeout as delay } from 'node:timers/promises';
import { Retryable, Terminal, knot, runLocally, tapestry, type KnotOptions } from '../../../src';

/** Fails in the first `failures` attempts, with errors that `errorOf` makes; answers the attempt that did not. */
function flaky(failures: number, options: KnotOptions, errorOf = (): unknown => new Error('flaky')) {
  const attempts: number[] = [];
  const body = knot('flaky', async (_: object, ctx) => {
    attempts.push(ctx.attempt);
    await delay(0);
    if (attempts.length <= failures) throw errorOf();
    return ctx.attempt;
  });
  return { attempts, tapestry: tapestry('retries', () => ({ end: body({}, { id: 'knot', ...options }) })) };
}

const quick = { initialInterval: 1, backoffCoefficient: 1 };

test('a body that throws is tried again as often as its policy says, and the last attempt is on record', async () => {
  const { attempts, tapestry: work } = flaky(2, { retry: { maximumAttempts: 3, ...quick } });
  const { values, lineage, status } = await runLocally(work, {});
  expect({ values, attempts, status }).toEqual({
    values: { end: 3 },
    attempts: [1, 2, 3],
    status: 'succeeded',
  });
  expect(lineage).toHaveLength(1);
  expect(lineage[0]).toMatchObject({ outcome: 'ok', attempt: 3 });
});

test('when the attempts are spent the knot fails with the last error', async () => {
  const { attempts, tapestry: work } = flaky(9, { retry: { maximumAttempts: 2, ...quick } });
  const { outcomes, lineage } = await runLocally(work, {});
  expect(attempts).toEqual([1, 2]);
  expect(outcomes['knot']).toMatchObject({ kind: 'err', error: { message: 'flaky', attempt: 2 } });
  expect(lineage).toHaveLength(1);
});

test.each([
  ['without a policy', {}, () => new Error('flaky')],
  ['after a Terminal', { retry: { maximumAttempts: 5, ...quick } }, () => new Terminal('no use')],
  [
    'after an error that the policy names',
    { retry: { maximumAttempts: 5, ...quick, nonRetryableErrors: ['TypeError'] } },
    () => new TypeError('wrong'),
  ],
])('there is one attempt %s', async (_, options, errorOf) => {
  const { attempts, tapestry: work } = flaky(9, options, errorOf);
  expect((await runLocally(work, {})).status).toBe('failed');
  expect(attempts).toEqual([1]);
});

test('the waits grow by the back-off, and a Retryable says its own', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date'] });
  try {
    const thrown: number[] = [];
    const body = knot('body', (_: object, ctx) => {
      thrown.push(ctx.attempt);
      if (ctx.attempt === 3) throw new Retryable('later', { after: 60_000 });
      if (ctx.attempt < 5) throw new Error('not yet');
    });
    const retry = {
      maximumAttempts: 5,
      initialInterval: 1_000,
      backoffCoefficient: 3,
      maximumInterval: 20_000,
    };
    const run = runLocally(
      tapestry('waits', () => void body({}, { id: 'knot', retry })),
      {},
    );
    for (const [wait, attempt] of [
      [1_000, 2],
      [3_000, 3],
      [60_000, 4],
      [20_000, 5],
    ] as const) {
      await new Promise((resolve) => setImmediate(resolve));
      await jest.advanceTimersByTimeAsync(wait - 1);
      expect(thrown.at(-1)).toBe(attempt - 1);
      await jest.advanceTimersByTimeAsync(1);
      expect(thrown.at(-1)).toBe(attempt);
    }
    expect((await run).status).toBe('succeeded');
  } finally {
    jest.useRealTimers();
  }
});

test('a body that takes longer than its timeout has its signal aborted and fails, whether it heeds it or not', async () => {
  const aborted: unknown[] = [];
  const slow = knot('slow', async (_: object, ctx) => {
    ctx.signal.addEventListener('abort', () => aborted.push((ctx.signal.reason as Error).name));
    await new Promise(() => {});
  });
  const { outcomes } = await runLocally(
    tapestry('slow', () => void slow({}, { id: 'knot', timeout: 20 })),
    {},
  );
  expect(outcomes['knot']).toMatchObject({ kind: 'err', error: { type: 'BodyTimeout' } });
  expect(outcomes['knot']).toHaveProperty('error.message', expect.stringMatching(/"knot".*20 ms/));
  expect(aborted).toEqual(['BodyTimeout']);
});

test('a timeout counts as a throw', async () => {
  let attempts = 0;
  const slowOnce = knot('slow-once', async () => {
    attempts += 1;
    if (attempts === 1) await new Promise(() => {});
    return attempts;
  });
  const options = { timeout: 50, retry: { maximumAttempts: 2, ...quick } };
  const { values } = await runLocally(
    tapestry('slow-once', () => ({ end: slowOnce({}, { id: 'knot', ...options }) })),
    {},
  );
  expect(values).toEqual({ end: 2 });
});

test('an attempt finds what the one before handed on by a heartbeat, as a copy of its own', async () => {
  const found: unknown[] = [];
  const progress = { done: [1] };
  const hand = knot('hand', (_: object, ctx) => {
    found.push(structuredClone(ctx.lastHeartbeat));
    ctx.heartbeat(progress);
    progress.done.push(ctx.attempt + 1);
    found.push(structuredClone(ctx.lastHeartbeat));
    if (ctx.attempt < 3) throw new Error('again');
  });
  await runLocally(
    tapestry('hands-on', () => void hand({}, { id: 'knot', retry: { maximumAttempts: 3, ...quick } })),
    {},
  );
  const [one, two] = [{ done: [1] }, { done: [1, 2] }];
  expect(found).toEqual([undefined, undefined, one, one, two, two]);
});
