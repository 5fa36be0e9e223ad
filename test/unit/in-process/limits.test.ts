import { knot, map, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { compile } from '../../../src/plan';
import { recordOf } from '../../../src/authoring';
import { Crowd } from '../../support/crowd';
import { Latch, aborted } from '../../support/latch';

test('no more bodies run at once than maxConcurrent says, all run, and no timeout counts the wait for a place', async () => {
  const crowd = new Crowd();
  const body = knot('limited', { maxConcurrent: 3, timeout: 250 }, (_: object) => crowd.join(50));
  const work = tapestry('crowd', () => {
    for (let n = 0; n < 24; n++) body({}, { id: `k${n}` });
  });
  const { status, lineage } = await runLocally(work, {});
  expect({ status, records: lineage.length, most: crowd.most }).toEqual({
    status: 'succeeded',
    records: 24,
    most: 3,
  });
});

test('runs that share backends share the limit, also under another definition by its key', async () => {
  const backends = createInMemoryBackends();
  const crowd = new Crowd();
  const works = ['one', 'two'].map((name) =>
    tapestry(name, () => {
      const body = knot(name, { maxConcurrent: { key: 'api', limit: 2 } }, () => crowd.join());
      for (let n = 0; n < 6; n++) body({}, { id: `k${n}` });
    }),
  );
  await Promise.all(works.map((work) => runLocally(work, {}, { backends })));
  expect(crowd.most).toBe(2);
});

test('the elements of a map count one by one, under the name of their definition', async () => {
  const crowd = new Crowd();
  const visit = knot('visit', async ({ x }: { x: number }) => {
    await crowd.join();
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
  expect(crowd.most).toBe(2);
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
  // From before the first may begin: on a busy machine a body begins later than it is let.
  const since = performance.now();
  await runLocally(work, {});
  expect(begun.at(-1)! - since).toBeGreaterThanOrEqual(4 * 40 - 10);
});
