import { z } from 'zod';
import { knot, runLocally, tapestry, type KnotContext, type Tapestry } from '../../../src';
import { Latch } from '../../support/latch';

/** A body that says when it has begun, and does `whatThen` when its signal is aborted. */
function patient(whatThen: (ctx: KnotContext) => unknown) {
  const begun = new Latch();
  const body = knot('patient', { output: z.string() }, async (_: object, ctx) => {
    const aborted = new Latch();
    ctx.signal.addEventListener('abort', () => aborted.open());
    begun.open();
    await aborted.passed;
    return (await whatThen(ctx)) as string;
  });
  return { body, begun: begun.passed };
}

/** A run that is cancelled once its body has begun. */
async function cancelled(work: Tapestry, begun: Promise<void>, reason?: Error) {
  const cancel = new AbortController();
  const run = runLocally(work, {}, { signal: cancel.signal });
  await begun;
  cancel.abort(reason);
  return await run;
}

const never = knot('never', jest.fn());

test('a body that ends within its grace still counts; what had not begun is skipped', async () => {
  const { body, begun } = patient(() => 'in time');
  const work = tapestry('work', () => {
    const first = body({}, { id: 'first' });
    never({ first }, { id: 'second' });
  });
  const { status, succeeded, outcomes, lineage } = await cancelled(work, begun);
  expect({ status, succeeded }).toEqual({ status: 'cancelled', succeeded: false });
  expect(outcomes).toEqual({
    first: { kind: 'ok', value: 'in time' },
    second: { kind: 'skipped', reason: 'cancelled' },
  });
  expect(lineage.find((record) => record.knot_id === 'second')).toMatchObject({
    outcome: 'skipped',
    skip_reason: 'cancelled',
  });
});

test('the body learns the reason', async () => {
  const { body, begun } = patient((ctx) => (ctx.signal.reason as Error).message);
  const work = tapestry('work', () => ({ end: body({}, { id: 'knot' }) }));
  const result = await cancelled(work, begun, new Error('enough'));
  expect(result.values).toEqual({ end: 'enough' });
  // Nothing was left to be cancelled.
  expect(result.status).toBe('succeeded');
});

test.each([
  ['throws', () => Promise.reject(new Error('stopped'))],
  ['goes on after its grace', () => new Promise(() => {})],
  ['answers what its schema refuses', () => 5],
])('a body that %s is skipped as cancelled', async (_, whatThen) => {
  const { body, begun } = patient(whatThen);
  const work = tapestry('work', () => void body({}, { id: 'knot', cancelGrace: 10 }));
  const { status, outcomes } = await cancelled(work, begun);
  expect(status).toBe('cancelled');
  expect(outcomes).toEqual({ knot: { kind: 'skipped', reason: 'cancelled' } });
});

test('a knot that waits for its next attempt is skipped as cancelled at once', async () => {
  const failed = new Latch();
  const failing = knot('failing', () => {
    failed.open();
    throw new Error('again in an hour');
  });
  const hour = { maximumAttempts: 2, initialInterval: 3_600_000 };
  const work = tapestry('work', () => void failing({}, { id: 'knot', retry: hour }));
  const waits = failed.passed.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
  const { status, outcomes } = await cancelled(work, waits);
  expect(status).toBe('cancelled');
  expect(outcomes['knot']).toEqual({ kind: 'skipped', reason: 'cancelled' });
});

test('nothing runs where the signal is aborted before the start', async () => {
  const body = jest.fn();
  const work = tapestry('work', () => {
    const first = knot('first', body)({}, { id: 'first' });
    never({ first }, { id: 'second' });
  });
  const { status, outcomes, lineage } = await runLocally(work, {}, { signal: AbortSignal.abort() });
  expect(body).not.toHaveBeenCalled();
  expect(status).toBe('cancelled');
  expect(Object.values(outcomes)).toEqual(Array(2).fill({ kind: 'skipped', reason: 'cancelled' }));
  expect(lineage).toHaveLength(2);
});

test('a body that cancels its own run keeps its outcome; those that were to start with it do not run', async () => {
  const cancel = new AbortController();
  const others = jest.fn();
  const work = tapestry('work', () => {
    knot('stop', () => {
      cancel.abort();
      return 'stopped';
    })({}, { id: 'stop' });
    for (let i = 0; i < 3; i++) knot('other', others)({}, { id: `other-${i}` });
  });
  const { outcomes } = await runLocally(work, {}, { signal: cancel.signal });
  expect(outcomes['stop']).toEqual({ kind: 'ok', value: 'stopped' });
  expect(others).not.toHaveBeenCalled();
});

test('many bodies may listen to one signal', async () => {
  const warnings: unknown[] = [];
  const onWarning = (warning: unknown) => warnings.push(warning);
  process.on('warning', onWarning);
  const wait = knot('wait', async (_: { n: number }, ctx) => {
    ctx.signal.addEventListener('abort', () => undefined);
    await new Promise((resolve) => setImmediate(resolve));
  });
  const many = tapestry('many', () => {
    for (let n = 0; n < 50; n++) wait({ n }, { id: `wait-${n}` });
  });
  const { status } = await runLocally(many, {}, { signal: new AbortController().signal });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(status).toBe('succeeded');
  expect(warnings).toEqual([]);
});
