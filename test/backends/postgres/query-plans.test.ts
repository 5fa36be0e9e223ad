import { Pool } from 'pg';
import {
  createPostgresRunHistory,
  type PostgresPoolLike,
  type PostgresQuery,
} from '../../../src/adapters/postgres';
import type { LineageQuery } from '../../../src/ports';
import { sampleHash } from '../../../src/testing/sample-records';
import { freshPostgresDatabase, type FreshDatabase } from '../../support/fresh-places';
import { describeWith } from '../../support/services';

const COMMON = sampleHash('common');

/** A constant that all took, inputs that four took, outputs that one made, one output that every tenth made. */
const FILL = `
insert into selvage_lineage (run_id, temporal_run_id, knot_id, definition, knot_config_hash, parent_input_hashes,
  constant_input_hashes, parent_knot_ids, output_hash, outcome, dispatcher, attempt, scheduled_at, started_at, finished_at, extra, change)
select 'run-' || i / 100, 't-' || i / 100, 'knot-' || i % 100, 'class-' || i % 20, 'c', json_build_object('x', 'in-' || i / 4)::text,
  '{"c":"${COMMON}"}', '{}', case when i % 10 = 3 then '${COMMON}' else 'out-' || i end, case when i % 50 = 0 then 'err' else 'ok' end,
  'queue', 1, i, i, i, '{}', i / 10
from generate_series(1, 20000) as i;
insert into selvage_lineage_index
select v, 1, finished_at, id from selvage_lineage,
  lateral (select value from json_each_text(parent_input_hashes::json) union select value from json_each_text(constant_input_hashes::json)) as e (v);
analyze`;

describeWith('postgres')('a page of lineage on PostgreSQL', () => {
  let database: FreshDatabase;
  let pool: Pool;

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    await (await createPostgresRunHistory({ url: database.url })).close();
    pool = new Pool({ connectionString: database.url, max: 1 });
    await pool.query(FILL);
  });

  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  /** How the server goes about the statement that a query becomes. */
  async function planOf(query: LineageQuery): Promise<string> {
    const asked: PostgresQuery[] = [];
    const noting: PostgresPoolLike = {
      on: () => undefined,
      async connect() {
        const client = await pool.connect();
        return {
          query: (of) => {
            asked.push(of);
            return client.query(of as never);
          },
          release: (destroy) => client.release(destroy),
          on: (event, listener) => client.on(event as 'error', listener),
          removeListener: (event, listener) => client.removeListener(event, listener),
        };
      },
    };
    const history = await createPostgresRunHistory({ pool: noting });
    await history.findLineage(query);
    const { text, values } = asked[asked.length - 1]!;
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  }

  test.each<[LineageQuery]>([
    [{ outputHash: 'out-7777' }],
    [{ outputHash: COMMON }],
    [{ inputHash: COMMON }],
    [{ inputHash: COMMON, definition: 'class-3' }],
    [{ inputHash: COMMON, outputHash: COMMON }],
    [{ inputHash: COMMON, outputHash: 'out-7777' }],
    [{ inputHash: COMMON, runId: 'run-77' }],
    [{ inputHash: COMMON, temporalRunId: 't-77' }],
    [{ knotId: 'knot-7' }],
    [{ definition: 'class-3' }],
    [{ outcome: 'err' }],
    [{}],
  ])('is read by an index in the order of the answer: %j', async (query) => {
    for (const page of [query, { ...query, cursor: '9000_9000' }])
      expect(await planOf(page)).not.toMatch(/Seq Scan|Hash Join|Merge Join/);
  });

  test.each<[LineageQuery]>([
    [{ outputHash: COMMON }],
    [{ inputHash: COMMON }],
    [{ definition: 'class-3' }],
    [{}],
  ])('of many is not sorted first: %j', async (query) => {
    expect(await planOf(query)).not.toContain('Sort');
  });
});
