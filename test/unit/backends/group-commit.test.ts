import { createInMemoryBackends, GroupCommit } from '../../../src/backends';
import { SelvageError } from '../../../src/errors';
import type { Commit, CommitResult } from '../../../src/ports';
import { sampleLineage, sampleValue } from '../../../src/testing/sample-records';

function commitOf(knot_id: string, bytes = 1): Commit {
  const value = sampleValue(knot_id.padEnd(bytes));
  return { record: sampleLineage({ knot_id, output_hash: value.hash }), values: [value] };
}

afterEach(() => jest.restoreAllMocks());

/** In-memory backends that note their batches, and hold each back until `release` is called. */
function watchedBackends(
  options: { hold?: boolean; fail?: (batch: readonly Commit[]) => Error | undefined } = {},
) {
  const backends = createInMemoryBackends();
  const batches: string[][] = [];
  const releases: (() => void)[] = [];
  const arrivals: (() => void)[] = [];
  return {
    backends,
    batches,
    release: () => releases.shift()?.(),
    /** Resolves when the next batch has arrived. */
    arrival: () => new Promise<void>((resolve) => arrivals.push(resolve)),
    async commit(commits: readonly Commit[]): Promise<CommitResult[]> {
      batches.push(commits.map((commit) => commit.record.knot_id));
      arrivals.shift()?.();
      if (options.hold === true) await new Promise<void>((resolve) => releases.push(resolve));
      const error = options.fail?.(commits);
      if (error !== undefined) throw error;
      return backends.commit(commits);
    },
  };
}

test('commits of one turn of the event loop go out as one batch, and each caller gets its own answer', async () => {
  const watched = watchedBackends();
  const group = new GroupCommit(watched);
  const [a, b, again] = await Promise.all(
    [commitOf('a'), commitOf('b'), commitOf('a')].map((commit) => group.commit(commit)),
  );
  expect(watched.batches).toEqual([['a', 'b', 'a']]);
  expect(a).toMatchObject({ inserted: true, record: { knot_id: 'a' } });
  expect(b).toMatchObject({ inserted: true, record: { knot_id: 'b' } });
  expect(again).toMatchObject({ inserted: false, record: { knot_id: 'a' } });
});

