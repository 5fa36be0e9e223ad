import path from 'node:path';
import Database from 'libsql';
import { Pool } from 'pg';
import { createPostgresRunHistory } from 'selvage/postgres';
import { createSqliteRunHistory } from 'selvage/sqlite';
import type { PostgresPoolLike, PostgresQuery, PostgresResult } from '../../src/adapters/postgres';
import type { LineageRecord, RunHistory } from '../../src/ports';
import { onServices, type ServicePart } from '../backends/services';
import { freshFolder, freshPostgres } from '../backends/places';
import { freshRecords } from '../backends/records';
import { exactly, limited, readable, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';

const BATCH = 8;
const BATCHES = 100;
/** Turns for each repetition: short ones, so that what else the machine does falls on both alike. */
const TURNS = 6;
const LIMIT_PERCENT = 10;

interface Side {
  readonly history: RunHistory;
  /** Statements that were sent to the database. */
  statements(): number;
}

interface Sides {
  readonly withFeed: Side;
  /** As it would be if nobody could read changes. */
  readonly without: Side;
  close(): Promise<void>;
}

interface Contest {
  readonly name: string;
  place: ServicePart['place'];
  open(url: string): Promise<Sides>;
}

/** What commits cost because their changes can be read in order: against the same tables without what orders them, in turns. */
export const feedCost = onServices(
  'seeing: a commit with and without the order of changes',
  (
    [
      { name: 'SQLite', place: () => freshFolder((folder) => folder), open: onSqlite },
      { name: 'Postgres', place: freshPostgres, open: onPostgres },
    ] satisfies Contest[]
  ).map((contest) => ({
    name: `seeing: commits of ${BATCH} records, ${contest.name}`,
    place: contest.place,
    run: (url, options) => hold(contest, url, options),
  })),
);

async function onSqlite(folder: string): Promise<Sides> {
  const side = async (name: string, isOrdered: boolean): Promise<Side & { close(): void }> => {
    const file = path.join(folder, name);
    await (await createSqliteRunHistory({ path: file })).close();
    if (!isOrdered) withoutSequence(file);
    const database = new Database(file, { timeout: 1_000 });
    let count = 0;
    const history = await createSqliteRunHistory({
      database: {
        exec: (text: string) => {
          count += 1;
          return database.exec(text);
        },
        close: () => database.close(),
        prepare: (text: string) => {
          const statement = database.prepare(text);
          const run = statement.run.bind(statement);
          const all = statement.all.bind(statement);
          statement.run = (...values: unknown[]) => {
            count += 1;
            return run(...values);
          };
          statement.all = (...values: unknown[]) => {
            count += 1;
            return all(...values);
          };
          return statement;
        },
      },
    });
    database.exec(
      'pragma synchronous = normal; pragma cache_size = -16384; pragma wal_autocheckpoint = 32000',
    );
    return { history, statements: () => count, close: () => database.close() };
  };
  const withFeed = await side('with.db', true);
  const without = await side('without.db', false);
  return {
    withFeed,
    without,
    async close() {
      withFeed.close();
      without.close();
    },
  };
}

/** Ids as SQLite gives them by itself: the highest that is there and one. */
function withoutSequence(file: string): void {
  const database = new Database(file);
  database.exec('pragma writable_schema = on');
  database.exec(
    "update sqlite_schema set sql = replace(sql, ' autoincrement', '') where name = 'selvage_lineage'",
  );
  database.exec('pragma writable_schema = off');
  database.close();
}

async function onPostgres(url: string): Promise<Sides> {
  const schemas = ['with_feed', 'without'] as const;
  const pools: Pool[] = [];
  const side = async (schema: string, isOrdered: boolean): Promise<Side> => {
    const own = new URL(url);
    own.searchParams.set('schema', schema);
    await (await createPostgresRunHistory({ url: own.href })).close();
    const pool = new Pool({ connectionString: url, options: `-c search_path=${schema}` });
    pools.push(pool);
    if (!isOrdered) await pool.query('alter table selvage_lineage drop column change');
    let count = 0;
    const history = await createPostgresRunHistory({
      pool: counted(pool, (query) => {
        count += 1;
        return isOrdered ? query : { ...query, text: withoutChange(query.text) };
      }),
    });
    return { history, statements: () => count };
  };
  const [withFeed, without] = [await side(schemas[0], true), await side(schemas[1], false)];
  return {
    withFeed,
    without,
    close: async () => {
      for (const pool of pools) await pool.end();
    },
  };
}

/** The pool, whose connections send something else for each statement. */
function counted(pool: Pool, sent: (query: PostgresQuery) => PostgresQuery): PostgresPoolLike {
  return {
    on: (event: string, listener: never) => pool.on(event as 'error', listener),
    async connect() {
      const client = await pool.connect();
      return {
        query: (query) => client.query(sent(query)) as Promise<PostgresResult>,
        release: (destroy) => client.release(destroy),
        on: (event, listener) => client.on(event as 'error', listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
      };
    },
  };
}

const texts = new Map<string, string>();

function withoutChange(text: string): string {
  let shorter = texts.get(text);
  if (shorter === undefined) {
    shorter = text
      .replace(', change)', ')')
      .replace(/, pg_current_xact_id\(\)::text::bigint \+ \(select xids_before from selvage_identity\)/, '');
    if (text.includes('insert into selvage_lineage (') && shorter === text)
      throw new Error('The statement of a commit has another form now: mend this measurement.');
    texts.set(text, shorter);
  }
  return shorter;
}

async function hold({ name, open }: Contest, url: string, { repetitions }: BenchmarkOptions): Promise<Row[]> {
  const sides = await open(url);
  try {
    const times = { withFeed: [] as number[], without: [] as number[] };
    const statements = { withFeed: 0, without: 0 };
    for (let turn = -2; turn < repetitions * TURNS; turn++) {
      const order = turn % 2 === 0 ? (['withFeed', 'without'] as const) : (['without', 'withFeed'] as const);
      for (const side of order) {
        const before = sides[side].statements();
        const time = await commitAll(sides[side].history);
        if (turn < 0) continue;
        times[side].push(time);
        statements[side] = sides[side].statements() - before;
      }
    }
    // Ratios of neighbours, which have had the same machine.
    const ratios = times.withFeed.map((time, index) => time / times.without[index]!);
    const percent = (median(ratios) - 1) * 100;
    const each = (side: keyof typeof times): string => readable((median(times[side]) * 1_000) / BATCHES);
    const remark = `${each('withFeed')} against ${each('without')} µs a commit`;
    return [
      limited(
        `seeing: what a commit of ${BATCH} costs more for the order of changes, ${name}`,
        percent,
        LIMIT_PERCENT,
        '%',
        times,
        remark,
      ),
      exactly(
        `seeing: statements that it takes more, ${name}`,
        (statements.withFeed - statements.without) / BATCHES,
        0,
        'statements',
        statements,
        `of ${statements.withFeed / BATCHES}`,
      ),
    ];
  } finally {
    await sides.close();
  }
}

async function commitAll(history: RunHistory): Promise<number> {
  const batches: LineageRecord[][] = Array.from({ length: BATCHES }, () => freshRecords(BATCH));
  return await timed(async () => {
    for (const records of batches) await history.commit(records);
  });
}
