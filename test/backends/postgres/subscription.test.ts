import { createPostgresTapestryStore } from '../../../src/adapters/postgres';
import type { Offer } from '../../../src/ports';
import { freshPostgresDatabase, placeForEach, type FreshDatabase } from '../../support/fresh-places';
import { describeWith } from '../../support/services';
import { until } from '../../support/until';
import { queryPostgres } from '../../support/query-postgres';

const LISTENING = "datname = current_database() and query like 'listen %'";

describeWith('postgres')('a subscription over PostgreSQL', () => {
  let database: FreshDatabase;
  placeForEach(freshPostgresDatabase, (fresh) => (database = fresh));

  async function listening(): Promise<number> {
    const [row] = await queryPostgres(
      database.url,
      `select count(*)::int as n from pg_stat_activity where ${LISTENING}`,
    );
    return row?.['n'] as number;
  }

  test('goes on where its connection was lost, and misses nothing that came meanwhile', async () => {
    const { url } = database;
    const reader = await createPostgresTapestryStore({ url });
    const writer = await createPostgresTapestryStore({ url });
    const stop = new AbortController();
    const seen: Offer[] = [];
    const following = (async () => {
      for await (const offer of reader.subscribe('run', { signal: stop.signal })) seen.push(offer);
    })();
    const numbers: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await until('it listens', async () => (await listening()) === 1);
      await queryPostgres(
        url,
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where ${LISTENING}`,
      );
      for (let index = 0; index < 3; index += 1)
        numbers.push(await writer.offer({ runId: 'run', fragment: `${round}.${index}`, offeredAt: 1 }));
      await until('all have come', () => seen.length === numbers.length);
    }
    expect(seen.map(({ number }) => number)).toEqual(numbers);
    stop.abort();
    await following;
    await until('the connection is given back', async () => (await listening()) === 0);
    await reader.close();
    await writer.close();
  });

  test('shows offers in the order of their numbers to a reader that goes on behind the last it has seen', async () => {
    const store = await createPostgresTapestryStore({ url: database.url });
    const stop = new AbortController();
    const offers = Array.from({ length: 60 }, (_, index) =>
      store.offer({ runId: 'run', fragment: String(index), offeredAt: 1 }),
    );
    const seen: number[] = [];
    for await (const { number } of store.subscribe('run', { signal: stop.signal })) {
      seen.push(number);
      if (seen.length === offers.length) stop.abort();
    }
    expect(seen).toEqual((await Promise.all(offers)).sort((a, b) => a - b));
    await store.close();
  });

  test('is ended by closing the store', async () => {
    const store = await createPostgresTapestryStore({ url: database.url });
    const stop = new AbortController();
    const next = store.subscribe('run', { signal: stop.signal })[Symbol.asyncIterator]().next();
    await until('it listens', async () => (await listening()) === 1);
    await store.close();
    expect(await listening()).toBe(0);
    stop.abort();
    expect((await next).done).toBe(true);
  });

  test('that looks for more when the store is closed hears no error', async () => {
    const store = await createPostgresTapestryStore({ url: database.url });
    await store.offer({ runId: 'run', fragment: 'first', offeredAt: 1 });
    const stop = new AbortController();
    const offers = store.subscribe('run', { signal: stop.signal })[Symbol.asyncIterator]();
    expect((await offers.next()).value).toMatchObject({ fragment: 'first' });
    await store.close();
    const next = offers.next();
    stop.abort();
    expect((await next).done).toBe(true);
  });
});
