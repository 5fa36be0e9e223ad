import { z } from 'zod';
import { hashText } from '../../../src/values';
import { createInMemoryBackends } from '../../../src/backends';
import {
  aggregate,
  branch,
  firstOk,
  isErr,
  isOk,
  isSkipped,
  knot,
  map,
  runLocally,
  tapestry,
  type LoggerLike,
  type Outcome,
} from '../../../src';
import { Crowd } from '../../support/crowd';
import { rejectionOf } from '../../support/rejection-of';
import { refusal } from '../../support/refusal';

const double = knot('double', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x * 2);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);

const quickstart = tapestry('quickstart', (t) => {
  const x = t.parameter('x', z.number());
  const d = double({ x }, { id: 'd' });
  const answer = add({ a: x, b: d }, { id: 'answer' });
  return { answer };
});

const failing = knot('failing', (_: { x?: number }) => {
  throw new RangeError('out of range');
});

/** `broken` fails, `behind` waits for it, and `beside` has nothing to do with them. */
const halfBroken = tapestry('half-broken', (t) => {
  const x = t.parameter('x', z.number());
  const broken = failing({ x }, { id: 'broken' });
  const behind = double({ x: broken }, { id: 'behind' });
  const beside = double({ x }, { id: 'beside' });
  return { behind, beside };
});

describe('a run in which all goes well', () => {
  test('has the values of the terminals, and outputs and outcomes of all knots in the order of the plan', async () => {
    const result = await runLocally(quickstart, { x: 5 });
    expect(result).toMatchObject({ status: 'succeeded', succeeded: true, values: { answer: 15 } });
    expect(result.outputs).toEqual({ 'param:x': 5, d: 10, answer: 15 });
    expect(Object.keys(result.outputs)).toEqual(['param:x', 'd', 'answer']);
    expect(result.outcomes['answer']).toEqual({ kind: 'ok', value: 15 });
  });

  test('has an id of its own, or the one that was given', async () => {
    const [one, other] = await Promise.all([
      runLocally(quickstart, { x: 1 }),
      runLocally(quickstart, { x: 1 }),
    ]);
    expect(one.runId).not.toBe(other.runId);
    expect((await runLocally(quickstart, { x: 1 }, { runId: 'mine' })).runId).toBe('mine');
  });

  test('may have the id of an earlier one: the records of both are kept', async () => {
    const backends = createInMemoryBackends();
    await runLocally(quickstart, { x: 1 }, { runId: 'again', backends });
    const second = await runLocally(quickstart, { x: 2 }, { runId: 'again', backends });
    const { items } = await backends.runHistory.findLineage({ runId: 'again', knotId: 'answer' });
    expect(items).toHaveLength(2);
    expect(items.map((record) => record.output_hash)).toContain(hashText('6'));
    expect(second.values).toEqual({ answer: 6 });
  });
});

test('firstOk takes the first alternative with a value, and is skipped where all of them were', async () => {
  const chooses = tapestry('chooses', (t) => {
    const way = branch(
      {
        input: t.parameter('x', z.number()),
        branches: ['left', 'middle', 'right'],
        selector: () => 'right' as const,
      },
      { id: 'way' },
    );
    const [left, middle, right] = [way.path('left'), way.path('middle'), way.path('right')];
    firstOk({ of: [left, right] }, { id: 'either' });
    firstOk({ of: [left, middle] }, { id: 'neither' });
  });
  const { outcomes } = await runLocally(chooses, { x: 7 });
  expect(outcomes).toMatchObject({
    either: { kind: 'ok', value: 7 },
    neither: { kind: 'skipped', reason: 'no_alternative' },
  });
});

test('outcomes are told apart by guards', async () => {
  const { outcomes } = await runLocally(halfBroken, { x: 4 });
  const told = (outcome: Outcome | undefined) => [isOk(outcome), isErr(outcome), isSkipped(outcome)];
  for (const outcome of Object.values(outcomes)) {
    expect(told(outcome)).toEqual(['ok', 'err', 'skipped'].map((kind) => outcome.kind === kind));
  }
  expect(told(outcomes['nobody'])).toEqual([false, false, false]);
});

