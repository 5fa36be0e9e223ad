import { z } from 'zod';
import { knot, local, tapestry, type Knot, type KnotConfig } from '../../../src';
import * as testing from '../../../src/testing';
import { simulate } from '../../../src/testing';
import { rejectionOf } from '../../support/rejection-of';

const step = knot('step', (inputs: Record<string, unknown>) => Object.keys(inputs).length);

/** Ten knots: two ways that part and meet again, one of them with retries. */
function ten(options: Partial<KnotConfig> = {}) {
  return tapestry('ten', () => {
    const at = (id: string, inputs: Record<string, Knot<number>>, more: Partial<KnotConfig> = {}) =>
      step(inputs, { id, ...options, ...more });
    const a = at('a', {});
    const b = at('b', { a });
    const c = at('c', { a });
    const d = at('d', { a, b });
    const e = at('e', { c }, { retry: { maximumAttempts: 3 } });
    const f = at('f', { d, e }, { retry: { maximumAttempts: 2, initialInterval: 20_000 } });
    const g = at('g', { d });
    const h = at('h', { f, g });
    const i = at('i', { b });
    return { end: at('end', { h, i }) };
  });
}

test('a tapestry is simulated under every blow at every boundary, and by chance beyond that', async () => {
  const { schedules, everywhere, bodies, blows } = await simulate(ten({ dispatcher: local() }), {
    cancel: true,
    losses: true,
    schedules: 3_000,
  });
  expect({ schedules, everywhere }).toEqual({ schedules: 3_000, everywhere: true });
  expect(bodies).toBeGreaterThan(3_000);
  // It has no child runs.
  const { terminate, ...others } = blows;
  expect(terminate).toBe(0);
  expect(Object.entries(others).filter(([, count]) => count === 0)).toEqual([]);
});

test('where there is no time for all boundaries it says so', async () => {
  expect(await simulate(ten(), { schedules: 50 })).toMatchObject({ schedules: 50, everywhere: false });
});

test('crash: never delays and reorders, and nothing else', async () => {
  const { delay, ...others } = (await simulate(ten(), { crash: 'never', schedules: 200 })).blows;
  expect(delay).toBeGreaterThan(0);
  expect(Object.values(others).every((count) => count === 0)).toBe(true);
});

test('the same seed simulates the same, another one something else', async () => {
  const of = (seed: number) => simulate(ten(), { crash: 'random', schedules: 200, seed });
  expect(await of(7)).toEqual(await of(7));
  expect({ ...(await of(8)), seed: 7 }).not.toEqual(await of(7));
});

test('without parameters no body runs', async () => {
  const body = jest.fn(() => 1);
  const spied = knot('spied', body);
  await simulate(
    tapestry('spies', () => ({ end: spied({}, { id: 'spy' }) })),
    { schedules: 50 },
  );
  expect(body).not.toHaveBeenCalled();
});

test('with parameters the bodies run on their inputs, and may fail, retry and store streams', async () => {
  const doubled = knot('doubled', ({ x }: { x: number }) => x * 2);
  const failing = knot('failing', ({ x }: { x: number }): number => {
    throw new Error(`not ${x}`);
  });
  const flaky = knot('flaky', ({ x }: { x: number }, ctx) => {
    if (ctx.attempt === 1) throw new Error('not yet');
    return x + 1;
  });
  const stored = knot('stored', async ({ x }: { x: number }, ctx) => await ctx.store(new Uint8Array([x])));
  const opened = knot('opened', async ({ stored: bytes }: { stored: never }, ctx) => {
    const pieces: number[] = [];
    for await (const piece of await ctx.open(bytes)) pieces.push(...piece);
    return pieces;
  });
  const work = tapestry('work', (t) => {
    const x = t.parameter('x', z.number());
    const twice = doubled({ x }, { id: 'twice' });
    const lost = failing({ x: twice }, { id: 'lost', dispatcher: local() });
    doubled({ x: lost }, { id: 'below' });
    flaky({ x: twice }, { id: 'flaky', retry: { maximumAttempts: 3 }, dispatcher: local() });
    opened({ stored: stored({ x: twice }, { id: 'stored' }) as never }, { id: 'opened' });
  });
  const { everywhere, bodies } = await simulate(work, { parameters: { x: 4 }, cancel: true });
  expect(everywhere).toBe(true);
  expect(bodies).toBeGreaterThan(1_000);
});

