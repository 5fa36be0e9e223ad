import { setTimeout as delay } from 'node:timers/promises';
import { Pool, types } from 'pg';
import {
  createPostgresDataStore,
  createPostgresLeaseTable,
  createPostgresRunHistory,
  createPostgresStartLedger,
  createPostgresTapestryStore,
} from '../../../src/adapters/postgres';
import { combineBackends, openBackends } from '../../../src/backends';
import { sampleLineage, sampleRun, sampleValue } from '../../../src/testing/sample-records';
import { FaultProxy } from '../../support/fault-proxy';
import { freshPostgresDatabase, placeForEach, type FreshDatabase } from '../../support/fresh-places';
import { rejectionOf } from '../../support/rejection-of';
import { describeWith } from '../../support/services';
import { queryPostgres } from '../../support/query-postgres';
import { refusal } from '../../support/refusal';

const INT8 = 20;

describeWith('postgres')('connections to PostgreSQL', () => {
  let database: FreshDatabase;
  placeForEach(freshPostgresDatabase, (fresh) => (database = fresh));

  async function killConnections(): Promise<void> {
    await queryPostgres(
      database.url,
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
  }

  test('a pool of the user’s is shared by the adapters, and stays open and as it is', async () => {
    const asItWas = types.getTypeParser(INT8);
    // Theirs, for their own queries.
    types.setTypeParser(INT8, BigInt);
    const pool = new Pool({ connectionString: database.url, max: 2 });
    try {
      const runHistory = await createPostgresRunHistory({ pool });
      const dataStore = await createPostgresDataStore({ pool });
      const tapestryStore = await createPostgresTapestryStore({ pool });
      const leaseTable = await createPostgresLeaseTable({ pool });
      const startLedger = await createPostgresStartLedger({ pool });
      const ports = { runHistory, dataStore, tapestryStore, leaseTable, startLedger };
      const backends = combineBackends(ports);
      expect(new Set(Object.values(ports).map((of) => of.database)).size).toBe(1);

      const value = sampleValue('10');
      const record = sampleLineage({ output_hash: value.hash });
      expect(await backends.commit([{ record, values: [value] }])).toEqual([{ inserted: true, record }]);
      expect((await dataStore.list()).items[0]?.size).toBe(2);
      expect(await runHistory.getRecords(record.temporal_run_id)).toEqual([record]);
      await backends.close();
      expect((await pool.query('select 1::int8 as one')).rows).toEqual([{ one: 1n }]);
    } finally {
      types.setTypeParser(INT8, asItWas);
      await pool.end();
    }
  });

  test('values and records of a commit are one transaction', async () => {
    const backends = await openBackends({ url: database.url, environment: {} });
    const values = [sampleValue('one')];
    const bad = sampleLineage({ attempt: 'not a number' as unknown as number });
    await expect(backends.commit([{ record: bad, values }])).rejects.toThrow(/invalid input syntax/);
    expect(await backends.dataStore.has(values[0]!.hash)).toBe(false);
    await backends.commit([{ record: sampleLineage(), values }]);
    expect(await backends.dataStore.has(values[0]!.hash)).toBe(true);
    await backends.close();
  });

  test('connections that the server ends are replaced, and nobody notices', async () => {
    const backends = await openBackends({ url: database.url, environment: {} });
    const run = sampleRun();
    for (let round = 0; round < 5; round += 1) {
      await backends.runHistory.startRun(run);
      // Idle ones and one in use.
      const working = Promise.all(
        Array.from({ length: 20 }, (_, knot) =>
          backends.commit([{ record: sampleLineage({ knot_id: `k${round}-${knot}` }), values: [] }]),
        ),
      );
      await killConnections();
      await working.catch((error: unknown) => expect(error).toMatchObject({ code: 'BackendUnavailable' }));
      expect(await backends.runHistory.getRun(run.run_id)).toEqual(run);
      const record = sampleLineage({ knot_id: `k${round}-0` });
      const [again] = await backends.commit([{ record, values: [] }]);
      expect(again?.record).toEqual(record);
    }
    await backends.close();
  });

  test('a connection that is gone without a word is given up after the time limit for a statement, and replaced', async () => {
    const proxy = await FaultProxy.to(database.url);
    const url = proxy.addressOf(database.url);
    // New connections are out of reach, too, and would take a minute more to be given up.
    const history = await createPostgresRunHistory({ url, queryTimeoutMs: 300, connectTimeoutMs: 60_000 });
    await history.startRun(sampleRun());
    proxy.silence();
    const since = Date.now();
    expect(await rejectionOf(history.getRun('run-1'))).toMatchObject(
      refusal('BackendUnavailable', /cannot be reached or went away/),
    );
    expect(Date.now() - since).toBeLessThan(20_000);
    await proxy.mend();
    expect((await history.getRun('run-1'))?.run_id).toBe('run-1');
    await history.close();
    await proxy.close();
  });

  test('connections that went without a word while they were idle are found out before they are used', async () => {
    const proxy = await FaultProxy.to(database.url);
    const url = proxy.addressOf(database.url);
    const history = await createPostgresRunHistory({ url, queryTimeoutMs: 60_000, connectTimeoutMs: 300 });
    await history.startRun(sampleRun());
    await Promise.all(Array.from({ length: 5 }, () => history.listRuns()));
    expect(proxy.open).toBeGreaterThan(2);
    proxy.silence();
    await proxy.mend();
    // So long they have to be idle.
    await delay(400);
    const since = Date.now();
    expect((await history.getRun('run-1'))?.run_id).toBe('run-1');
    expect(Date.now() - since).toBeLessThan(20_000);
    await history.close();
    await proxy.close();
  });
});
