import type { AnyTapestry } from '../../../src/authoring';
import { z } from 'zod';
import { knot, map, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { Reproducer, openCapsule, writeCapsule, type Capsule, type Reproduction } from '../../../src/capsule';
import { expectRun } from '../../../src/testing/expect-run';
import { rejectionOf } from '../../support/rejection-of';
import { greetings } from './pipelines';

async function capsuleOf(
  of: AnyTapestry,
  parameters: object,
  signals: Record<string, unknown> = {},
): Promise<Capsule> {
  const backends = createInMemoryBackends();
  await runLocally(of, parameters, { backends, runId: 'run', signals });
  return await openCapsule((await writeCapsule(backends, 'run')).html);
}

async function all(found: AsyncIterable<Reproduction>): Promise<Reproduction[]> {
  const list: Reproduction[] = [];
  for await (const one of found) list.push(one);
  return list;
}

const verdicts = (found: readonly Reproduction[]): Record<string, string> =>
  Object.fromEntries(found.map(({ knotId: id, verdict }) => [id, verdict]));

test('the same code comes to the same: values, elements, nodes, nested runs, failures', async () => {
  const capsule = await capsuleOf(greetings, { count: 2 }, { approval: { by: 'Ada' } });
  const found = await all(new Reproducer(capsule.backends, [greetings]).all(capsule.run));
  expect(verdicts(found)).toEqual({
    'param:count': 'not-run',
    people: 'same',
    'greeted[0]': 'same',
    'greeted[1]': 'same',
    total: 'same',
    many: 'same',
    'param:x': 'not-run',
    double: 'same',
    approved: 'not-run',
    broken: 'same',
  });
});

const list = knot('list', () => [{ n: 1 }, { n: 2 }, { n: 3 }]);
const firstEach = knot('each', ({ of }: { of: { n: number } }) => ({ square: { of: of.n ** 2 } }));
const otherEach = knot('each', ({ of }: { of: { n: number } }) => ({
  square: { of: of.n === 2 ? 5 : of.n ** 2 },
}));
const fails = knot('end', ({ a }: { a: number }): number => {
  throw new Error(`no ${a}`);
});
const works = knot('end', ({ a }: { a: number }) => a + 1);
const squares = (each: typeof firstEach, end: typeof works): AnyTapestry =>
  tapestry('squares', { parameters: { a: z.number() } }, (_t, { a }) => ({
    squares: map({ over: list({}, { id: 'list' }), each, bind: 'of' }, { id: 'squares' }),
    end: end({ a }, { id: 'end' }),
  }));

test('another value: where it parts from the recorded one', async () => {
  const capsule = await capsuleOf(squares(firstEach, works), { a: 1 });
  const reproducer = new Reproducer(capsule.backends, [squares(otherEach, works)]);
  const found = await all(reproducer.knot(capsule.run, 'squares'));
  expect(verdicts(found)).toEqual({ 'squares[0]': 'same', 'squares[1]': 'value', 'squares[2]': 'same' });
  expect(found[1]).toMatchObject({
    difference: { path: '$.square.of', recorded: '4', now: '5' },
    explanation: 'it gave another value: at $.square.of there was 4, and now is 5',
  });
  const [alone] = await all(reproducer.knot(capsule.run, 'squares[1]'));
  expect(alone).toEqual(found[1]);
});

test('it fails where it had not, fails otherwise, or fails no more', async () => {
  const ok = await capsuleOf(squares(firstEach, works), { a: 1 });
  const failed = await capsuleOf(squares(firstEach, fails), { a: 1 });
  const otherError = knot('end', ({ a }: { a: number }): number => {
    throw new TypeError(`never ${a}`);
  });
  const now = async (capsule: Capsule, end: typeof works): Promise<Reproduction> =>
    (await all(new Reproducer(capsule.backends, [squares(firstEach, end)]).knot(capsule.run, 'end')))[0]!;
  expect(await now(ok, fails)).toMatchObject({ verdict: 'outcome', now: { error: { message: 'no 1' } } });
  expect(await now(failed, fails)).toMatchObject({ verdict: 'same' });
  expect(await now(failed, otherError)).toMatchObject({
    verdict: 'error',
    now: { error: { type: 'TypeError' } },
  });
  expect(await now(failed, works)).toMatchObject({ verdict: 'outcome', now: { outcome: 'ok' } });
});

test('a body has its context: what it stores is kept nowhere, and what was stored can be opened', async () => {
  const stores = knot('stores', async (_: object, ctx) => await ctx.store(Buffer.from('a stream')));
  const opens = knot('opens', async ({ of }: { of: Awaited<ReturnType<typeof Object>> }, ctx) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of await ctx.open(of as never)) pieces.push(piece);
    return { text: Buffer.concat(pieces).toString(), run: ctx.runId, key: ctx.idempotencyKey };
  });
  const streams = tapestry('streams', () => ({
    out: opens({ of: stores({}, { id: 'stores' }) as never }, { id: 'opens' }),
  }));
  const capsule = await capsuleOf(streams, {});
  const found = await all(new Reproducer(capsule.backends, [streams]).all(capsule.run));
  expect(verdicts(found)).toEqual({ stores: 'same', opens: 'same' });
});

