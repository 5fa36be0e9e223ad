import { setTimeout as delay } from 'node:timers/promises';
import { knot, map, tapestry } from '../../src';
import { Latch } from '../support/latch';
import { closeAll, openSelvage, startWorker } from '../support/open-selvage';

afterEach(closeAll);

const LIMIT = 3;
const CROWD = 12;
const RATE = 20;
const RATED = 15;

test('over several runs, tapestries, elements of a map and workers no more bodies run at once than maxConcurrent says', async () => {
  const crowds: number[] = [];
  let running = 0;
  const isFull = new Latch();
  /** The first ones wait for one another, so that the limit is used to the full. */
  const beInCrowd = async (): Promise<void> => {
    crowds.push(++running);
    if (running === LIMIT) isFull.open();
    await isFull.passed;
    await delay(10);
    running -= 1;
  };
  const limit = { key: 'crowd', limit: LIMIT };
  const one = knot('one', { maxConcurrent: limit }, beInCrowd);
  const another = knot('another', beInCrowd);
  const crowded = tapestry('crowded', () => {
    for (let n = 0; n < CROWD; n++) one({}, { id: `k${n}` });
  });
  const alsoCrowded = tapestry('also-crowded', () => {
    for (let n = 0; n < CROWD; n++) another({}, { id: `k${n}`, maxConcurrent: limit });
  });
  const places = knot('places', () => Array.from({ length: CROWD }, (_, n) => n));
  const crowdedMap = tapestry('crowded-map', () => {
    map(
      { over: places({}, { id: 'places' }), each: beInCrowd, batch: 4 },
      { id: 'visits', maxConcurrent: limit },
    );
  });

  const tapestries = [crowded, alsoCrowded, crowdedMap];
  const selvage = await openSelvage({ tapestries });
  await startWorker(selvage, { tapestries });
  const runs = await Promise.all([crowded, ...tapestries].map((work) => selvage.start(work, {})));
  for (const run of runs) expect((await run.result()).status).toBe('succeeded');
  expect(crowds).toHaveLength(runs.length * CROWD);
  expect(Math.max(...crowds)).toBe(LIMIT);
  expect(await selvage.backends.leaseTable.holders('limit:crowd')).toEqual([]);
});

test('over two workers no more bodies begin than ratePerSecond says', async () => {
  const times: number[] = [];
  const rated = knot('rated', { ratePerSecond: RATE }, () => void times.push(Date.now()));
  const atRate = tapestry('at-rate', () => {
    for (let n = 0; n < RATED; n++) rated({}, { id: `k${n}` });
  });
  const selvage = await openSelvage({ tapestries: [atRate] });
  await startWorker(selvage, { tapestries: [atRate] });
  const runs = await Promise.all([atRate, atRate].map((work) => selvage.start(work, {})));
  for (const run of runs) expect((await run.result()).status).toBe('succeeded');
  expect(times).toHaveLength(runs.length * RATED);
  // A body may begin late, the first one, too, and so less than the interval before the one after it; but what has begun in all is never more
  // than the rate allows from when the first of them could begin.
  const records = (await Promise.all(runs.map((run) => run.lineage()))).flat();
  const since = Math.min(...records.map((record) => record.scheduled_at));
  const early = 20;
  times.forEach((at, index) => {
    expect(at - since).toBeGreaterThanOrEqual((index * 1_000) / RATE - early);
  });
});