describe('a run in which a knot fails', () => {
  test('resolves, with the error, what was skipped for it, and what went well beside it', async () => {
    const result = await runLocally(halfBroken, { x: 4 });
    expect(result).toMatchObject({ status: 'failed', succeeded: false, values: { beside: 8 } });
    expect(result.values).not.toHaveProperty('behind');
    expect(result.outcomes).toMatchObject({
      broken: { kind: 'err', error: { type: 'RangeError', message: 'out of range', attempt: 1 } },
      behind: {
        kind: 'skipped',
        reason: 'parent_failed_or_skipped',
        detail: { anyErr: true, anySkipped: false, parents: ['broken'] },
      },
      beside: { kind: 'ok', value: 8 },
    });
    expect(Object.keys(result.outputs)).toEqual(['param:x', 'beside']);
  });

  test('says whether the inputs or the result of a body do not satisfy its schema, and names the knot', async () => {
    const liar = knot('liar', { output: z.number() }, () => 'a text' as never);
    const checks = tapestry('checks', (t) => {
      const text = t.parameter('text', z.any());
      double({ x: text }, { id: 'wrong-input' });
      liar({}, { id: 'wrong-output' });
    });
    const { outcomes } = await runLocally(checks, { text: 'no number' });
    expect(outcomes['wrong-input']).toMatchObject({ kind: 'err', error: { type: 'InvalidInput' } });
    expect(outcomes['wrong-output']).toMatchObject({ kind: 'err', error: { type: 'InvalidOutput' } });
    expect(outcomes['wrong-output']).toHaveProperty(
      'error.message',
      expect.stringContaining('"wrong-output"'),
    );
  });

  test('names the part of a result that has no encoding', async () => {
    const leaky = knot('leaky', (): unknown => ({ rows: [1, () => 2] }));
    const { outcomes } = await runLocally(
      tapestry('leaks', () => void leaky({}, { id: 'leak' })),
      {},
    );
    expect(outcomes['leak']).toMatchObject({ kind: 'err', error: { type: 'NotEncodable' } });
    expect(outcomes['leak']).toHaveProperty('error.message', expect.stringContaining('rows[1]'));
  });
});

describe('parameters', () => {
  const withDefaults = tapestry('with-defaults', (t) => {
    const from = t.parameter('from', z.number());
    const step = t.parameter('step', z.number(), { default: 10 });
    return { sum: add({ a: from, b: step }, { id: 'sum' }) };
  });

  test('a default holds where nothing is given, also where undefined is', async () => {
    expect((await runLocally(withDefaults, { from: 1 })).values).toEqual({ sum: 11 });
    expect((await runLocally(withDefaults, { from: 1, step: undefined })).values).toEqual({ sum: 11 });
    expect((await runLocally(withDefaults, { from: 1, step: 2 })).values).toEqual({ sum: 3 });
  });

  test('all that is wrong is said at once, and nothing runs', async () => {
    const ran = jest.fn();
    expect(
      await rejectionOf(runLocally(withDefaults, { step: 'two', stepp: 1 }, { replace: { sum: ran } })),
    ).toMatchObject(
      refusal('InvalidParameters', /unknown parameter "stepp".*missing parameter "from".*parameter "step"/),
    );
    expect(ran).not.toHaveBeenCalled();
  });
});

test('a tapestry of parameters alone runs, and yields those that it returns', async () => {
  const only = tapestry('only', (t) => ({ x: t.parameter('x', z.number()) }));
  const declared = tapestry('declared', { parameters: { x: z.number() } }, () => undefined);
  expect(await runLocally(only, { x: 5 })).toMatchObject({ status: 'succeeded', values: { x: 5 } });
  expect(await runLocally(declared, { x: 5 })).toMatchObject({
    status: 'succeeded',
    values: {},
    outputs: { 'param:x': 5 },
  });
});

describe('validate: false', () => {
  const input = z.object({ x: z.int().transform((x) => x + 1) });
  const output = z.object({ sum: z.number() });
  const strict = knot('strict', { input, output, version: '1' }, ({ x }) => ({ sum: x, more: 'kept' }));
  const trusting = tapestry('trusting', () => ({
    checked: strict({ x: 1 }, { id: 'checked', cache: true }),
    unchecked: strict({ x: 1 }, { id: 'unchecked', validate: false, cache: true }),
    wrong: strict({ x: 'one' as never }, { id: 'wrong', validate: false }),
    each: map(
      {
        over: aggregate(
          { inputs: { one: strict({ x: 0 }, { id: 'zero' }) }, combine: () => [1, 2] },
          { id: 'list' },
        ),
        each: strict,
        bind: 'x',
      },
      { id: 'each', validate: false },
    ),
  }));

  test('the body gets its inputs as they come, and what it returns is the value', async () => {
    const { values } = await runLocally(trusting, {});
    expect(values).toEqual({
      checked: { sum: 2 },
      unchecked: { sum: 1, more: 'kept' },
      wrong: { sum: 'one', more: 'kept' },
      each: [
        { sum: 1, more: 'kept' },
        { sum: 2, more: 'kept' },
      ],
    });
  });

  test('it is another knot in the plan, and what one has made is not taken for the other', async () => {
    const { lineage } = await runLocally(trusting, {});
    const [checked, unchecked] = ['checked', 'unchecked'].map((id) =>
      lineage.find((record) => record.knot_id === id),
    );
    expect(unchecked!.knot_config_hash).not.toBe(checked!.knot_config_hash);
    expect(unchecked!.cache_key).not.toBe(checked!.cache_key);
  });
});

