import { z } from 'zod';
import {
  aggregate,
  fragment,
  knot,
  local,
  loop,
  map,
  runLocally,
  subTapestry,
  tapestry,
  waitForSignal,
} from '../../../src';
import { simulate, type Simulation } from '../../../src/testing';
import type { CommitResult, LineageRecord } from '../../../src/ports';
import { REAL_PARTS } from '../../../src/testing/simulator/parts';
import { simulateWith } from '../../../src/testing/simulator/simulate';
import { SimulatedStore } from '../../../src/testing/simulator/store';
import { rejectionOf } from '../../support/rejection-of';

const numbers = knot('numbers', ({ count }: { count: number }) =>
  Array.from({ length: count }, (_, place) => place),
);
const double = knot('double', ({ x }: { x: number }) => 2 * x);
const fussy = knot('fussy', ({ x }: { x: number }): number => {
  if (x === 1) throw new Error('not one');
  return x;
});
const sum = (given: { all: readonly number[] }): number => given.all.reduce((total, x) => total + x, 0);

/** What a simulated run comes to, beside what it comes to in process. */
async function hashesInProcess(
  work: Parameters<typeof runLocally>[0],
  options: Parameters<typeof runLocally>[2] = {},
): Promise<Record<string, string | null>> {
  const { lineage, outcomes } = await runLocally(work, {}, options);
  const own = lineage.filter(({ knot_id }) => Object.hasOwn(outcomes, knot_id));
  return Object.fromEntries(own.map(({ knot_id, output_hash }) => [knot_id, output_hash]));
}

function hashesIn({ outcomes }: Simulation): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(outcomes!).map(([id, outcome]) => [id, outcome.kind === 'ok' ? outcome.hash : null]),
  );
}

const everyBlow = { cancel: true, schedules: 1_500 } as const;

test('an element whose body is not repeatable is found, and named', async () => {
  const counting = knot('counting', ({ x }: { x: number }, ctx) => {
    const seen = ctx.resources['seen'] as number[];
    if (x === 1) seen.push(x);
    return x + seen.length;
  });
  const work = tapestry('work', () => {
    map(
      { over: numbers({ count: 3 }, { id: 'list' }), each: counting, bind: 'x', concurrency: 1 },
      { id: 'counted' },
    );
  });
  const options = { parameters: {}, resources: () => ({ seen: [] }) };
  const error = await rejectionOf(simulate(work, options));
  expect(error).toMatchObject({
    code: 'BodyNotDeterministic',
    details: { knot: 'counted[1]', schedule: 'kill@return:counted[1]' },
  });
  expect(await rejectionOf(simulate(work, { ...options, schedule: 'kill@return:counted[1]' }))).toMatchObject(
    {
      details: { knot: 'counted[1]' },
    },
  );
});

