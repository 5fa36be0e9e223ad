import { z } from 'zod';
import { knot, local, map, queue, sleep, subTapestry, tapestry, type Dispatcher } from '../../../src';
import type { Selvage } from '../../../src/client';
import { Calls } from '../../support/calls';
import { loseRecords, type Loss } from '../../support/lose-records';
import { selvageForAll } from '../../support/open-selvage';

/** What is lost while the knot `late` runs, which is there for that. */
let loss: Loss;
const calls = new Calls();

const double = knot('double', ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  return x * 2;
});
/** Large enough that its value travels by reference. */
const text = knot('text', ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  return 'x'.repeat(4_000) + String(x);
});
const late = knot('late', async ({ x }: { x: number; after?: unknown }, ctx) => {
  calls.note(ctx);
  if (calls.of(ctx.runId).filter((id) => id === ctx.knotId).length === 1)
    await loseRecords(selvage().backends, ctx.runId, loss);
  return x + 1;
});
const length = knot('length', ({ of, x }: { of: string; x: number }) => of.length + x);

const chain = (name: string, dispatcher: Dispatcher) =>
  tapestry(name, { parameters: { x: z.number() } }, (_t, { x }) => {
    const a = double({ x }, { id: 'a', dispatcher });
    const b = double({ x: a }, { id: 'b', dispatcher });
    return { c: late({ x: b }, { id: 'c', dispatcher }) };
  });
const CHAINS = [chain('lost-activities', queue()), chain('lost-segment', local())];

const ofText = tapestry(
  'lost-of-text',
  { parameters: { of: z.string(), x: z.number() } },
  (_t, { of, x }) => ({
    n: length({ of, x }, { id: 'n' }),
  }),
);
const byReference = tapestry('lost-by-reference', { parameters: { x: z.number() } }, (_t, { x }) => {
  const of = text({ x }, { id: 'text' });
  const after = late({ x, after: of }, { id: 'late' });
  const nested = subTapestry({ tapestry: ofText, inputs: { of, x: after } }, { id: 'nested' });
  return { n: length({ of, x: after }, { id: 'n' }), nested };
});

const list = knot('list', ({ x }: { x: number }) => Array.from({ length: x }, (_, index) => index));
/** The last element loses what the others have come to. */
const element = knot('element', async ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  const isFirst = calls.of(ctx.runId).filter((id) => id === ctx.knotId).length === 1;
  if (x === 3 && isFirst) await loseRecords(selvage().backends, ctx.runId, loss);
  return x * 2;
});
const elements = (batch?: number) =>
  tapestry(`lost-elements-${batch ?? 1}`, { parameters: { x: z.number() } }, (_t, { x }) => {
    const over = list({ x }, { id: 'list' });
    const options = { over, each: element, bind: 'x', concurrency: 1, ...(batch && { batch }) } as const;
    const all = map(options, { id: 'all' });
    return { last: late({ x, after: all }, { id: 'late' }), all };
  });
const MAPS = [elements(), elements(2)];

const inner = tapestry('lost-inner', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: double({ x }, { id: 'y' }),
}));
const outer = tapestry('lost-outer', { parameters: { x: z.number() } }, (_t, { x }) => {
  const nested = subTapestry({ tapestry: inner, inputs: { x } }, { id: 'nested' });
  return { nested, last: late({ x, after: nested }, { id: 'late' }) };
});

const both = tapestry(
  'lost-both',
  { parameters: { x: z.number(), after: z.number() } },
  (_t, { x, after }) => ({
    y: length({ of: text({ x }, { id: 'text' }), x: after }, { id: 'y' }),
  }),
);
const breaks = knot('breaks', async ({ after }: { after: number }, ctx) => {
  calls.note(ctx);
  if (isBroken) throw new Error('broken');
  await loseRecords(selvage().backends, ctx.runId, loss);
  return after;
});
let isBroken = false;
/** What a resumed run takes over is found by its record. */
const taken = tapestry('lost-taken-over', { parameters: { x: z.number() } }, (_t, { x }) => {
  const a = double({ x }, { id: 'a' });
  const after = breaks({ after: late({ x, after: a }, { id: 'late' }) }, { id: 'after' });
  const nested = subTapestry({ tapestry: both, inputs: { x: a, after } }, { id: 'nested' });
  return { nested, nap: sleep({ ms: a, input: after }, { id: 'nap' }) };
});

