import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LineageRecord, RunHistory } from '../../src/protocols';
import { limited, readable, type Benchmark, type Row } from '../benchmark';
import { median, timed } from '../statistics';

const built = createRequire(__filename);
const { openBackends, nodeSha256 } = built('../../lib/backends') as typeof import('../../src/backends');

const RECORDS = 1_000_000;
const KNOTS_A_RUN = 100;
const BATCH = 500;
const DAY_MS = 86_400_000;
const LIMIT_BY_HASH_MS = 20;
const LIMIT_AGGREGATE_MS = 500;

/** The records spread over 30 days. */
const OUTCOMES_BY_CLASS_AND_DAY = `
  select knot_class, finished::date as day, outcome, count(*) as knots
  from lineage group by all order by all`;

/** A history to fill once and to ask. */
interface Contestant {
  readonly name: string;
  /** A URL; files are in the folder. */
  url(folder: string): string;
}

const CONTESTANTS: readonly Contestant[] = [
  { name: 'SQLite', url: (folder) => `sqlite:${path.join(folder, 'history.db')}` },
  { name: 'DuckDB', url: (folder) => `duckdb:${path.join(folder, 'history.duckdb')}` },
];

/** Questions to a history of a million records. */
export const lineageQueries: Benchmark = {
  name: 'lineage queries',
  async run({ repetitions }) {
    const rows: Row[] = [];
    for (const { name, url } of CONTESTANTS) {
      const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-'));
      try {
        const backends = await openBackends({
          environment: {},
          url: 'memory:',
          leases: 'memory:',
          history: url(folder),
        });
        try {
          rows.push(await fill(name, backends.runHistory));
          rows.push(...(await ask(name, backends.runHistory, repetitions)));
        } finally {
          await backends.close();
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
    return rows;
  },
};

async function fill(name: string, history: RunHistory): Promise<Row> {
  const cost = await timed(async () => {
    for (let start = 0; start < RECORDS; start += BATCH)
      await history.commit(Array.from({ length: BATCH }, (_, index) => recordOf(start + index)));
    // SQLite's index of hashes lags behind until it is asked.
    await history.findLineage({ outputHash: hashOf(0, 'output') });
  });
  return {
    measure: `${name}: to commit ${RECORDS} records, ${BATCH} at once, until they can be asked for`,
    measured: `${readable(cost / 1000)} s (${readable((RECORDS / cost) * 1000)} records/s)`,
    numbers: { cost },
  };
}

async function ask(name: string, history: RunHistory, repetitions: number): Promise<Row[]> {
  const rows: Row[] = [];
  const questions = {
    'who made a value': (n: number) => ({ outputHash: hashOf(n, 'output') }),
    'who used a value': (n: number) => ({ inputHash: hashOf(n, 'input') }),
  };
  for (const [question, queryOf] of Object.entries(questions)) {
    const times: number[] = [];
    for (let repetition = 0; repetition <= repetitions * 4; repetition++) {
      // Others each time, spread over all that there are; the first is to warm up.
      const query = queryOf((repetition * 7_919_111) % RECORDS);
      const time = await timed(async () => {
        const { items } = await history.findLineage(query);
        if (items.length !== 1) throw new Error(`${name} found ${items.length} records instead of one.`);
      });
      if (repetition > 0) times.push(time);
    }
    rows.push(
      limited(`${name}: ${question}, of ${RECORDS} records`, median(times), LIMIT_BY_HASH_MS, 'ms', {
        times,
      }),
    );
  }
  if ('query' in history) rows.push(await aggregate(name, history as AnalyticalQueries, repetitions));
  return rows;
}

interface AnalyticalQueries {
  query(sql: string): Promise<readonly unknown[]>;
}

async function aggregate(name: string, history: AnalyticalQueries, repetitions: number): Promise<Row> {
  const times: number[] = [];
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    const time = await timed(async () => void (await history.query(OUTCOMES_BY_CLASS_AND_DAY)));
    if (repetition > 0) times.push(time);
  }
  const measure = `${name}: outcomes by knot class and day, of ${RECORDS} records`;
  return limited(measure, median(times), LIMIT_AGGREGATE_MS, 'ms', { times });
}

function hashOf(n: number, kind: string): string {
  return `sha256:${nodeSha256(`${kind} ${n}`)}`;
}

const CONSTANT = hashOf(0, 'constant');
const CODE = hashOf(0, 'code');

function recordOf(n: number): LineageRecord {
  const run = Math.floor(n / KNOTS_A_RUN);
  const began = 1_750_000_000_000 + Math.floor((n / RECORDS) * 30 * DAY_MS);
  const failed = n % 50 === 0;
  return {
    run_id: `nightly-${nodeSha256(`run ${run}`).slice(0, 8)}`,
    temporal_run_id: nodeSha256(`temporal run ${run}`).slice(0, 36),
    knot_id: `knot-${n % KNOTS_A_RUN}`,
    knot_class: `class-${n % 20}`,
    definition_version: null,
    code_hash: CODE,
    knot_config_hash: CODE,
    parent_input_hashes: { x: hashOf(n, 'input') },
    constant_input_hashes: { factor: CONSTANT },
    parent_knot_ids: { x: `knot-${(n + 1) % KNOTS_A_RUN}` },
    output_hash: hashOf(n, 'output'),
    output_size: 100,
    outcome: failed ? 'err' : 'ok',
    skip_reason: null,
    error_record_id: null,
    cached_from_run: null,
    cache_key: null,
    dispatcher: 'queue',
    task_queue: 'selvage',
    worker: '1@host',
    attempt: 1,
    scheduled_at: began,
    started_at: began + 1,
    finished_at: began + 2,
    extra: {},
  };
}