describe('runs of knots', () => {
  const shape = tapestry('shape', { parameters: { x: z.number() } }, (_t, { x }) => {
    const all = map({ over: numbers({ count: x }, { id: 'list' }), each: double, bind: 'x' }, { id: 'all' });
    const answer = waitForSignal('answer', z.number(), { id: 'answer', after: [all], timeout: 1_000 });
    return {
      total: aggregate({ inputs: { all }, combine: sum }, { id: 'total', dispatcher: local() }),
      answer,
    };
  });
  const failing = tapestry('failing', { parameters: { x: z.number() } }, (_t, { x }) => ({
    y: fussy({ x }, { id: 'fussy' }),
  }));
  const growing = tapestry('growing', { parameters: { n: z.number() } }, (_t, { n }) => ({
    n: double({ x: n }, { id: 'twice' }),
  }));
  const outer = tapestry('outer', { parameters: { x: z.number() } }, (_t, { x }) => ({
    inner: subTapestry({ tapestry: shape, inputs: { x } }, { id: 'inner' }),
  }));
  const nesting = tapestry('nesting', () => {
    const two = double({ x: 1 }, { id: 'two' });
    subTapestry({ tapestry: outer, inputs: { x: two } }, { id: 'deep' });
    subTapestry({ tapestry: failing, inputs: { x: 1 } }, { id: 'lost' });
    subTapestry({ tapestry: failing, inputs: { x: double({ x: 1 }, { id: 'x' }) } }, { id: 'kept' });
    const wrong = aggregate({ inputs: { two }, combine: () => 'two' }, { id: 'wrong' });
    subTapestry({ tapestry: failing, inputs: { x: wrong as never } }, { id: 'refused' });
    loop({ step: growing, initial: { n: two }, until: ({ n }) => n > 20, max: 9 }, { id: 'grown' });
    loop(
      { step: growing, initial: { n: two }, until: ({ n }) => n > 20, max: 2 },
      { id: 'endless', retry: { maximumAttempts: 2 } },
    );
  });
  const signals = { answer: 5 };

  test('survive every blow, on all levels', async () => {
    const levels = tapestry('levels', () => {
      const two = double({ x: 1 }, { id: 'two', retry: { maximumAttempts: 2 } });
      subTapestry({ tapestry: outer, inputs: { x: two } }, { id: 'deep' });
      loop({ step: growing, initial: { n: two }, until: ({ n }) => n > 20, max: 9 }, { id: 'grown' });
    });
    const { everywhere, blows } = await simulate(levels, { ...everyBlow, losses: true, schedules: 1_500 });
    expect(everywhere).toBe(true);
    expect(Object.entries(blows).filter(([, count]) => count === 0)).toEqual([]);
  });

  test('a loop that begins anew hears of a cancel before it could continue as new', async () => {
    const looping = tapestry('looping', () => {
      const two = double({ x: 1 }, { id: 'two' });
      loop({ step: growing, initial: { n: two }, until: ({ n }) => n > 20, max: 9 }, { id: 'grown' });
    });
    const schedule = 'cancel@answer:grown suggest@deliver:grown suggest@start:grown';
    expect(await simulate(looping, { cancel: true, schedule })).toMatchObject({ schedules: 2 });
  });

  test('come to what they come to in process', async () => {
    const simulated = await simulate(nesting, { parameters: {}, signals, cancel: true, schedules: 200 });
    expect(hashesIn(simulated)).toEqual(await hashesInProcess(nesting, { signals }));
    expect(simulated.outcomes).toMatchObject({
      lost: { kind: 'err', type: 'SubRunFailed', message: expect.stringContaining('not one') },
      refused: { kind: 'err', type: 'SubRunFailed', message: expect.stringContaining('cannot start') },
      endless: { kind: 'err', type: 'LoopLimit' },
    });
  });

  test('are replaced, whole or by knot, as in process', async () => {
    const replace = { deep: () => 7, 'kept/fussy': () => 3 };
    const simulated = await simulate(nesting, { parameters: {}, replace, schedules: 100 });
    expect(hashesIn(simulated)).toEqual(await hashesInProcess(nesting, { replace }));
  });

  test('are named in schedules', async () => {
    const schedule = 'fail:grown#2/twice kill@return:deep#1/inner#1/all[1] evict@tell:deep#1/inner#1/all';
    expect(await simulate(nesting, { schedule })).toMatchObject({ blows: { kill: 1, evict: 1 } });
    const unknown = simulate(nesting, { schedule: 'kill@return:deep#1/inner#1/nobody' });
    expect(await rejectionOf(unknown)).toMatchObject({ code: 'InvalidConfig' });
  });
});

describe('a defect below the knots of the tapestry is found:', () => {
  const isElement = (id: string): boolean => id.startsWith('mapped[');
  const work = tapestry('work', () => {
    const list = numbers({ count: 3 }, { id: 'list' });
    map({ over: list, each: double, bind: 'x' }, { id: 'mapped' });
  });

  test('elements are recorded twice', async () => {
    class ElementsTwice extends SimulatedStore {
      override insert(record: LineageRecord): CommitResult {
        if (!isElement(record.knot_id)) return super.insert(record);
        this.replace(record);
        return { inserted: true, record };
      }
    }
    const parts = { ...REAL_PARTS, createStore: () => new ElementsTwice() };
    expect(await rejectionOf(simulateWith(parts, work, {}))).toMatchObject({
      code: 'SimulationFailed',
      details: { violation: 'two records', schedule: expect.stringMatching(/^giveUp@return:mapped\[\d\]$/) },
    });
  });

  test('an element is run again when it is on record', async () => {
    class WithoutElements extends SimulatedStore {
      override lookUp(run: string, knot: string): LineageRecord | undefined {
        return isElement(knot) ? undefined : super.lookUp(run, knot);
      }
    }
    const parts = { ...REAL_PARTS, createStore: () => new WithoutElements() };
    expect(await rejectionOf(simulateWith(parts, work, {}))).toMatchObject({
      details: { violation: 'ran again', schedule: expect.stringMatching(/^kill@answer:mapped\[\d\]$/) },
    });
  });
});

