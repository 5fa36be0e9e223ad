import {
  aggregate,
  branch,
  firstOk,
  fragment,
  knot,
  local,
  loop,
  map,
  sleep,
  subTapestry,
  tapestry,
  waitForSignal,
  waitUntil,
  type Knot,
} from '../../../src';
import { simulate, type SimulateOptions } from '../../../src/testing';
import { z } from 'zod';

/*
 * Runs whose workflow has each of its parts at work. That the simulator finds what is wrong with them is shown by the planted defects of
 * `scripts/tests/planted-defects.js` whose `foundBy` is this file.
 */

const one = knot('one', () => 1);
const double = knot('double', ({ x }: { x: number }) => 2 * x);
const numbers = knot('numbers', () => [1, 2, 3]);
const everything: SimulateOptions = { cancel: true, schedules: 500 };

const twice = tapestry('twice', { parameters: { n: z.number() } }, (_t, { n }) => ({
  n: double({ x: n }, { id: 'twice' }),
}));

test('waits', async () => {
  const work = tapestry('work', () => {
    const answer = waitForSignal('answer', z.number(), { id: 'answer' });
    const slept = sleep({ ms: 1_000, input: one({}, { id: 'first' }) }, { id: 'slept' });
    const due = waitUntil({ time: 5_000_000, input: slept }, { id: 'due' });
    const late = waitForSignal('late', z.number(), { id: 'late', timeout: 2_000 });
    double(
      { x: aggregate({ inputs: { answer, due, late }, combine: () => 1 }, { id: 'all' }) },
      { id: 'last' },
    );
  });
  await simulate(work, everything);
});

test('child runs', async () => {
  const work = tapestry('work', () => {
    const first = one({}, { id: 'first' });
    const inner = subTapestry({ tapestry: twice, inputs: { n: first } }, { id: 'inner' });
    const all = map(
      { over: numbers({}, { id: 'list' }), each: double, bind: 'x', concurrency: 2 },
      { id: 'mapped' },
    );
    const grown = loop(
      { step: twice, initial: { n: first }, until: ({ n }) => n > 20, max: 9 },
      { id: 'grown' },
    );
    aggregate({ inputs: { all, inner, grown }, combine: () => 1 }, { id: 'end' });
  });
  await simulate(work, { ...everything, schedules: 1_000 });
  // A run that is about to continue as new is cancelled in the same task: it waits for its child runs, as ever.
  const cancelled = await simulate(work, { schedule: 'suggest@deliver:mapped[0] cancel@tell:mapped' });
  expect(cancelled.blows).toMatchObject({ suggest: 1, cancel: 1 });
  // The next execution has to find out by itself that a child run is gone.
  const terminated = await simulate(work, { schedule: 'continue@deliver:list terminate@tell:inner' });
  expect(terminated.blows).toMatchObject({ continue: 1, terminate: 1 });
});

test('a map of more elements than one history has room for', async () => {
  const many = knot('many', () => Array.from({ length: 1_200 }, (_, place) => place));
  const work = tapestry('work', () => {
    map({ over: many({}, { id: 'list' }), each: double, bind: 'x' }, { id: 'mapped' });
  });
  await simulate(work, { parameters: {}, schedule: '' });
});

test('outcomes that no activity has recorded', async () => {
  const work = tapestry('work', () => {
    const first = one({}, { id: 'first' });
    const second = double({ x: first }, { id: 'second' });
    const third = double({ x: second }, { id: 'third' });
    aggregate({ inputs: { second, third }, combine: () => 1, receives: 'outcomes' }, { id: 'end' });
  });
  await simulate(work, everything);
});

test('a branch that another run has made, in an execution after the first', async () => {
  const work = tapestry('work', () => {
    const input = double({ x: one({}, { id: 'first' }) }, { id: 'input' });
    const chosen = branch({ input, branches: ['a', 'b'], selector: () => 'a' }, { id: 'chosen' });
    double({ x: chosen.path('a') }, { id: 'by-a' });
    double({ x: chosen.path('b') }, { id: 'by-b' });
  });
  const { blows } = await simulate(work, { schedule: 'taken:chosen continue@deliver:first' });
  expect(blows.continue).toBe(1);
});

