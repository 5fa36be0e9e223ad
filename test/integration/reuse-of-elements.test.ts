import { z } from 'zod';

import { knot, local, map, queue, runLocally, tapestry, type Dispatcher } from '../../src';
import { Calls } from '../support/calls';
import { CACHING, closeAll, openSelvage, temporaryBackends } from '../support/open-selvage';

const calls = new Calls();

const scale = knot('scale', { version: '1', cache: true }, ({ x, by }: { x: number; by: number }, ctx) => {
  calls.note(ctx);
  if (x < 0) throw new RangeError(`${x} is below 0`);
  return x * by;
});

/** Elements that fail are not taken, those of a function in place are. */
function scaled(name: string, how: { dispatcher: Dispatcher; batch?: number }) {
  const { dispatcher, ...batch } = how;
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const over = t.parameter('list', z.array(z.number()));
    const by = t.parameter('by', z.number());
    const numbers = map(
      { over, each: scale, bind: 'x', shared: { by }, onError: 'skip', ...batch },
      { id: 'numbers' },
    );
    const texts = map(
      {
        over,
        each: ({ element }, ctx) => {
          calls.note(ctx);
          return `${element}`;
        },
        ...batch,
      },
      { id: 'texts', cache: { codeHash: 'source' } },
    );
    return { numbers, texts };
  });
}
const queued = scaled('queued-elements', { dispatcher: queue() });
const batched = scaled('batched-elements', { dispatcher: queue(), batch: 2 });
const gathered = scaled('gathered-elements', { dispatcher: local() });
const shapes = [queued, batched, gathered];

/** The same work as an element's, as a knot. */
const alone = tapestry('not-an-element', () => ({ end: scale({ x: 2, by: 10 }, { id: 'end' }) }));

afterEach(closeAll);

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  test.each(shapes)('elements take what others have made of the same ($name)', async (shape) => {
    const selvage = await openSelvage({ tapestries: [shape], workerOptions: { maxCachedWorkflows } });
    const first = await selvage.start(shape, { list: [1, 2, -3], by: 10 });
    expect(await first.values()).toEqual({ numbers: [10, 20], texts: ['1', '2', '-3'] });
    const all = (count: number) =>
      ['numbers', 'texts'].flatMap((id) => Array.from({ length: count }, (_, n) => `${id}[${n}]`));
    expect(calls.of(first.runId)).toEqual(all(3));

    const second = await selvage.start(shape, { list: [4, -3, 1, 2], by: 10 });
    expect(await second.values()).toEqual({ numbers: [40, 10, 20], texts: ['4', '-3', '1', '2'] });
    expect(calls.of(second.runId)).toEqual(['numbers[0]', 'numbers[1]', 'texts[0]']);
    const { items } = await second.lineage({ knotId: 'numbers[2]' });
    expect(items[0]).toMatchObject({
      outcome: 'ok',
      cached_from_run: first.runId,
      extra: { made_by: 'numbers[0]' },
    });
    expect(await selvage.explainCache(second.runId, 'numbers[2]')).toMatchObject({ reason: 'reused' });
    expect(await selvage.explainCache(second.runId, 'numbers[0]')).toMatchObject({ reason: 'key-differs' });

    // What all elements share is part of the key.
    const other = await selvage.start(shape, { list: [1, 2], by: 2 });
    expect(await other.values()).toEqual({ numbers: [2, 4], texts: ['1', '2'] });
    expect(calls.of(other.runId)).toEqual(['numbers[0]', 'numbers[1]']);

    const fresh = await selvage.start(shape, { list: [1, 2], by: 10 }, { reuse: false });
    expect(await fresh.values()).toEqual({ numbers: [10, 20], texts: ['1', '2'] });
    expect(calls.of(fresh.runId)).toEqual(all(2));
  });
});

test('an element is found by other hosts, maps and knots, and finds what those have made', async () => {
  const backends = await temporaryBackends();
  const selvage = await openSelvage({ tapestries: [...shapes, alone], backends });
  const knotRun = await selvage.start(alone, {});
  await knotRun.values();
  const here = await runLocally(queued, { list: [2, 5], by: 10 }, { backends });
  expect(here.values.numbers).toEqual([20, 50]);
  expect(calls.of(here.runId)).toEqual(['numbers[1]', 'texts[0]', 'texts[1]']);
  for (const shape of shapes) {
    const run = await selvage.start(shape, { list: [5, 2], by: 10 });
    expect(await run.values()).toEqual({ numbers: [50, 20], texts: ['5', '2'] });
    expect(calls.of(run.runId)).toEqual([]);
  }
  const again = await runLocally(gathered, { list: [5, 2], by: 10 }, { backends });
  expect(again.values).toEqual({ numbers: [50, 20], texts: ['5', '2'] });
  expect(calls.of(again.runId)).toEqual([]);
});

test.each(shapes)('an element whose value has gone is run again ($name)', async (shape) => {
  const selvage = await openSelvage({ tapestries: [shape] });
  const first = await selvage.start(shape, { list: [700, 800], by: 10 });
  await first.values();
  const { items } = await first.lineage({ knotId: 'numbers[1]' });
  await selvage.backends.dataStore.delete(items[0]!.output_hash!);
  const second = await selvage.start(shape, { list: [700, 800], by: 10 });
  expect(await second.values()).toEqual({ numbers: [7_000, 8_000], texts: ['700', '800'] });
  expect(calls.of(second.runId)).toEqual(['numbers[1]']);
  expect(await selvage.explainCache(second.runId, 'numbers[1]')).toMatchObject({ reason: 'value-gone' });
});