describe('bodies that extend their run', () => {
  const options = { extensible: { definitions: [double] } };
  const extending = knot('extending', ({ id, x }: { id: string; x: number }, ctx) => {
    const to = ctx.resources['to'] as undefined | (() => string);
    ctx.extend(fragment((f) => void double({ x: f.ref<number>('two') }, { id: to ? to() : `${id}-more` })));
    return x;
  });

  test('come to the same under every blow, whoever is first', async () => {
    const work = tapestry('work', options, () => {
      const two = double({ x: 1 }, { id: 'two' });
      extending({ x: two, id: 'a' }, { id: 'a' });
      extending({ x: two, id: 'b' }, { id: 'b', retry: { maximumAttempts: 2 } });
    });
    const simulated = await simulate(work, { parameters: {}, cancel: true, schedules: 600 });
    expect(simulated).toMatchObject({ everywhere: true, outcomes: { 'a-more': {}, 'b-more': {} } });
    expect(hashesIn(simulated)).toEqual(await hashesInProcess(work));
    const schedule = 'kill@return:b-more delay@deliver:a';
    expect(await simulate(work, { parameters: {}, schedule })).toMatchObject({
      blows: { kill: 1, delay: 1 },
    });
  });

  test('where they say something else when they run again, it is found', async () => {
    const work = tapestry('work', options, () => {
      extending({ x: double({ x: 1 }, { id: 'two' }), id: 'a' }, { id: 'a' });
    });
    const resources = (): object => {
      let calls = 0;
      return { to: () => `more-${(calls += 1)}` };
    };
    const error = await rejectionOf(simulate(work, { parameters: {}, resources: resources as never }));
    expect(error).toMatchObject({
      code: 'BodyNotDeterministic',
      details: { knot: 'a', schedule: 'kill@return:a' },
    });
  });

  test('where two bring knots of one id, it is told', async () => {
    const rival = knot('rival', ({ x }: { x: number }, ctx) => {
      ctx.extend(fragment(() => void double({ x }, { id: 'more' })));
      return x;
    });
    const work = tapestry('work', options, () => {
      rival({ x: 1 }, { id: 'a' });
      rival({ x: 2 }, { id: 'b' });
    });
    const error = await rejectionOf(simulate(work, { parameters: {} }));
    expect(error).toMatchObject({
      code: 'BodyNotDeterministic',
      details: { violation: 'extension refused' },
    });
    expect(error.message).toContain('has extended the run by what cannot be added');
  });
});

describe('limits and reuse', () => {
  test('no more bodies run at once than a limit allows', async () => {
    const limited = knot('limited', ({ x }: { x: number }) => x);
    const work = tapestry('work', () => {
      const config = { maxConcurrent: { key: 'two', limit: 2 } };
      for (const x of [1, 2, 3, 4]) limited({ x }, { id: `k${x}`, ...config });
      map(
        { over: numbers({ count: 4 }, { id: 'list' }), each: limited, bind: 'x' },
        { id: 'mapped', ...config },
      );
    });
    const { everywhere } = await simulate(work, { ...everyBlow, schedules: 1_000 });
    expect(everywhere).toBe(true);
    const simulated = await simulate(work, { parameters: {}, cancel: true, schedules: 300 });
    expect(hashesIn(simulated)).toEqual(await hashesInProcess(work));
  });

  test('who finds no place of its limit waits until another has left it', async () => {
    const calls: string[] = [];
    const called = knot('called', (_: object, ctx) => calls.push(ctx.knotId) * 0);
    const work = tapestry('work', () => {
      const config = { maxConcurrent: { key: 'one', limit: 1 } };
      called({}, { id: 'first', ...config });
      called({}, { id: 'second', ...config });
      called({}, { id: 'free' });
    });
    await simulate(work, { parameters: {}, schedule: '' });
    expect(calls.slice(0, 3)).toEqual(['first', 'free', 'second']);
  });

  test('a value is made once for all that ask for the same', async () => {
    const body = jest.fn(({ x }: { x: number }) => x);
    const reused = knot('reused', { version: '1', cache: true }, body);
    const work = tapestry('work', () => {
      const same = double({ x: 2 }, { id: 'same' });
      reused({ x: double({ x: 2 }, { id: 'x' }) }, { id: 'a' });
      reused({ x: same }, { id: 'b' });
      reused({ x: same }, { id: 'c', dispatcher: local() });
    });
    await simulate(work, { parameters: {}, schedule: '', segments: false });
    // The run without blows calls it three times.
    expect(body).toHaveBeenCalledTimes(3);
    await simulate(work, { ...everyBlow });
    const simulated = await simulate(work, { parameters: {}, cancel: true, schedules: 300 });
    expect(hashesIn(simulated)).toEqual(await hashesInProcess(work));
  });
});