const selvage: () => Selvage = selvageForAll({ tapestries: [...CHAINS, ...MAPS, byReference, outer, taken] });

test.each(CHAINS)('a run whose history lost records makes them again: $name', async (work) => {
  loss = { knots: ['a', 'param:x'] };
  const run = await selvage().start(work, { x: 5 });
  expect(await run.result()).toMatchObject({
    status: 'succeeded',
    outputs: { 'param:x': 5, a: 10, b: 20, c: 21 },
  });
  expect(calls.of(run.runId).filter((id) => id === 'a').length).toBeGreaterThan(1);
});

test('a run whose own record and plan were lost has them again', async () => {
  loss = { knots: ['a', 'param:x'], run: true, plans: true };
  const run = await selvage().start(CHAINS[0]!, { x: 5 });
  expect(await run.result()).toMatchObject({ status: 'succeeded', outputs: { a: 10, b: 20, c: 21 } });
  const { run: record } = await run.status();
  expect(record).toMatchObject({ tapestry: 'lost-activities', parameter_hashes: { x: expect.any(String) } });
});

test('a knot or a nested run that needs a value that was lost waits until it was made again', async () => {
  loss = { knots: ['text'] };
  const run = await selvage().start(byReference, { x: 7 });
  expect(await run.values()).toEqual({ n: 4_009, nested: { n: 4_009 } });
  expect(calls.of(run.runId).filter((id) => id === 'text')).toHaveLength(2);
});

test.each(MAPS)('elements whose records were lost run again, and none has failed: $name', async (work) => {
  loss = { knots: ['all['] };
  const run = await selvage().start(work, { x: 4 });
  // Once while the map runs, and once when it has ended.
  expect(await run.values()).toEqual({ last: 5, all: [0, 2, 4, 6] });
  const { items } = await selvage().backends.runHistory.findLineage({ runId: run.runId, limit: 100 });
  expect(items.map(({ knot_id, outcome }) => [knot_id, outcome]).sort()).toEqual(
    ['all', ...[0, 1, 2, 3].map((n) => `all[${n}]`), 'late', 'list', 'param:x'].map((id) => [id, 'ok']),
  );
});

test('what a run of its own or a wait needs is made again where it was lost', async () => {
  loss = {};
  isBroken = true;
  const broken = await selvage().start(taken, { x: 5 });
  await broken.result();
  isBroken = false;
  loss = { knots: ['a'] };
  const run = await selvage().resume(broken.runId);
  expect(await run.values()).toEqual({ nested: { y: 4_008 }, nap: 6 });
});

test('a run that a knot has started stays, though the knot has lost its record', async () => {
  loss = { knots: ['nested'] };
  const run = await selvage().start(outer, { x: 4 });
  expect(await run.values()).toEqual({ nested: { y: 8 }, last: 5 });
  expect(await run.lineage({ knotId: 'nested' })).toMatchObject([{ outcome: 'ok' }]);
});

test.each<[string, Loss, string]>([
  ['the record of a knot', { knots: ['b'] }, 'failed'],
  ['its own record', { run: true }, 'succeeded'],
  ['all of it', { run: true, knots: ['param:x', 'a', 'b', 'c'] }, 'failed'],
])(
  'a run that was over when its history lost %s says so where that is not all there',
  async (_, lost, status) => {
    loss = {};
    const run = await selvage().start(CHAINS[0]!, { x: 5 });
    await run.values();
    await loseRecords(selvage().backends, run.runId, { ...lost, end: true });
    const result = await selvage().getRun(run.runId).result();
    expect(result.status).toBe(status);
    if (status === 'succeeded') return;
    expect(result.error).toMatchObject({
      type: 'HistoryLost',
      message: expect.stringMatching(
        /has this run as succeeded; the history lost records after \d{4}-.*selvage resume/,
      ),
    });
  },
);
