import { InMemoryLeaseTable } from '../../../src/adapters/memory';
import { SingleFlight } from '../../../src/runtime/single-flight';
import { Latch } from '../../support/latch';
import { rejectionOf } from '../../support/rejection-of';
import { refusal } from '../../support/refusal';

const TTL_MS = 60;

afterEach(() => void jest.useRealTimers());

const making = (runId: string) => ({
  cacheKey: 'tea',
  runId,
  temporalRunId: `record-${runId}`,
  knotId: 'brew',
});

/** As a worker that is killed in the body leaves it: nobody renews the lease, and nobody gives it back. */
async function dieInBody(table: InMemoryLeaseTable, runId: string, ttl: number): Promise<void> {
  const { cacheKey, temporalRunId, knotId } = making(runId);
  const lease = { key: `cache:${cacheKey}`, owner: `${temporalRunId}/${knotId}`, token: 'killed' };
  await table.acquire({ ...lease, holder: `knot "${knotId}" of run "${runId}"`, limit: 1, ttl });
}

test('who comes while another one makes the value is told who does, and makes it when that has ended', async () => {
  const flight = new SingleFlight(new InMemoryLeaseTable());
  const mayEnd = new Latch();
  const begun = new Latch();
  const first = flight.run(making('first'), async () => {
    begun.open();
    await mayEnd.passed;
  });
  await begun.passed;
  expect(await rejectionOf(flight.run(making('second'), () => Promise.resolve(1)))).toMatchObject(
    refusal('ValueInProgress', 'knot "brew" of run "first" is making it'),
  );
  mayEnd.open();
  await first;
  expect(await flight.run(making('second'), () => Promise.resolve(2))).toBe(2);
});

test('of a worker that was killed in the body the lease runs out, and another run makes the value', async () => {
  jest.useFakeTimers();
  const table = new InMemoryLeaseTable();
  await dieInBody(table, 'killed', TTL_MS);
  const flight = new SingleFlight(table);
  const other = () => flight.run(making('other'), () => Promise.resolve('made'));
  expect(await rejectionOf(other())).toMatchObject({ code: 'ValueInProgress' });
  jest.advanceTimersByTime(TTL_MS);
  expect(await other()).toBe('made');
  expect(await table.holders('cache:tea')).toEqual([]);
});

test('the next attempt of its own knot makes the value at once, under the same lease', async () => {
  const table = new InMemoryLeaseTable();
  await dieInBody(table, 'killed', 120_000);
  const flight = new SingleFlight(table);
  expect(await flight.run(making('killed'), () => Promise.resolve('made'))).toBe('made');
  expect(await table.holders('cache:tea')).toEqual([]);
});
