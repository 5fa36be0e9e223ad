import { Retryable, knot, runLocally, tapestry } from '../../../src';

// How often a body is tried, and when no more, is part of `integration/retries.test.ts`, in process, too.

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
    tapestry(
      'hands-on',
      () => void hand({}, { id: 'knot', retry: { maximumAttempts: 3, initialInterval: 1 } }),
    ),
    {},
  );
  const [one, two] = [{ done: [1] }, { done: [1, 2] }];
  expect(found).toEqual([undefined, undefined, one, one, two, two]);
});
