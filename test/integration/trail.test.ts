import { knot, local, map, tapestry, type KnotContext } from '../../src';
import type { LeaseTable, LineageRecord } from '../../src/ports';
import { selvageForAll } from '../support/open-selvage';
import { until } from '../support/until';

const RETRY = { maximumAttempts: 3, initialInterval: 50, backoffCoefficient: 1 };

const third = knot('third', ({ n }: { n: number }, { attempt, logger }: KnotContext) => {
  logger.info(`attempt ${attempt}`, { n });
  if (attempt < 3) throw new RangeError(`not in attempt ${attempt}`);
  return n;
});
const numbers = knot('numbers', () => Array.from({ length: 4 }, (_, n) => n));
let acquire: jest.SpiedFunction<LeaseTable['acquire']>;
const slow = knot('slow', { maxConcurrent: 1 }, async ({ n }: { n: number }) => {
  // Only a longer wait is noted, and the other may ask late.
  await until('the other has asked', () => acquire.mock.calls.length > 1);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  return n;
});

const trails = tapestry('trails', { knots: { retry: RETRY } }, () => {
  third({ n: 1 }, { id: 'queued' });
  third({ n: 2 }, { id: 'local', dispatcher: local() });
  // Its next attempt is too far off for a segment to wait for it.
  third({ n: 3 }, { id: 'given-back', dispatcher: local(), retry: { ...RETRY, initialInterval: 3_000 } });
  third({ n: 4 }, { id: 'silent', logs: false });
  map({ over: numbers({}, { id: 'numbers' }), each: third, bind: 'n' }, { id: 'mapped' });
  slow({ n: 1 }, { id: 'slow-1' });
  slow({ n: 2 }, { id: 'slow-2' });
});

const selvage = selvageForAll({ tapestries: [trails] });

test('attempts, waits and logs are on record, wherever a knot runs', async () => {
  acquire = jest.spyOn(selvage().backends.leaseTable, 'acquire');
  const run = await selvage().start(trails, {});
  const { graph } = await run.result();
  const records = new Map((await run.lineage()).map((record) => [record.knot_id, record]));
  const extra = (id: string): LineageRecord['extra'] => records.get(id)!.extra;
  const worker = records.get('queued')!.worker;
  const attempt = (n: number) => ({
    attempt: n,
    started_at: expect.any(Number) as number,
    ended_at: expect.any(Number) as number,
    worker,
    reason: { code: 'RangeError', message: `not in attempt ${n}` },
  });
  for (const id of ['queued', 'local', 'silent'])
    expect({ id, attempts: extra(id)['attempts'] }).toEqual({ id, attempts: [attempt(1), attempt(2)] });
  expect(extra('given-back')['attempts']).toMatchObject([
    { attempt: 1, reason: { code: 'RangeError' } },
    expect.objectContaining({ reason: { code: 'RangeError', message: expect.any(String) as string } }),
  ]);
  for (const id of ['mapped[0]', 'mapped[3]'])
    expect(extra(id)['attempts']).toMatchObject([{ reason: { code: 'RangeError' } }, { worker }]);
  for (const id of ['queued', 'local', 'mapped[1]']) {
    // On a slow machine there are waits for a worker, too.
    expect(extra(id)['waits']).toContainEqual(expect.objectContaining({ code: 'Retry' }));
    const { hash } = extra(id)['log'] as { hash: string };
    const text = Buffer.from((await selvage().backends.dataStore.get(hash))!).toString();
    expect(JSON.parse(text)).toMatchObject({ level: 'info', message: 'attempt 3', fields: {} });
  }
  expect(extra('silent')).not.toHaveProperty('log');
  expect(extra('numbers')).toEqual({ length: 4 });
  const waits = ['slow-1', 'slow-2'].flatMap(
    (id) => (extra(id)['waits'] as { code: string }[] | undefined) ?? [],
  );
  expect(waits).toMatchObject([{ code: 'LimitReached' }]);
  const drawn = graph.knots.find(({ id }) => id === 'queued')!.state!;
  const recorded = extra('queued')['attempts'] as { started_at: number; ended_at: number }[];
  expect(drawn.attempts).toEqual(
    recorded.map(({ started_at: startedAt, ended_at: endedAt, ...others }) => ({
      ...others,
      startedAt,
      endedAt,
    })),
  );
  // What the records name is not collected.
  const logs = [...records.values()].flatMap(
    (record) => (record.extra['log'] as { hash: string } | undefined)?.hash ?? [],
  );
  expect(await selvage().backends.runHistory.referredTo(logs)).toEqual(new Set(logs));
});
