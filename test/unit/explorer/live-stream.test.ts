import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { isFollowed, LiveFeed } from '../../../src/operations/live-feed';
import { liveStream } from '../../../src/api/live-stream';
import { Plans } from '../../../src/operations/plans';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';

const RECORDS = 6_000;

function feedOf(): { readonly feed: LiveFeed; readonly backends: ReturnType<typeof createInMemoryBackends> } {
  const backends = createInMemoryBackends();
  const { runHistory } = backends;
  if (!isFollowed(runHistory)) throw new Error('The history in memory tells its changes.');
  return { feed: new LiveFeed(runHistory, backends, new Plans(backends)), backends };
}

test('a client that reads slower than things happen holds up nobody, and is told to ask again', async () => {
  const { feed, backends } = feedOf();
  const ending = new AbortController();
  const quick = liveStream(feed, await feed.position(), ending.signal).getReader();
  const slow = liveStream(feed, await feed.position(), ending.signal).getReader();
  await backends.runHistory.startRun(sampleRun());
  const decoder = new TextDecoder();
  let told = '';
  for (let at = 0; at < RECORDS; at += 100) {
    const records = Array.from({ length: 100 }, (_, of) => sampleLineage({ knot_id: `knot-${at + of}` }));
    await backends.runHistory.commit(records);
    while (!told.includes(`"knot-${at + 99}"`))
      told += decoder.decode((await quick.read()).value, { stream: true });
  }
  expect(told.match(/"kind":"knot-finished"/g)).toHaveLength(RECORDS);
  expect(told).not.toContain('event: behind');
  let late = '';
  while (!late.includes('event: behind')) late += decoder.decode((await slow.read()).value, { stream: true });
  expect(late.length).toBeLessThan(told.length);
  ending.abort();
  const isDone = async (reader: typeof slow): Promise<boolean> => {
    for (;;) if ((await reader.read()).done) return true;
  };
  expect(await Promise.all([isDone(quick), isDone(slow)])).toEqual([true, true]);
  feed.close();
});

test('a position is followed by all that came behind it, in its order, once', async () => {
  const { feed, backends } = feedOf();
  const before = await feed.position();
  const all: string[] = [];
  const first = await feed.listen(before, {
    tell: ({ events }) => all.push(...events.map(({ knotId }) => knotId!)),
    skipped: () => all.push('?'),
  });
  const positions: string[] = [];
  const second = await feed.listen(undefined, {
    tell: ({ position }) => positions.push(position),
    skipped: () => {},
  });
  for (const id of ['a', 'b', 'c']) {
    await backends.runHistory.commit([sampleLineage({ knot_id: id })]);
    while (!all.includes(id)) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(all).toEqual(['a', 'b', 'c']);
  const rest: string[] = [];
  await feed.listen(positions[0], {
    tell: ({ events }) => rest.push(...events.map(({ knotId }) => knotId!)),
    skipped: () => rest.push('?'),
  });
  expect(rest).toEqual(['b', 'c']);
  first();
  second();
  feed.close();
});
