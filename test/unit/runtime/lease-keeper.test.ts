import { InMemoryLeaseTable } from '../../../src/adapters/memory';
import { LeaseKeeper } from '../../../src/runtime/lease-keeper';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('a lease is renewed before it runs out, until it is given back', async () => {
  const table = new InMemoryLeaseTable();
  const keeper = new LeaseKeeper(table);
  const lease = { key: 'place', owner: 'body', token: '1' };
  await table.acquire({ ...lease, holder: 'body', limit: 1, ttl: keeper.ttl });
  const giveBack = keeper.keep(lease);
  for (let passed = 0; passed < 5 * keeper.ttl; passed += keeper.ttl / 10) {
    await jest.advanceTimersByTimeAsync(keeper.ttl / 10);
    expect(await table.holders('place')).toHaveLength(1);
  }
  await giveBack();
  expect(await table.holders('place')).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
});