describe('replace', () => {
  test('puts another body in the place of a knot or of all knots of a definition, under the same schemas', async () => {
    const byName = await runLocally(quickstart, { x: 5 }, { replace: { double: () => 100 } });
    expect(byName.outputs).toEqual({ 'param:x': 5, d: 100, answer: 105 });
    const byId = await runLocally(quickstart, { x: 5 }, { replace: { answer: () => 'fake' } });
    expect(byId.outputs).toMatchObject({ d: 10, answer: 'fake' });
    const illTyped = await runLocally(quickstart, { x: 5 }, { replace: { d: () => 'no number' } });
    expect(illTyped.outcomes['d']).toMatchObject({ kind: 'err', error: { type: 'InvalidOutput' } });
  });

  test('the lineage names the code that ran', async () => {
    const real = await runLocally(quickstart, { x: 5 });
    const faked = await runLocally(quickstart, { x: 5 }, { replace: { d: ({ x }: { x: number }) => x + x } });
    const codeOf = (run: typeof real) => run.lineage.find((record) => record.knot_id === 'd')!.code_hash;
    expect(codeOf(faked)).not.toBe(codeOf(real));
    expect(faked.outputs).toEqual(real.outputs);
  });

  test('refuses a name that there is not', async () => {
    const error = await rejectionOf(runLocally(quickstart, { x: 5 }, { replace: { dobule: () => 1 } }));
    expect(error).toMatchObject(refusal('UnknownKnot', '"dobule"'));
    expect(error.message).toContain('double');
  });
});

describe('terminals', () => {
  test('only what they need runs, and values are by their names', async () => {
    const chosen = await runLocally(halfBroken, { x: 4 }, { terminals: ['beside'] });
    expect(chosen.status).toBe('succeeded');
    expect(Object.keys(chosen.outcomes)).toEqual(['param:x', 'beside']);
    expect(chosen.values).toEqual({ beside: 8 });
    expect((await runLocally(quickstart, { x: 5 }, { terminals: ['d'] })).values).toEqual({ d: 10 });
  });

  test('a parameter that none of them needs may be missing', async () => {
    const halves = tapestry('halves', (t) => ({
      a: double({ x: t.parameter('x', z.number()) }, { id: 'a' }),
      b: double({ x: t.parameter('y', z.number()) }, { id: 'b' }),
    }));
    expect((await runLocally(halves, { x: 4 }, { terminals: ['a'] })).values).toEqual({ a: 8 });
    expect(await rejectionOf(runLocally(halves, { x: 4 }))).toMatchObject(
      refusal('InvalidParameters', 'missing parameter "y"'),
    );
    expect(await rejectionOf(runLocally(halves, { x: 4, y: 'no' }, { terminals: ['a'] }))).toMatchObject(
      refusal('InvalidParameters', 'parameter "y"'),
    );
  });

  test.each([[[]], [['beside', 'nowhere']]])('%j is refused', async (terminals) => {
    const error = await rejectionOf(runLocally(halfBroken, { x: 4 }, { terminals }));
    expect(error.code).toBe('UnknownTerminal');
  });
});

test('bodies get the resources and the logger of the run, and know where they are', async () => {
  const seen: unknown[] = [];
  const logger: LoggerLike = {
    debug() {},
    info: (fields, message) => seen.push([fields, message]),
    warn() {},
    error() {},
  };
  const look = knot('look', (_: object, ctx) => {
    ctx.logger.info('looking', { at: ctx.knotId });
    ctx.logger.info({ at: 2 }, 'looking on');
    ctx.logger.info(new TypeError('lost'));
    return [ctx.runId, ctx.knotId, ctx.attempt, ctx.resources['db'].name, ctx.signal.aborted];
  });
  const { values } = await runLocally(
    tapestry('looks', () => ({ look: look({}, { id: 'here' }) })),
    {},
    { runId: 'run-7', resources: { db: { name: 'books' } }, logger },
  );
  expect(values.look).toEqual(['run-7', 'here', 1, 'books', false]);
  expect(seen).toEqual([
    [{ at: 'here' }, 'looking'],
    [{ at: 2 }, 'looking on'],
    [{ err: new TypeError('lost') }, 'lost'],
  ]);
});

test('a knot of 600 parents gets all of them', async () => {
  const one = knot('one', ({ value }: { value: number }) => value);
  const total = knot('total', (inputs: Record<string, number>) =>
    Object.values(inputs).reduce((sum, value) => sum + value, 0),
  );
  const wide = tapestry('wide', () => {
    const parents = Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [`p${i}`, one({ value: i }, { id: `one-${i}` })]),
    );
    return { total: total(parents, { id: 'total' }) };
  });
  const { values, outcomes } = await runLocally(wide, {}, { concurrency: 7 });
  expect(values).toEqual({ total: (599 * 600) / 2 });
  expect(Object.keys(outcomes)).toHaveLength(601);
});

test('no more bodies run at once than `concurrency`', async () => {
  const crowd = new Crowd();
  const busy = knot('busy', (_: { n: number }) => crowd.join());
  const many = tapestry('many', () => {
    for (let n = 0; n < 20; n++) busy({ n }, { id: `busy-${n}` });
  });
  await runLocally(many, {}, { concurrency: 3 });
  expect(crowd.most).toBe(3);
});

// How often a body is tried, and when no more, is part of `integration/retries.test.ts`, in process, too.
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