test('extensions', async () => {
  const extending = knot('extending', ({ x }: { x: number }, ctx) => {
    ctx.extend(fragment((f) => void double({ x: f.ref<number>('first') }, { id: 'more' })));
    return x;
  });
  const work = tapestry('work', { extensible: { definitions: [double] } }, () => {
    extending({ x: one({}, { id: 'first' }) }, { id: 'extending' });
  });
  const { outcomes } = await simulate(work, { ...everything, parameters: {}, schedules: 200 });
  expect(outcomes).toMatchObject({ more: { kind: 'ok' } });
});

test('histories that are full', async () => {
  const work = tapestry('work', () => {
    let x: Knot<number> = one({}, { id: 'k0' });
    for (let place = 1; place < 5; place++) x = double({ x }, { id: `k${place}` });
  });
  await simulate(work, everything);
  // The deadline passes when one execution has ended and the next has not begun.
  const tooLate = await simulate(work, { schedule: 'suggest@deliver:k2 deadline@start:k0#2' });
  expect(tooLate.blows).toMatchObject({ suggest: 1, deadline: 1 });
});

describe('after a loss of records', () => {
  const work = tapestry('diamond', () => {
    const a = one({}, { id: 'a' });
    const b = double({ x: a }, { id: 'b' });
    const c = double({ x: a }, { id: 'c' });
    return { d: aggregate({ inputs: { b, c }, combine: () => 1 }, { id: 'd' }) };
  });

  test('a knot in need of a lost record is dispatched when its parent has run again, not beside it', async () => {
    const { blows } = await simulate(work, { schedule: 'suggest@start:a lose@begin:c' });
    expect(blows).toMatchObject({ suggest: 1, lose: 1 });
  });

  test('a run goes on if a parent fails as it runs again, and a knot below it is lost, too', async () => {
    const schedule = 'lose@begin:b lose@begin:a#2 kill@return:a#2 kill@put:a#2 kill@return:a#3';
    const { blows } = await simulate(work, { schedule });
    expect(blows).toMatchObject({ lose: 2, kill: 3 });
  });

  test('a wait that is over does not conclude if its parent fails as it runs again', async () => {
    const waits = tapestry('waits', () => {
      const a = one({}, { id: 'a' });
      sleep({ ms: 1_000, input: a }, { id: 'slept' });
    });
    const schedule = 'suggest@start:a lose@begin:slept kill@begin:a#2 kill@record:a#2 kill@put:a#2';
    const { blows } = await simulate(waits, { schedule });
    expect(blows).toMatchObject({ lose: 1, kill: 3 });
  });

  test('a branch that runs again in a segment may choose the path that is on record as skipped', async () => {
    const here = { dispatcher: local() };
    const branches = tapestry('branches', () => {
      const chosen = branch(
        { input: one({}, { id: 'a', ...here }), branches: ['left', 'right'], selector: () => 'left' },
        { id: 'chosen', ...here },
      );
      return { left: chosen.path('left'), right: chosen.path('right') };
    });
    for (const path of ['left', 'right']) {
      const schedule = `segments lose@record:chosen:${path}`;
      const { blows } = await simulate(branches, { schedule });
      expect(blows).toMatchObject({ lose: 1 });
    }
  });

  test('a path that was skipped is decided anew with its branch, and not recorded as skipped before', async () => {
    const here = { dispatcher: local() };
    const branches = tapestry('branches', () => {
      let input: Knot<number> = one({}, { id: 'a' });
      for (const id of ['b', 'c', 'd']) input = double({ x: input }, { id });
      const chosen = branch({ input, branches: ['left', 'right'], selector: () => 'left' }, { id: 'chosen' });
      for (const path of ['left', 'right'] as const) {
        const first = firstOk({ of: [chosen.path(path), input] }, { id: `${path}-else`, ...here });
        double({ x: first }, { id: path, ...here });
      }
    });
    const { blows } = await simulate(branches, { schedule: 'segments lose@deliver:left-else' });
    expect(blows).toMatchObject({ lose: 1 });
  });
});