describe('a body that is not safe to run twice is found and named:', () => {
  const first = knot('first', () => 1);
  const later = knot('later', ({ x }: { x: unknown }) => x);

  test('one that counts its calls', async () => {
    let calls = 0;
    const counting = knot('counting', ({ x }: { x: number }) => x + ++calls);
    const work = tapestry('work', () => {
      later({ x: counting({ x: first({}, { id: 'first' }) }, { id: 'counted' }) }, { id: 'last' });
    });
    expect(await rejectionOf(simulate(work, { parameters: {} }))).toMatchObject({
      code: 'BodyNotDeterministic',
      message: expect.stringMatching(
        /The body of knot "counted" gave sha256:.* and sha256:.*nothing strikes/s,
      ),
      details: { knot: 'counted', schedule: '', seed: 1 },
    });
  });

  test('one that leaves something behind in the outside world, at the one blow that shows it', async () => {
    const order = knot('order', (_: { x: unknown }, ctx) => {
      const orders = ctx.resources['orders'] as string[];
      orders.push(ctx.knotId);
      return orders.length;
    });
    const work = tapestry('work', () => {
      later({ x: order({ x: first({}, { id: 'first' }) }, { id: 'ordered' }) }, { id: 'last' });
    });
    const options = { parameters: {}, resources: () => ({ orders: [] }) };
    const error = await rejectionOf(simulate(work, options));
    expect(error).toMatchObject({
      code: 'BodyNotDeterministic',
      message: expect.stringContaining('1. the worker is killed in the body of "ordered"\n'),
      details: { knot: 'ordered', schedule: 'kill@return:ordered' },
    });
    const { schedule } = error.details as { schedule: string };
    expect(await rejectionOf(simulate(work, { ...options, schedule }))).toMatchObject({
      code: 'BodyNotDeterministic',
      details: { knot: 'ordered', schedule },
    });
    // With the key that is equal over all attempts it is safe.
    const once = (_: unknown, ctx: { resources: Record<string, unknown>; idempotencyKey: string }) =>
      (ctx.resources['orders'] as Set<string>).add(ctx.idempotencyKey).size;
    await simulate(work, {
      parameters: {},
      resources: () => ({ orders: new Set() }),
      replace: { order: once },
    });
  });

  test('one that fails when it runs again', async () => {
    const once = knot('once', (_: object, ctx) => {
      const done = ctx.resources['done'] as Set<string>;
      if (done.has(ctx.knotId)) throw new Error('done already');
      done.add(ctx.knotId);
      return 1;
    });
    const work = tapestry('work', () => void later({ x: once({}, { id: 'once' }) }, { id: 'last' }));
    const error = rejectionOf(simulate(work, { parameters: {}, resources: () => ({ done: new Set() }) }));
    expect(await error).toMatchObject({
      code: 'BodyNotDeterministic',
      message: expect.stringContaining('"once" came to err (Error: done already) and should have come to ok'),
      details: { knot: 'once', schedule: 'kill@return:once' },
    });
  });
});

test.each([
  ['crash', { crash: 'sometimes' as never }],
  ['schedules', { schedules: 0 }],
  ['seed', { seed: 0.5 }],
  ['replace', { replace: { step: () => 1 } }],
  ['resources', { resources: {} }],
  ['schedule', { schedule: 'kill@nowhere:a' }],
  ['schedule', { schedule: 'kill@put:nobody' }],
  ['schedule', { schedule: 'window:0' }],
])('%s of a wrong kind is refused', async (option, options) => {
  const error = await rejectionOf(simulate(ten(), options));
  expect(error).toMatchObject({ code: 'InvalidConfig', message: expect.stringContaining(option) });
});

test('wrong parameters and unknown replacements are refused as in a run', async () => {
  expect(await rejectionOf(simulate(ten(), { parameters: { x: 1 } }))).toMatchObject({
    code: 'InvalidParameters',
  });
  const misspelt = simulate(ten(), { parameters: {}, replace: { stepp: () => 1 } });
  expect(await rejectionOf(misspelt)).toMatchObject({ code: 'UnknownKnot' });
});

test('a schedule is read as it is written, alone or with others', async () => {
  const options = { dispatcher: local() };
  for (const schedule of [
    '',
    'segments window:1 fail:b fail:c kill@return:a#2',
    'taken:d taken:end fail:a evict@deliver:c continue@deliver:c#2',
    'kill@return:a kill@return:a#2 kill@return:a#3 giveUp@record:i',
    'segments kill@settle:a stop@return:d continue@start:a evict@deliverSegment:a',
  ]) {
    expect(await simulate(ten(options), { schedule })).toMatchObject({ everywhere: false });
  }
});

test('a clock that is put back between two attempts leaves no time on record that goes backwards', async () => {
  const work = tapestry('work', () => {
    const first = step({}, { id: 'a', retry: { maximumAttempts: 3 } });
    step({ first }, { id: 'b' });
  });
  for (const schedule of ['clock@return:a refuse@put:a', 'clock@return:a throw@return:a'])
    await simulate(work, { schedule });
  expect((await simulate(work, { schedules: 500 })).blows.clock).toBeGreaterThan(0);
});

test('what is under test cannot be exchanged by users', () => {
  expect(Object.keys(testing).sort()).toEqual([
    'describeBodyHost',
    'describeDataStore',
    'describeEmitterTable',
    'describeLeaseTable',
    'describeRunHistory',
    'describeStartLedger',
    'describeSubscribableTapestryStore',
    'describeTapestryStore',
    'expectRun',
    'runPlanned',
    'simulate',
    'tryEvent',
  ]);
});