test('one batch is under way at a time, and what comes meanwhile goes out together when it is done', async () => {
  const watched = watchedBackends({ hold: true });
  const group = new GroupCommit(watched);
  const firstArrival = watched.arrival();
  const first = group.commit(commitOf('first'));
  await firstArrival;
  const later = ['b', 'c', 'd'].map((knot) => group.commit(commitOf(knot)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(watched.batches).toEqual([['first']]);

  const secondArrival = watched.arrival();
  watched.release();
  await first;
  await secondArrival;
  expect(watched.batches).toEqual([['first'], ['b', 'c', 'd']]);
  watched.release();
  await Promise.all(later);
});

test('a caller is not answered before its own batch is durable', async () => {
  const watched = watchedBackends({ hold: true });
  const group = new GroupCommit(watched);
  const arrival = watched.arrival();
  let isAnswered = false;
  const answer = group.commit(commitOf('a')).then(() => (isAnswered = true));
  await arrival;
  await new Promise((resolve) => setImmediate(resolve));
  expect(isAnswered).toBe(false);
  expect(await watched.backends.runHistory.getRecords('temporal-run-1')).toEqual([]);
  watched.release();
  await answer;
  expect(await watched.backends.runHistory.getRecords('temporal-run-1')).toHaveLength(1);
});

test('a bad record fails alone', async () => {
  const bad = new TypeError('a bad record');
  const watched = watchedBackends({
    fail: (batch) => (batch.some((commit) => commit.record.knot_id === 'bad') ? bad : undefined),
  });
  const group = new GroupCommit(watched);
  const results = await Promise.allSettled(['a', 'bad', 'c'].map((knot) => group.commit(commitOf(knot))));
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((results[1] as PromiseRejectedResult).reason).toBe(bad);
  expect(await watched.backends.runHistory.getRecords('temporal-run-1')).toHaveLength(2);
  expect(await group.commit(commitOf('after'))).toMatchObject({ inserted: true });
});

test('for what can never be stored, something else is, and its caller hears that this stands', async () => {
  const fail = (batch: readonly Commit[]): Error | undefined =>
    batch.some(({ record }) => record.worker === 'odd') ? new SelvageError('NotStorable', 'odd') : undefined;
  const watched = watchedBackends({ fail });
  const group = new GroupCommit(watched, ({ record }) =>
    record.knot_id === 'lost'
      ? undefined
      : { record: { ...record, worker: null, outcome: 'err' }, values: [] },
  );
  const odd = (knot_id: string): Commit => {
    const { record, values } = commitOf(knot_id);
    return { record: { ...record, worker: 'odd' }, values };
  };
  const [fine, other, lost] = await Promise.allSettled(
    [commitOf('fine'), odd('other'), odd('lost')].map((commit) => group.commit(commit)),
  );
  expect(fine).toMatchObject({ value: { inserted: true, record: { outcome: 'ok' } } });
  expect(other).toMatchObject({ value: { inserted: false, record: { outcome: 'err' } } });
  expect(lost).toMatchObject({ reason: { code: 'NotStorable' } });
});

test.each([
  'BackendUnavailable',
  'DiskFull',
  'FolderUnusable',
  'DatabaseDamaged',
  'SchemaTooNew',
  'KeyMissing',
  'InvalidKey',
] as const)('a backend that cannot work (%s) is asked once for the whole batch', async (code) => {
  const down = new SelvageError(code, 'down');
  const watched = watchedBackends({ fail: () => down });
  const group = new GroupCommit(watched);
  const results = await Promise.allSettled(['a', 'b'].map((knot) => group.commit(commitOf(knot))));
  expect(results).toEqual([
    { status: 'rejected', reason: down },
    { status: 'rejected', reason: down },
  ]);
  expect(watched.batches).toHaveLength(1);
});

test('a batch has at most 500 commits and about 8 MiB of values', async () => {
  const watched = watchedBackends();
  const group = new GroupCommit(watched);
  await Promise.all(Array.from({ length: 1_100 }, (_, index) => group.commit(commitOf(`k${index}`))));
  expect(watched.batches.map((batch) => batch.length)).toEqual([500, 500, 100]);

  watched.batches.length = 0;
  await Promise.all(['a', 'b', 'c'].map((knot) => group.commit(commitOf(knot, 5 * 1024 * 1024))));
  expect(watched.batches).toEqual([['a'], ['b'], ['c']]);
});

test('drain waits for all that was given', async () => {
  const watched = watchedBackends();
  const group = new GroupCommit(watched);
  await group.drain();
  const settled: string[] = [];
  for (const knot of ['a', 'b']) void group.commit(commitOf(knot)).then(() => settled.push(knot));
  await group.drain();
  expect(settled).toEqual(['a', 'b']);
});

test('a chain of commits leaves the event loop its turns', async () => {
  const group = new GroupCommit(createInMemoryBackends());
  let turns = 0;
  const count = (): void => {
    turns += 1;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  for (let index = 0; index < 50; index += 1) await group.commit(commitOf(`k${index}`));
  clearImmediate(timer);
  expect(turns).toBeGreaterThanOrEqual(25);
});

test('urgent commits go out with what comes in step, before the turn of the event loop ends', async () => {
  // However slow the machine is, no time passes between the commits: what lasts too long gives the event loop its turn.
  jest.spyOn(performance, 'now').mockReturnValue(performance.now());
  const watched = watchedBackends();
  const group = new GroupCommit(watched);
  await group.commit(commitOf('first'));
  let isTurned = false;
  setImmediate(() => (isTurned = true));
  await Promise.all(['a', 'b'].map((knot) => group.commit(commitOf(knot), { urgent: true })));
  expect(watched.batches).toEqual([['first'], ['a', 'b']]);
  expect(isTurned).toBe(false);
});

test('however long a chain of urgent commits is, the event loop has its turns', async () => {
  const group = new GroupCommit(watchedBackends());
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const until = performance.now() + 100;
  for (let knot = 0; performance.now() < until; knot++)
    await group.commit(commitOf(`k${knot}`), { urgent: true });
  isOver = true;
  expect(turns).toBeGreaterThan(1);
});
