import path from 'node:path';
import { openBackends } from 'selvage/backends';
import { prepareServices } from '../../test/support/services';
import { fillDuckDb, fillPostgres, fillSqlite } from '../backends/fill-lineage';
import { FIRST_MS, LAST_MS } from '../backends/made-lineage';
import { freshFolder, freshPostgres } from '../backends/places';
import type { Place } from '../backends/services';
import { limited, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';

interface Contestant {
  readonly name: string;
  readonly limit: number;
  place(): Promise<Place>;
  fill(url: string, records: number): void | Promise<void>;
}

const fileOf = (url: string): string => url.slice(url.indexOf(':') + 1);

const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'SQLite',
    limit: 1_000,
    place: () => freshFolder((folder) => `sqlite:${path.join(folder, 'history.db')}`),
    fill: (url, records) => fillSqlite(fileOf(url), records),
  },
  { name: 'Postgres', limit: 1_000, place: freshPostgres, fill: fillPostgres },
  {
    name: 'DuckDB',
    limit: 300,
    place: () => freshFolder((folder) => `duckdb:${path.join(folder, 'history.duckdb')}`),
    fill: (url, records) => fillDuckDb(fileOf(url), records),
  },
];

/** Figures of a large history. */
export const stats: Benchmark = {
  name: 'operations: stats',
  async run(options) {
    prepareServices();
    const rows: Row[] = [];
    for (const contestant of CONTESTANTS) {
      const place = await contestant.place();
      try {
        rows.push(...(await measure(contestant, place.url, options)));
      } finally {
        await place.drop();
      }
    }
    return rows;
  },
};

async function measure(
  { name, limit, fill }: Contestant,
  url: string,
  { repetitions, records }: BenchmarkOptions,
): Promise<Row[]> {
  const open = () => openBackends({ environment: {}, url: 'memory:', leases: 'memory:', history: url });
  // Makes the tables.
  await (await open()).close();
  await fill(url, records);
  const backends = await open();
  try {
    const ask = async (by: 'definition' | 'knot', since: number): Promise<number> =>
      await timed(async () => {
        const found = await backends.runHistory.statistics({ by, since, until: LAST_MS });
        if (found.length === 0) throw new Error(`${name} has no figures.`);
      });
    const first = await ask('definition', FIRST_MS);
    const row = async (by: 'definition' | 'knot', since: number, what: string): Promise<Row> => {
      const times: number[] = [];
      for (let repetition = 0; repetition < repetitions; repetition++) times.push(await ask(by, since));
      return limited(
        `${name}: selvage stats by ${by}, ${what} of ${records} records`,
        median(times),
        limit,
        'ms',
        { times },
      );
    };
    return [
      {
        measure: `${name}: selvage stats, asked for the first time, nothing prepared`,
        measured: `${readable(first)} ms`,
        numbers: { first },
      },
      await row('definition', FIRST_MS, 'all'),
      await row('knot', FIRST_MS, 'all'),
      await row('definition', LAST_MS - (LAST_MS - FIRST_MS) / 30, 'the last day'),
    ];
  } finally {
    await backends.close();
  }
}
