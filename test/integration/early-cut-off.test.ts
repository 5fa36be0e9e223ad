import { z } from 'zod';

import {
  gate,
  knot,
  local,
  queue,
  runLocally,
  tapestry,
  type Dispatcher,
  type Knot,
  type Tapestry,
} from '../../src';
import { createInMemoryBackends } from '../../src/backends';
import { Calls } from '../support/calls';
import { historyOf, scheduledActivities } from '../support/history';
import { openSelvage, selvageForAll } from '../support/open-selvage';
import { LOW_HISTORY_BUDGET } from '../support/run-limits';

const calls = new Calls();

const parity = knot('parity', ({ x, from }: { x: number; from: number }, ctx) => {
  calls.note(ctx);
  return from + (x % 2);
});
const inc = knot('inc', { version: '1', cache: true }, ({ x }: { x: number }, ctx) => {
  calls.note(ctx);
  return x + 1;
});
const plus = knot('plus', { version: '1', cache: true }, ({ a, b }: { a: number; b: number }, ctx) => {
  calls.note(ctx);
  return a + b;
});
const total = knot('total', { version: '1', cache: true }, (inputs: Record<string, number>, ctx) => {
  calls.note(ctx);
  return Object.values(inputs).reduce((a, b) => a + b, 0);
});

const LENGTH = 30;
const WIDTH = 600;

/** Those of different `from` have no value in common. */
function chain(name: string, from: number, dispatcherOf: (index: number) => Dispatcher) {
  return tapestry(name, (t) => {
    let last: Knot<number> = parity({ x: t.parameter('x', z.number()), from }, { id: 'parity' });
    for (let index = 0; index < LENGTH; index++)
      last = inc({ x: last }, { id: `k${index}`, dispatcher: dispatcherOf(index) });
    return { last };
  });
}
const queued = chain('queued-cut-off', 1_000, () => queue());
const gathered = chain('gathered-cut-off', 2_000, () => local());
const mixed = chain('mixed-cut-off', 3_000, (index) => (index % 3 === 0 ? queue() : local()));

/** One uncached knot, and many of which the last takes all. */
const fan = tapestry('fan-cut-off', (t) => {
  const first = parity({ x: t.parameter('x', z.number()), from: 5_000 }, { id: 'parity' });
  const all = Object.fromEntries(
    Array.from({ length: WIDTH }, (_, index) => [
      `k${index}`,
      plus({ a: first, b: index }, { id: `k${index}` }),
    ]),
  );
  return { sum: total(all, { id: 'sum' }) };
});

/** A gate ends a lookup: what is below it is looked up when it is open. */
const gated = tapestry('gated-cut-off', (t) => {
  const first = parity({ x: t.parameter('x', z.number()), from: 0 }, { id: 'parity' });
  const before = inc({ x: first }, { id: 'before' });
  const open = gate({ input: before, predicate: (value) => value > 0 }, { id: 'gate' });
  const side = inc({ x: 100 }, { id: 'side' });
  return { both: plus({ a: open, b: side }, { id: 'both' }) };
});

const ALL = [queued, gathered, mixed, fan, gated] as unknown as readonly Tapestry[];

const shared = selvageForAll({ tapestries: ALL });

async function activitiesOf(runId: string): Promise<string[]> {
  return scheduledActivities(await historyOf(shared(), runId)).map(({ id }) => id);
}

test.each([
  { chain: queued, from: 1_000 },
  { chain: gathered, from: 2_000 },
  { chain: mixed, from: 3_000 },
])('what gave the same as before lets all below it hit ($chain.name)', async ({ chain, from }) => {
  const selvage = shared();
  const first = await selvage.start(chain, { x: 1 });
  expect(await first.values()).toEqual({ last: from + 1 + LENGTH });
  expect(calls.of(first.runId)).toHaveLength(1 + LENGTH);
  const second = await selvage.start(chain, { x: 3 });
  expect(await second.values()).toEqual({ last: from + 1 + LENGTH });
  expect(calls.of(second.runId)).toEqual(['parity']);
  expect((await activitiesOf(second.runId)).length).toBeLessThanOrEqual(2);
  for (const { knot_id, cached_from_run } of await second.lineage()) {
    expect([knot_id, cached_from_run]).toEqual([knot_id, /^k\d/.test(knot_id) ? first.runId : null]);
  }
  const other = await selvage.start(chain, { x: 2 });
  expect(await other.values()).toEqual({ last: from + LENGTH });
  // What is made of `from` is one more at first, of which all is known.
  expect(calls.of(other.runId)).toEqual(['k0', 'parity']);
});

test('of many at once none goes out', async () => {
  const selvage = shared();
  const first = await selvage.start(fan, { x: 1 });
  const values = await first.values();
  const second = await selvage.start(fan, { x: 3 });
  expect(await second.values()).toEqual(values);
  expect(calls.of(second.runId)).toEqual(['parity']);
  expect(await activitiesOf(second.runId)).toEqual(['parity']);
  const some = await selvage.start(fan, { x: 5 }, { terminals: ['k7'] });
  await some.values();
  expect((await some.lineage()).map((record) => record.knot_id).sort()).toEqual(['k7', 'param:x', 'parity']);
});

test('a run that goes on as a new execution goes on to look up', async () => {
  const selvage = await openSelvage({ tapestries: ALL, runLimits: LOW_HISTORY_BUDGET });
  const values = [];
  for (const x of [1, 3]) {
    const run = await selvage.start(fan, { x });
    values.push(await run.values());
    // On a machine that is short of processors, an attempt may be lost and its body called once more.
    expect(new Set(calls.of(run.runId)).size).toBe(x === 1 ? WIDTH + 2 : 1);
  }
  expect(values[1]).toEqual(values[0]);
});

test('a gate is decided anew, and what is below it hits', async () => {
  const selvage = shared();
  const first = await selvage.start(gated, { x: 1 });
  expect(await first.values()).toEqual({ both: 103 });
  const second = await selvage.start(gated, { x: 3 });
  expect(await second.values()).toEqual({ both: 103 });
  expect(calls.of(second.runId)).toEqual(['parity']);
  expect((await activitiesOf(second.runId)).sort()).toEqual(['gate', 'parity']);
});

test.each(ALL)('in process it comes to the same ($name)', async (any) => {
  const backends = createInMemoryBackends();
  const first = await runLocally(any, { x: 1 }, { backends });
  const second = await runLocally(any, { x: 3 }, { backends });
  expect(second.values).toEqual(first.values);
  expect(calls.of(second.runId)).toEqual(['parity']);
  const fresh = await runLocally(any, { x: 1 }, { backends, reuse: false });
  expect(calls.of(fresh.runId)).toEqual(calls.of(first.runId));
});
