import { knot, map, runLocally, tapestry, type KnotContext, type KnotOptions } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import type { LineageRecord } from '../../../src/ports';
import { until } from '../../support/until';

const RETRY = { maximumAttempts: 3, initialInterval: 20, backoffCoefficient: 1 };

/** Throws in its first two attempts, and says on its log which it is. */
const third = knot('third', ({ n = 0 }: { n?: number }, { attempt, logger }: KnotContext) => {
  logger.info(`attempt ${attempt}`, { n });
  if (attempt < 3) throw new RangeError(`not in attempt ${attempt}`);
  return n;
});
const numbers = knot('numbers', () => [1]);
const list = () => numbers({}, { id: 'list' });
const quiet = knot('quiet', () => 1);

async function recordOf(
  wiring: () => void,
  id: string,
): Promise<{
  record: LineageRecord;
  log: string | undefined;
  result: Awaited<ReturnType<typeof runLocally>>;
}> {
  const backends = createInMemoryBackends();
  const result = await runLocally(tapestry('work', wiring), {}, { backends });
  const record = result.lineage.find(({ knot_id }) => knot_id === id)!;
  const { log } = record.extra as { log?: { hash: string } };
  const bytes = log && (await backends.dataStore.get(log.hash));
  return { record, log: bytes && Buffer.from(bytes).toString(), result };
}

const options = (more: KnotOptions = {}) => ({ retry: RETRY, ...more });

test.each([
  ['a knot', () => void third({}, { id: 'a', ...options() }), 'a'],
  [
    'an element of a map',
    () => void map({ over: list(), each: third, bind: 'n' }, { id: 'a', ...options() }),
    'a[0]',
  ],
])(
  '%s keeps what its attempts ended with, its waits for the next, and the log of the last',
  async (_, wiring, id) => {
    const { record, log } = await recordOf(wiring, id);
    expect(record).toMatchObject({ outcome: 'ok', attempt: 3 });
    const { attempts, waits } = record.extra as {
      attempts: { started_at: number; ended_at: number }[];
      waits: { since: number; until: number }[];
    };
    expect(attempts).toEqual(
      [1, 2].map((attempt) => ({
        attempt,
        started_at: expect.any(Number) as number,
        ended_at: expect.any(Number) as number,
        reason: { code: 'RangeError', message: `not in attempt ${attempt}` },
      })),
    );
    expect(waits.length).toBeGreaterThan(0);
    expect(waits[0]).toMatchObject({ code: 'Retry', since: attempts[0]!.ended_at });
    expect(waits.at(-1)!.until).toBeLessThanOrEqual(record.finished_at);
    expect(log).toMatch(/^\{"time":"[^"]+","level":"info","message":"attempt 3","fields":\{"n":\d\}\}\n$/);
  },
);

test('a knot that fails keeps the attempts before the one that counts', async () => {
  const { record } = await recordOf(
    () => void third({}, { id: 'a', ...options({ retry: { ...RETRY, maximumAttempts: 2 } }) }),
    'a',
  );
  expect(record).toMatchObject({
    outcome: 'err',
    attempt: 2,
    extra: { log: { size: expect.any(Number) as number } },
  });
  expect(record.extra['attempts']).toMatchObject([{ attempt: 1, reason: { code: 'RangeError' } }]);
});

test('a knot that comes to its outcome at once, and writes nothing, has nothing of it on record', async () => {
  const { record } = await recordOf(() => void quiet({}, { id: 'a', ...options() }), 'a');
  expect(record.extra).toEqual({});
});

test.each([
  ['a knot', () => void third({}, { id: 'a', ...options({ logs: false }) }), 'a'],
  [
    'an element',
    () => void map({ over: list(), each: third, bind: 'n' }, { id: 'a', ...options({ logs: false }) }),
    'a[0]',
  ],
])('logs: false keeps no log of %s', async (_, wiring, id) => {
  expect((await recordOf(wiring, id)).record.extra).not.toHaveProperty('log');
});

test('knots inherit logs: false of their tapestry, and may keep their log in spite of it', async () => {
  const none = tapestry('none', { knots: { logs: false, retry: RETRY } }, () => {
    third({}, { id: 'a' });
    third({}, { id: 'b', logs: true });
  });
  const { lineage } = await runLocally(none, {});
  const kept = lineage.filter(({ extra }) => extra['log'] !== undefined).map(({ knot_id }) => knot_id);
  expect(kept).toEqual(['b']);
});

test('a wait for a limit is on record', async () => {
  const backends = createInMemoryBackends();
  const acquire = jest.spyOn(backends.leaseTable, 'acquire');
  const slow = knot('slow', { maxConcurrent: 1 }, async () => {
    // Only a longer wait is noted, and the other may ask late.
    await until('the other has asked', () => acquire.mock.calls.length > 1);
    await new Promise((resolve) => setTimeout(resolve, 150));
    return 1;
  });
  const result = await runLocally(
    tapestry('work', () => {
      slow({}, { id: 'a' });
      slow({}, { id: 'b' });
    }),
    {},
    { backends },
  );
  const waits = result.lineage.flatMap(
    ({ extra }) => (extra['waits'] as { code: string }[] | undefined) ?? [],
  );
  expect(waits).toMatchObject([{ code: 'LimitReached' }]);
  expect(result.graph.knots.filter(({ state }) => state?.waits)).toHaveLength(1);
});
