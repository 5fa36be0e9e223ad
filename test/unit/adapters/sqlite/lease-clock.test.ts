import Libsql from 'libsql';
import { openSqliteDatabase, SqliteLeaseTable } from '../../../../src/adapters/sqlite';
import type { LeaseTable } from '../../../../src/ports';

const DAY = 24 * 60 * 60 * 1_000;
let now: number;
let table: LeaseTable;

beforeEach(async () => {
  now = Date.UTC(2030, 0, 1);
  table = new SqliteLeaseTable(await openSqliteDatabase({ database: new Libsql(':memory:') }), () => now);
});

function acquire(owner: string): Promise<{ granted: boolean }> {
  return table.acquire({ key: 'k', owner, token: '1', holder: owner, limit: 1, ttl: 30_000 });
}

test('a clock that is set back by a day keeps no place longer than its time to live', async () => {
  await acquire('lost');
  now -= DAY;
  expect(await acquire('next')).toMatchObject({ granted: false, retryAfter: 30_000 });
  now += 29_999;
  expect(await acquire('next')).toMatchObject({ granted: false });
  now += 1;
  expect(await acquire('next')).toEqual({ granted: true });
});

test('a clock that is set forward by a day gives a place away once, and the one that had it hears so', async () => {
  await acquire('first');
  now += DAY;
  expect(await acquire('next')).toEqual({ granted: true });
  expect(await table.renew([{ key: 'k', owner: 'first', token: '1' }], 30_000)).toEqual([false]);
  expect(await acquire('first')).toMatchObject({ granted: false });
});

test('a place whose time ran out unnoticed is kept by the one that renews it', async () => {
  await acquire('first');
  now += DAY;
  expect(await table.renew([{ key: 'k', owner: 'first', token: '1' }], 30_000)).toEqual([true]);
  expect(await acquire('next')).toMatchObject({ granted: false });
});

test('a clock that is set back by a day makes nobody wait a day for a turn', async () => {
  const turn = { key: 'k', interval: 1_000, within: 1_500 };
  for (const wait of [0, 1_000]) expect(await table.takeTurn(turn)).toEqual({ granted: true, wait });
  now -= DAY;
  expect(await table.takeTurn(turn)).toEqual({ granted: false, wait: 2_000 });
  now += 1_000;
  expect(await table.takeTurn(turn)).toEqual({ granted: true, wait: 1_000 });
});
