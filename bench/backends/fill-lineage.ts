import { DuckDBInstance } from '@duckdb/node-api';
import Database from 'libsql';
import { Client } from 'pg';
import { inputsOf, lineageColumns, type SqlWords } from './made-lineage';

/** Roles in `selvage_lineage_index`. */
const [OUTPUT, INPUT, RUN, KNOT, CLASS, OUTCOME_BUT_OK, ANY] = [0, 1, 2, 3, 4, 5, 6];

function into(table: string, columns: Readonly<Record<string, string>>, from: string): string {
  return `insert into ${table} (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')} from ${from}`;
}

const SQLITE: SqlWords = {
  hex: (number) => `printf('%08x', ${number})`,
  eightTimes: (text) => `replace('00000000', '0', ${text})`,
  divided: (number, by) => `(${number} / ${by})`,
  text: (number) => `(${number})`,
};

/** Into an SQLite database with the tables of Selvage, with the index of lineage as the writer keeps it. */
export function fillSqlite(file: string, records: number): void {
  const database = new Database(file);
  const numbers = `(with recursive r (n) as (select 0 union all select n + 1 from r where n < ${records - 1}) select n from r)`;
  const [parent, constant] = inputsOf(SQLITE);
  const keys = [
    ['run_id', RUN],
    ['knot_id', KNOT],
    ['definition', CLASS],
    ["''", ANY],
    ['output_hash', OUTPUT],
    ['outcome', OUTCOME_BUT_OK, "outcome <> 'ok'"],
    [parent, INPUT],
    [constant, INPUT],
  ] as const;
  try {
    for (const setting of ['synchronous = off', 'cache_size = -262144', 'temp_store = memory'])
      database.exec(`pragma ${setting}`);
    database.exec('begin');
    database.exec(into('selvage_lineage', lineageColumns(SQLITE, records), `${numbers} order by n`));
    // In the order of its tree, which then grows at its end.
    const selects = keys.map(
      ([key, role, condition = 'true']) =>
        `select ${key} as key, ${role} as role, finished_at, id from (select *, id - 1 as n from selvage_lineage) where ${condition}`,
    );
    database.exec(
      `insert into selvage_lineage_index (key, role, finished_at, lineage) ${selects.join(' union all ')} order by 1, 2, 3, 4`,
    );
    database.exec(`update selvage_lineage_indexed set through = ${records}`);
    database.exec('commit');
  } finally {
    database.close();
  }
}

const POSTGRES: SqlWords = {
  hex: (number) => `lpad(to_hex(${number}), 8, '0')`,
  eightTimes: (text) => `repeat(${text}, 8)`,
  divided: (number, by) => `(${number} / ${by})`,
  text: (number) => `(${number})::text`,
};

/** Into a Postgres database with the tables of Selvage. */
export async function fillPostgres(url: string, records: number): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query("set synchronous_commit = off; set maintenance_work_mem = '256MB'");
    const numbers = `generate_series(0, ${records - 1}::bigint) as g (n) order by n`;
    await withoutIndexes(client, async () => {
      const columns = { ...lineageColumns(POSTGRES, records), change: 'n / 10' };
      await client.query(into('selvage_lineage', columns, numbers));
    });
    const [parent, constant] = inputsOf(POSTGRES);
    const n = '(id - min(id) over ())';
    await client.query(`
      insert into selvage_lineage_index (key, role, finished_at, lineage)
      select key, ${INPUT}, finished_at, id
      from (select id, finished_at, ${n} as n from selvage_lineage) as l,
        lateral (values (${parent}), (${constant})) as input (key)
      order by 1, 2, 3, 4`);
    // As autovacuum does it after a while.
    await client.query('vacuum analyze selvage_lineage; ');
    await client.query('vacuum analyze selvage_lineage_index');
  } finally {
    await client.end();
  }
}

/** Indexes that are made when the rows are there are made faster. */
async function withoutIndexes(client: Client, work: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select indexrelid::regclass as name, pg_get_indexdef(indexrelid) as definition from pg_index
     where indrelid = 'selvage_lineage'::regclass and not indisunique`,
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  await work();
  for (const { definition } of rows) await client.query(definition);
}

const DUCKDB: SqlWords = {
  hex: (number) => `printf('%08x', ${number})`,
  eightTimes: (text) => `repeat(${text}, 8)`,
  divided: (number, by) => `(${number} // ${by})`,
  text: (number) => `(${number})::varchar`,
};

/** Into a DuckDB file with the tables of Selvage that nobody has open. */
export async function fillDuckDb(file: string, records: number): Promise<void> {
  const instance = await DuckDBInstance.create(file, { memory_limit: '1GB' });
  const connection = await instance.connect();
  try {
    await connection.run(
      into(
        'selvage_lineage',
        { id: 'n + 1', ...lineageColumns(DUCKDB, records) },
        `range(${records}::bigint) as r (n)`,
      ),
    );
    await connection.run('checkpoint');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