test('what is not in the capsule is said, and nothing is run', async () => {
  const backends = createInMemoryBackends();
  await runLocally(greetings, { count: 2 }, { backends, runId: 'run', signals: { approval: { by: 'Ada' } } });
  const { html } = await writeCapsule(backends, 'run', { redact: ['people'] });
  const capsule = await openCapsule(html);
  const bodies: string[] = [];
  const reproducer = new Reproducer(capsule.backends, [greetings], { beforeBody: (id) => bodies.push(id) });
  const [greeted] = await all(reproducer.knot(capsule.run, 'greeted[0]'));
  expect(greeted).toMatchObject({ verdict: 'unreadable', error: { code: 'Redacted' } });
  expect(bodies).toEqual([]);
  // Its own value is compared by the hash, which stays.
  const [people] = await all(reproducer.knot(capsule.run, 'people'));
  expect(people).toMatchObject({ verdict: 'same' });
});

test('knots of nested runs, and what there is not', async () => {
  const capsule = await capsuleOf(greetings, { count: 1 }, { approval: { by: 'Ada' } });
  const reproducer = new Reproducer(capsule.backends, [greetings]);
  expect(await all(reproducer.knot(capsule.run, 'nested/double'))).toMatchObject([
    { runId: 'run/nested#1', knotId: 'double', verdict: 'same' },
  ]);
  for (const id of ['nobody', 'greeted[9]', 'nested/nobody', 'people/x'])
    expect(await rejectionOf(all(reproducer.knot(capsule.run, id)))).toMatchObject({ code: 'UnknownKnot' });
  const other = new Reproducer(capsule.backends, [squares(firstEach, works)]);
  expect(await rejectionOf(all(other.all(capsule.run)))).toMatchObject({ code: 'UnknownTapestry' });
});

describe('expectRun', () => {
  const clock = knot('clock', () => ({ at: performance.now() }));
  const pipeline = (each: typeof firstEach): AnyTapestry =>
    tapestry('night', { parameters: { a: z.number() } }, (_t, { a }) => ({
      squares: map({ over: list({}, { id: 'list' }), each, bind: 'of' }, { id: 'squares' }),
      end: works({ a }, { id: 'end' }),
      when: clock({}, { id: 'clock' }),
    }));

  test('passes where all comes to the same, knot by knot and as a whole', async () => {
    const capsule = await capsuleOf(greetings, { count: 2 }, { approval: { by: 'Ada' } });
    await expectRun(capsule).toReproduce({ tapestry: greetings });
    await expectRun(capsule).toReproduce({ tapestry: greetings, by: 'run' });
  });

  test.each(['knot', 'run'] as const)('names the first knot that differs, and where (by %s)', async (by) => {
    const capsule = await capsuleOf(pipeline(firstEach), { a: 1 });
    const error = await rejectionOf(
      expectRun(capsule).toReproduce({ tapestry: pipeline(otherEach), except: ['clock'], by }),
    );
    expect(error).toMatchObject({
      code: 'RunNotReproduced',
      details: { knot: 'squares[1]', path: '$.square.of' },
    });
    expect(error.message).toContain(
      '"squares[1]": it gave another value: at $.square.of there was 4, and now is 5',
    );
  });

  test('what depends on the clock differs, unless it is excepted', async () => {
    const capsule = await capsuleOf(pipeline(firstEach), { a: 1 });
    const tapestry = pipeline(firstEach);
    expect(await rejectionOf(expectRun(capsule).toReproduce({ tapestry }))).toMatchObject({
      code: 'RunNotReproduced',
      details: { knots: ['clock'], path: '$.at' },
    });
    await expectRun(capsule).toReproduce({ tapestry, except: ['clock'] });
  });

  test('refuses what proves nothing', async () => {
    const capsule = await capsuleOf(pipeline(firstEach), { a: 1 });
    const tapestry = pipeline(firstEach);
    expect(await rejectionOf(expectRun(capsule).toReproduce({ tapestry, except: ['clok'] }))).toMatchObject({
      code: 'UnknownKnot',
    });
    const except = ['clock', 'end', 'list', 'squares'];
    expect(await rejectionOf(expectRun(capsule).toReproduce({ tapestry, except }))).toMatchObject({
      code: 'RunNotReproduced',
    });
    expect(await rejectionOf(expectRun('missing.html').toReproduce({ tapestry }))).toMatchObject({
      code: 'FileNotFound',
    });
  });
});
