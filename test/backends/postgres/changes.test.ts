import { Pool, type PoolClient } from 'pg';
import { createPostgresRunHistory, type PostgresRunHistory } from '../../../src/adapters/postgres';
import type { HistoryChange } from '../../../src/ports';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { describeWith } from '../../support/services';
import { poolOf, Schemas } from './places';

describeWith('postgres')('the order of changes on PostgreSQL', () => {
  const schemas = new Schemas();
  let pool: Pool;
  let history: PostgresRunHistory;
  let taken: PoolClient[] = [];

  beforeAll(() => schemas.make());
  afterAll(() => schemas.drop());

  beforeEach(async () => {
    const { name, url } = schemas.fresh();
    await (await createPostgresRunHistory({ url })).close();
    pool = new Pool({ connectionString: schemas.url, options: `-c search_path=${name}` });
    history = await createPostgresRunHistory({ pool });
  });
  afterEach(async () => {
    for (const client of taken) client.release(true);
    taken = [];
    await pool.end();
  });

  async function take(): Promise<PoolClient> {
    const client = await pool.connect();
    taken.push(client);
    return client;
  }

  async function commit(knot: string, finishedAt: number, to = history): Promise<void> {
    await to.commit([sampleLineage({ knot_id: knot, finished_at: finishedAt })]);
  }

  async function read(count: number, after?: string): Promise<HistoryChange[]> {
    const stop = new AbortController();
    const changes: HistoryChange[] = [];
    for await (const batch of history.changes({
      signal: stop.signal,
      ...(after !== undefined && { after }),
    })) {
      changes.push(...batch);
      if (changes.length >= count) stop.abort();
    }
    return changes;
  }

  const knotsOf = (changes: readonly HistoryChange[]): unknown[] =>
    changes.map(({ kind, knot_id }) => knot_id ?? kind);

  test('a transaction that began earlier and commits late is told, and before those that began later', async () => {
    await commit('before', 1);
    const before = lastOf(await read(1));
    const slow = await take();
    await slow.query('begin');
    const late = await createPostgresRunHistory({ pool: poolOf(slow) });
    await commit('late', 2, late);
    await history.startRun(sampleRun());
    await commit('later', 3);
    await history.endRun('temporal-run-1', { status: 'succeeded', finished_at: 4, details: {} });
    // Whatever is on record: nobody may pass what is under way.
    expect(await history.lastChange()).toBe(before);
    const reading = read(4, before);
    await slow.query('commit');
    const changes = await reading;
    expect(knotsOf(changes)).toEqual(['late', 'run-started', 'later', 'run-ended']);
    expect(await history.lastChange()).toBe(changes[3]!.position);
  });

  test('a transaction that is rolled back holds up nobody for good, and is not told', async () => {
    const doomed = await take();
    await doomed.query('begin');
    await commit('never', 1, await createPostgresRunHistory({ pool: poolOf(doomed) }));
    await commit('told', 2);
    const reading = read(1);
    await doomed.query('rollback');
    expect(knotsOf(await reading)).toEqual(['told']);
  });

  test('tables that have come from a server with higher numbers of transactions are read in order, and go on', async () => {
    await history.startRun(sampleRun());
    await commit('a', 1);
    await history.endRun('temporal-run-1', { status: 'succeeded', finished_at: 2, details: {} });
    // As `pg_dump` writes them, and another server reads them.
    await pool.query('update selvage_lineage set change = change + 1000000000');
    await pool.query(
      'update selvage_runs set started_change = started_change + 1000000000, ended_change = ended_change + 1000000000',
    );
    await commit('of who has not looked yet', 3);
    const moved = await read(4);
    expect(knotsOf(moved).slice(1)).toEqual(['run-started', 'a', 'run-ended']);
    await commit('b', 4);
    expect(knotsOf(await read(1, lastOf(moved)))).toEqual(['b']);
    expect(knotsOf(await read(5)).at(-1)).toBe('b');
  });

  test('a position that a database has no more, since it was put back to an older state, is refused', async () => {
    await commit('kept', 1);
    const kept = lastOf(await read(1));
    await commit('lost', 2);
    const lost = lastOf(await read(1, kept));
    // The record, its id and the number of its transaction are free again.
    const { rows } = await pool.query(`delete from selvage_lineage where knot_id = 'lost' returning id`);
    await pool.query(`alter table selvage_lineage alter column id restart with ${rows[0].id}`);
    await commit('other', 3);
    const refusal = { code: 'InvalidCursor', message: expect.stringContaining('put back to an older state') };
    await expect(read(1, lost)).rejects.toMatchObject(refusal);
    expect(knotsOf(await read(1, kept))).toEqual(['other']);
    // So it is where the numbers have not come so far yet.
    const [number, ...rest] = lost.split('_');
    const ahead = [Number(number) + 1_000_000, ...rest].join('_');
    await expect(read(1, ahead)).rejects.toMatchObject(refusal);
  });

  test('a reader that has everything hears of a database that is put back while it reads', async () => {
    await commit('kept', 1);
    await commit('lost', 2);
    const stop = new AbortController();
    const reading = history.changes({ signal: stop.signal })[Symbol.asyncIterator]();
    const heard: unknown[] = [];
    // While transactions of other tests are open, later changes come in a batch of their own.
    while (heard.length < 2) heard.push(...knotsOf((await reading.next()).value as HistoryChange[]));
    expect(heard).toEqual(['kept', 'lost']);
    const next = reading.next();
    await pool.query(`update selvage_lineage set finished_at = 3, knot_id = 'other' where knot_id = 'lost'`);
    await expect(next).rejects.toMatchObject({ code: 'InvalidCursor' });
  });

  test('a page of changes is read by indexes in their order, however many there are', async () => {
    await pool.query(`
      insert into selvage_runs (run_id, temporal_run_id, tapestry, plan_hash, parameter_hashes, terminals, status, tags, started_at,
        details, started_change, ended_change)
      select 'run-' || i, 't-' || i, 'a', 'h', '{}', '{}', 'succeeded', '[]', i, '{}', i, i + 1 from generate_series(1, 5000) as i;
      insert into selvage_lineage (run_id, temporal_run_id, knot_id, definition, knot_config_hash, parent_input_hashes,
        constant_input_hashes, parent_knot_ids, outcome, dispatcher, attempt, scheduled_at, started_at, finished_at, extra, change)
      select 'run-' || i / 4, 't-' || i / 4, 'k' || i, 'c', 'h', '{}', '{}', '{}', 'ok', 'queue', 1, i, i, i, '{}', i / 4
      from generate_series(1, 20000) as i;
      analyze`);
    const asked: { text: string; values?: unknown[] }[] = [];
    const client = await take();
    const noting = poolOf(client, (query) => asked.push(query));
    const seen = await createPostgresRunHistory({ pool: noting });
    await seen.lastChange();
    const reading = seen.changes({ after: '2000_8000_8000' });
    expect((await reading.next()).value).toHaveLength(1_000);
    await reading.return();
    const pages = asked.filter(({ text }) => text.includes('seen as'));
    expect(pages).toHaveLength(2);
    for (const { text, values } of pages) {
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).not.toMatch(/Seq Scan on selvage_(?:lineage|runs)/);
      expect(plan).toContain('selvage_lineage_by_change');
    }
  });
});

function lastOf(changes: readonly HistoryChange[]): string {
  return changes.at(-1)!.position;
}
