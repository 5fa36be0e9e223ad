import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Pool } from 'pg';
import { createPostgresRunHistory } from '../../src/adapters/postgres';
import { openBackends } from '../../src/backends';
import { readEmitters } from '../../src/deliveries';
import type { Backends, RunHistory } from '../../src/ports';
import { sampleLineage, sampleRun } from '../../src/testing/sample-records';
import { poolOf, Schemas } from '../backends/postgres/places';
import { folderForEach } from '../conformance/temporary-folder';
import { describeWith } from '../support/services';
import { until } from '../support/until';
import { ConsumerProcess } from './consumer-process';
import type { ConsumerOrders } from './consumer-program';

const LEASE_MS = 1_000;
const RUNS_EACH = 12;
const KNOTS = 20;

const folder = folderForEach();
const consumers: ConsumerProcess[] = [];
let backends: Backends;
let orders: ConsumerOrders;

afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.kill()));
  await backends.close();
});

function begin(more: Partial<ConsumerOrders> = {}): ConsumerProcess {
  const consumer = new ConsumerProcess({ ...orders, ...more });
  consumers.push(consumer);
  return consumer;
}

function received(): string[] {
  return existsSync(orders.received) ? readFileSync(orders.received, 'utf8').split('\n').slice(0, -1) : [];
}

async function open(url: string): Promise<void> {
  backends = await openBackends({ url });
  orders = { url, received: path.join(folder(), 'received'), leaseTtl: LEASE_MS, batchSize: 50 };
}

/** One run with parameters that are older than it, as workers have them. Returns the ids of its events. */
async function writeRun(history: RunHistory, id: string): Promise<string[]> {
  const run = { run_id: id, temporal_run_id: `t-${id}` };
  const record = (knot_id: string) => sampleLineage({ ...run, knot_id });
  await history.commit([record('param:x')]);
  await history.startRun(sampleRun(run));
  const knots = Array.from({ length: KNOTS }, (_, index) => `k${index}`);
  for (const knot of knots) await history.commit([record(knot)]);
  await history.endRun(run.temporal_run_id, { status: 'succeeded', finished_at: 9, details: {} });
  return [
    `t-${id}/started`,
    ...['param:x', ...knots].map((knot) => `t-${id}/${knot}/finished`),
    `t-${id}/ended/succeeded`,
  ];
}

async function settled(): Promise<void> {
  await until('all was delivered and noted', async () => {
    const [report] = await readEmitters(backends);
    return (
      report?.lag.changes === 0 && report.position === ((await backends.runHistory.lastChange!()) ?? null)
    );
  });
}

/** Two processes beside a history that is written, one of which is killed at random and replaced, until all is delivered. */
async function surviveKills(
  histories: readonly RunHistory[],
  alongside = async (): Promise<void> => {},
): Promise<void> {
  await Promise.all([begin().begun(), begin().begun()]);
  let isWriting = true;
  const writing = Promise.all(
    histories.map(async (history, writer) => {
      const ids: string[] = [];
      for (let run = 0; run < RUNS_EACH; run++) ids.push(...(await writeRun(history, `${writer}-${run}`)));
      return ids;
    }),
  ).finally(() => (isWriting = false));
  let kills = 0;
  while (isWriting || kills < 3) {
    const target = Math.floor(Math.random() * consumers.length);
    const [victim] = consumers.splice(target, 1);
    if ((await victim!.kill()) === 'SIGKILL') kills += 1;
    const next = begin();
    if (isWriting && kills === 1) await alongside();
    await next.begun();
  }
  const written = (await writing).flat();
  await settled();
  expect(kills).toBeGreaterThanOrEqual(3);
  const ids = received();
  const missing = written.filter((id) => !new Set(ids).has(id));
  expect(missing).toEqual([]);
  const known = new Set(written);
  // No event of a phase under two ids, none of what was never committed.
  expect(ids.filter((id) => !known.has(id) && !id.startsWith('t-late'))).toEqual([]);
}

function suite(url: () => string): void {
  beforeEach(() => open(url()));

  test('no kill of those who deliver loses an event, and another process takes over', async () => {
    await surviveKills([backends.runHistory, backends.runHistory, backends.runHistory, backends.runHistory]);
  });

  test.each(['during-deliver', 'before-advance'] as const)(
    'one that dies %s loses nothing',
    async (dieAt) => {
      const ids = (
        await Promise.all([0, 1, 2].map((run) => writeRun(backends.runHistory, String(run))))
      ).flat();
      const doomed = begin({ dieAt });
      expect(await doomed.ended()).toBe('SIGKILL');
      const [before] = await readEmitters(backends);
      expect(before!.delivered).toBe(0);
      const first = received();
      expect(first.length).toBeGreaterThan(0);
      await begin().begun();
      await settled();
      expect([...new Set(received())].sort()).toEqual(ids.sort());
      // What it had delivered comes again.
      expect(received().slice(first.length)).toEqual(expect.arrayContaining(first));
    },
  );

  test('one that stalls loses its lease, and moves no cursor when it goes on', async () => {
    const stalled = begin();
    await stalled.begun();
    await writeRun(backends.runHistory, 'a');
    await settled();
    stalled.freeze();
    const ids = await writeRun(backends.runHistory, 'b');
    await begin().begun();
    await settled();
    const after = await backends.runHistory.emitterTableBeside!().list();
    stalled.thaw();
    await writeRun(backends.runHistory, 'c');
    await settled();
    const [state] = await backends.runHistory.emitterTableBeside!().list();
    expect(state!.delivered).toBeGreaterThan(after[0]!.delivered);
    expect(new Set(received()).size).toBe(3 * ids.length);
  });
}

