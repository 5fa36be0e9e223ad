import { knot, map, runLocally, tapestry, type KnotOptions } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { compile } from '../../../src/engine';
import { recordOf } from '../../../src/model';
import { Latch, aborted } from '../../support/latch';

/** Ten knots, and how many of their bodies ran at once at most. */
function crowd(options: KnotOptions, name = 'limited') {
  const seen = { running: 0, most: 0 };
  const body = knot(name, async (_: object) => {
    seen.most = Math.max(seen.most, ++seen.running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    seen.running -= 1;
  });
  const work = tapestry('crowd', () => {
    for (let n = 0; n < 10; n++) body({}, { id: `k${n}`, ...options });
  });
  return { seen, work };
}

test('no more bodies run at once than maxConcurrent says, and all run', async () => {
  const { seen, work } = crowd({ maxConcurrent: 3 });
  const { status, lineage } = await runLocally(work, {});
  expect({ status, records: lineage.length, most: seen.most }).toEqual({
    status: 'succeeded',
    records: 10,
    most: 3,
  });
});

test('runs that share backends share the limit, also under another definition by its key', async () => {
  const backends = createInMemoryBackends();
  const seen = { running: 0, most: 0 };
  const count = async (): Promise<void> => {
    seen.most = Math.max(seen.most, ++seen.running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    seen.running -= 1;
  };
  const works = ['one', 'two'].map((name) =>
    tapestry(name, () => {
      const body = knot(name, { maxConcurrent: { key: 'api', limit: 2 } }, count);
      for (let n = 0; n < 6; n++) body({}, { id: `k${n}` });
    }),
  );
  await Promise.all(works.map((work) => runLocally(work, {}, { backends })));
  expect(seen.most).toBe(2);
});

test('the elements of a map count one by one, under the name of their definition', async () => {
  const seen = { running: 0, most: 0 };
  const visit = knot('visit', async ({ x }: { x: number }) => {
    seen.most = Math.max(seen.most, ++seen.running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    seen.running -= 1;
    return x;
  });
  const numbers = knot('numbers', (_: object) => [1, 2, 3, 4, 5, 6, 7, 8]);
  const work = tapestry('work', () => {
    const over = numbers({}, { id: 'numbers' });
    visit({ x: 0 }, { id: 'alone', maxConcurrent: 2 });
    return { all: map({ over, each: visit, bind: 'x', batch: 4 }, { id: 'all', maxConcurrent: 2 }) };
  });
  const { values } = await runLocally(work, {});
  expect(values).toEqual({ all: [1, 2, 3, 4, 5, 6, 7, 8] });
  expect(seen.most).toBe(2);
  const { knots } = compile(recordOf(work)).plan;
  // What may have to wait goes by itself: so it is in no batch.
  expect(knots.find(({ id }) => id === 'all')!.policy).toEqual({
    node: 'map',
    map: { each: 'visit', bind: 'x' },
    maxConcurrent: { key: 'visit', limit: 2 },
  });
});

test('a knot gives its place to others while it waits for its next attempt', async () => {
  const order: string[] = [];
  const body = knot('body', { maxConcurrent: 1 }, async (_: object, { knotId, attempt }) => {
    order.push(`${knotId}.${attempt}`);
    await Promise.resolve();
    if (knotId === 'flaky' && attempt === 1) throw new Error('not yet');
  });
  const work = tapestry('work', () => {
    body({}, { id: 'flaky', retry: { maximumAttempts: 2, initialInterval: 20 } });
    body({}, { id: 'steady' });
  });
  expect((await runLocally(work, {})).status).toBe('succeeded');
  expect(order).toEqual(['flaky.1', 'steady.1', 'flaky.2']);
});

test('a cancel ends the waits', async () => {
  const begun = new Latch();
  const body = knot('body', { maxConcurrent: 1 }, async (_: object, { signal }) => {
    begun.open();
    await aborted(signal);
  });
  const work = tapestry('work', () => {
    for (let n = 0; n < 3; n++) body({}, { id: `k${n}` });
  });
  const stop = new AbortController();
  const run = runLocally(work, {}, { signal: stop.signal });
  await begun.passed;
  stop.abort();
  const { status, outcomes } = await run;
  expect(status).toBe('cancelled');
  expect(Object.values(outcomes)).toMatchObject(Array(3).fill({ kind: 'skipped', reason: 'cancelled' }));
});

test('ratePerSecond keeps the distance between two beginnings', async () => {
  const begun: number[] = [];
  const body = knot('body', { ratePerSecond: 25 }, (_: object) => void begun.push(performance.now()));
  const work = tapestry('work', () => {
    for (let n = 0; n < 5; n++) body({}, { id: `k${n}` });
  });
  await runLocally(work, {});
  expect(begun.at(-1)! - begun[0]!).toBeGreaterThanOrEqual(4 * 40 - 10);
});

test('the timeout of a body does not run while it waits for its place', async () => {
  const { seen, work } = crowd({ maxConcurrent: 1, timeout: 1_000 });
  expect((await runLocally(work, {})).status).toBe('succeeded');
  expect(seen.most).toBe(1);
});
