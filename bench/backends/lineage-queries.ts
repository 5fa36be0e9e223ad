import { statSync } from 'node:fs';
import path from 'node:path';
import { openBackends } from 'selvage/backends';
import type { LineageQuery, RunHistory } from '../../src/ports';
import { limited, readable, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';
import { databaseSize } from './database-size';
import { fillDuckDb, fillPostgres, fillSqlite } from './fill-lineage';
import { hashOf } from './made-lineage';
import { freshFolder, freshPostgres } from './places';
import { onServices, type ServicePart } from './services';

const MEGABYTE = 1024 * 1024;
const HASHES = 50;
const LIMIT_BY_HASH_MS = 20;
const LIMIT_AGGREGATE_MS = 500;

const OUTCOMES_BY_CLASS_AND_DAY = `
  select definition, finished::date as day, outcome, count(*) as knots
  from lineage group by all order by all`;

interface Contestant {
  readonly name: string;
  place: ServicePart['place'];
  /** Fills the tables that are there, with nobody else at them. */
  fill(url: string, records: number): void | Promise<void>;
  /** Bytes of all that is stored, indexes included. */
  sizeOf(url: string): Promise<number>;
}

const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'SQLite',
    place: () => freshFolder((folder) => `sqlite:${path.join(folder, 'history.db')}`),
    fill: (url, records) => fillSqlite(fileOf(url), records),
    sizeOf: sizeOfFile,
  },
  { name: 'Postgres', place: freshPostgres, fill: fillPostgres, sizeOf: databaseSize },
  {
    name: 'DuckDB',
    place: () => freshFolder((folder) => `duckdb:${path.join(folder, 'history.duckdb')}`),
    fill: (url, records) => fillDuckDb(fileOf(url), records),
    sizeOf: sizeOfFile,
  },
];

function fileOf(url: string): string {
  return url.slice(url.indexOf(':') + 1);
}

function sizeOfFile(url: string): Promise<number> {
  return Promise.resolve(statSync(fileOf(url)).size);
}

/** Questions to a history of a million records, which is new to the process that asks, but not to the operating system. */
export const lineageQueries = onServices(
  'lineage queries',
  CONTESTANTS.map((contestant) => ({
    name: `lineage of a large history, ${contestant.name}`,
    place: contestant.place,
    run: (url, options) => measure(contestant, url, options),
  })),
);

async function measure(
  { name, fill, sizeOf }: Contestant,
  url: string,
  { repetitions, records }: BenchmarkOptions,
): Promise<Row[]> {
  await inHistory(url, () => Promise.resolve([]));
  const filling = await timed(async () => fill(url, records));
  const bytes = await sizeOf(url);
  return [
    {
      measure: `${name}: to make ${records} records by SQL`,
      measured: `${readable(filling / 1_000)} s`,
      numbers: { filling },
    },
    {
      measure: `${name}: room that ${records} records take, with what finds them`,
      measured: `${readable(bytes / MEGABYTE)} MiB`,
      numbers: { bytes },
    },
    ...(await inHistory(url, async (history) => [
      await byHash(name, 'output', history, records),
      await byHash(name, 'input', history, records),
      ...('query' in history
        ? [await aggregate(name, history as AnalyticalQueries, repetitions, records)]
        : []),
    ])),
  ];
}

async function inHistory(url: string, work: (history: RunHistory) => Promise<Row[]>): Promise<Row[]> {
  const backends = await openBackends({ environment: {}, url: 'memory:', leases: 'memory:', history: url });
  try {
    return await work(backends.runHistory);
  } finally {
    await backends.close();
  }
}

async function byHash(
  name: string,
  kind: 'output' | 'input',
  history: RunHistory,
  records: number,
): Promise<Row> {
  const times: number[] = [];
  for (let index = 0; index <= HASHES; index++) {
    // Spread over all that there are; the first is to warm up.
    const hash = hashOf(kind, (index * 7_919_111) % records);
    const query: LineageQuery = kind === 'output' ? { outputHash: hash } : { inputHash: hash };
    const time = await timed(async () => {
      const { items } = await history.findLineage(query);
      if (items.length !== 1) throw new Error(`${name} found ${items.length} records instead of one.`);
    });
    if (index > 0) times.push(time);
  }
  const worst = Math.max(...times);
  const measure = `${name}: who ${kind === 'output' ? 'made' : 'used'} a value, by hash, of ${records} records`;
  const remark = `worst of ${HASHES} hashes ${readable(worst)} ms`;
  return limited(measure, median(times), LIMIT_BY_HASH_MS, 'ms', { times, worst }, remark);
}

interface AnalyticalQueries {
  query(sql: string): Promise<readonly unknown[]>;
}

async function aggregate(
  name: string,
  history: AnalyticalQueries,
  repetitions: number,
  records: number,
): Promise<Row> {
  const times: number[] = [];
  for (let repetition = -1; repetition < repetitions; repetition++) {
    const time = await timed(async () => void (await history.query(OUTCOMES_BY_CLASS_AND_DAY)));
    if (repetition >= 0) times.push(time);
  }
  const measure = `${name}: outcomes by knot class and day, of ${records} records`;
  return limited(measure, median(times), LIMIT_AGGREGATE_MS, 'ms', { times });
}