describe('SQLite', () => {
  suite(() => `sqlite:${path.join(folder(), 'selvage.db')}`);
});

describeWith('postgres')('PostgreSQL', () => {
  const schemas = new Schemas();
  let url: string;
  let name: string;

  beforeAll(() => schemas.make());
  afterAll(() => schemas.drop());
  beforeEach(() => ({ url, name } = schemas.fresh()));

  suite(() => url);

  test('four writers and a transaction that commits late: all is delivered, and none before its commit', async () => {
    const pool = new Pool({ connectionString: schemas.url, options: `-c search_path=${name}` });
    const slow = await pool.connect();
    try {
      const histories = await Promise.all(
        [0, 1, 2, 3].map(async () => (await openBackends({ url })).runHistory),
      );
      await slow.query('begin');
      const late = await createPostgresRunHistory({ pool: poolOf(slow) });
      await backends.runHistory.startRun(sampleRun({ run_id: 'late', temporal_run_id: 't-late' }));
      await late.commit([sampleLineage({ run_id: 'late', temporal_run_id: 't-late', knot_id: 'k' })]);
      await surviveKills(histories, async () => {
        expect(received()).not.toContain('t-late/k/finished');
        await slow.query('commit');
      });
      await settled();
      expect(received()).toContain('t-late/k/finished');
      await Promise.all(histories.map((history) => history.close()));
    } finally {
      slow.release(true);
      await pool.end();
    }
  });

  test('the outbox has the columns and types that EventRouter expects, and only grows', async () => {
    const pool = new Pool({ connectionString: schemas.url, options: `-c search_path=${name}` });
    try {
      const { rows: columns } = await pool.query<{ column_name: string; data_type: string; size: number }>(
        `select column_name, data_type, character_maximum_length as size from information_schema.columns
          where table_schema = $1 and table_name = 'selvage_outbox' order by ordinal_position`,
        [name],
      );
      expect(columns.map((column) => [column.column_name, column.data_type, column.size])).toEqual([
        ['id', 'uuid', null],
        ['aggregatetype', 'character varying', 255],
        ['aggregateid', 'character varying', 255],
        ['type', 'character varying', 255],
        ['payload', 'jsonb', null],
        ['change', 'bigint', null],
        ['at', 'timestamp with time zone', null],
      ]);
      const all = 'select * from selvage_outbox order by change, id';
      await writeRun(backends.runHistory, 'a');
      const first = (await pool.query(all)).rows;
      expect(first).toHaveLength(KNOTS + 3);
      expect(new Set(first.map(({ id }: { id: string }) => id)).size).toBe(first.length);
      await writeRun(backends.runHistory, 'b');
      let second: unknown[] = [];
      // Others who write to this server hold back what is younger than their transactions.
      await until('all is told', async () => {
        second = (await pool.query(all)).rows;
        return second.length >= 2 * first.length;
      });
      expect(second).toHaveLength(2 * first.length);
      expect(second.slice(0, first.length)).toEqual(first);
      expect(first[0]).toMatchObject({
        aggregatetype: 'run',
        aggregateid: 'a',
        type: 'dev.selvage.knot.finished',
      });
      expect(first.at(-1)).toMatchObject({ type: 'dev.selvage.run.ended', payload: { status: 'succeeded' } });
    } finally {
      await pool.end();
    }
  });

  test('a poll of the outbox passes over nothing: what is older than its run is told with it, and a run in process as a whole', async () => {
    const pool = new Pool({ connectionString: schemas.url, options: `-c search_path=${name}` });
    try {
      const { runHistory } = backends;
      let last = '0';
      const told: string[] = [];
      const pollUntil = async (run: string, type: string): Promise<unknown> =>
        await until(`${run} ${type} is told`, async () => {
          const query = 'select * from selvage_outbox where change > $1 order by change';
          const { rows } = await pool.query<{ change: string; aggregateid: string; type: string }>(query, [
            last,
          ]);
          last = rows.at(-1)?.change ?? last;
          told.push(...rows.map((row) => `${row.aggregateid} ${row.type.replace('dev.selvage.', '')}`));
          return told.includes(`${run} ${type}`);
        });
      const run = { run_id: 'p', temporal_run_id: 't-p' };
      await runHistory.commit([sampleLineage(run)]);
      await writeRun(runHistory, 'between');
      await pollUntil('between', 'run.ended');
      await runHistory.startRun(sampleRun({ ...run, status: 'succeeded', finished_at: 9 }));
      await writeRun(runHistory, 'after');
      await pollUntil('after', 'run.ended');
      const ofRun = (id: string): string[] => told.filter((one) => one.startsWith(`${id} `)).sort();
      expect(ofRun('p')).toEqual(['p knot.finished', 'p run.ended', 'p run.started']);
      expect(ofRun('between')).toHaveLength(KNOTS + 3);
      expect(ofRun('after')).toHaveLength(KNOTS + 3);
    } finally {
      await pool.end();
    }
  });
});
