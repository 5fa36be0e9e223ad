import {
  MIGRATION_TABLE,
  migrationSql,
  migrationState,
  unreleasedData,
  type MigratedPlace,
  type Migrations,
  type MigrationState,
} from '../../shared/sql/migrations';
import type { DuckDbConnectionLike } from './client';
import { LINEAGE_COLUMNS, RUN_COLUMNS, columnDefinitions } from './columns';

/**
 * The tables of a history. `id` grows with each record and decides between equal times in listings; the columns and the table of `bits`
 * are what records are found by hash by. There is no index: one costs each commit more than the record, and a read of 64 bits a record
 * takes milliseconds for a million.
 */
export const TABLES = `
  create table selvage_lineage (id bigint not null, ${columnDefinitions(LINEAGE_COLUMNS)},
    run_bits ubigint not null, output_bits ubigint, cache_bits ubigint);
  create table selvage_lineage_inputs (lineage bigint not null, bits ubigint not null);
  create table selvage_runs (id bigint not null, ${columnDefinitions(RUN_COLUMNS)});`;

const MIGRATIONS: Migrations = {
  '0001-tables': `
  create table selvage_identity (identity varchar not null);
  insert into selvage_identity (identity) values (uuid()::varchar);
  ${TABLES.trim()}`,
};

/** Unreleased builds kept the version of the tables in it. */
const UNRELEASED_TABLE = 'selvage_schema';

/** For people and their tools: the fields of the records, times also as timestamps, objects as JSON, tags as a list. */
export const VIEWS = `
  create or replace temp view lineage as
    select ${shownColumns(LINEAGE_COLUMNS)}, ${['scheduled', 'started', 'finished'].map(timestamp).join(', ')} from selvage_lineage;
  create or replace temp view runs as
    select ${shownColumns(RUN_COLUMNS)}, ${['started', 'finished'].map(timestamp).join(', ')} from selvage_runs;`;

function shownColumns(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, type]) => {
      if (name === 'tags') return `from_json(tags, '["VARCHAR"]') as tags`;
      return type === 'json' ? `${name}::json as ${name}` : name;
    })
    .join(', ');
}

/** UTC, whatever the time zone of the session. */
function timestamp(name: string): string {
  return `make_timestamp((${name}_at * 1000)::bigint) as ${name}`;
}

/**
 * Makes the tables, or brings them up to date.
 *
 * @param migrations others than the present ones in tests only
 * @throws SelvageError `UnreleasedData`, `SchemaTooNew`
 */
export async function migrate(
  connection: DuckDbConnectionLike,
  file: string,
  migrations = MIGRATIONS,
): Promise<void> {
  const { pending } = await readMigrationState(connection, file, migrations);
  if (pending.length === 0) return;
  await connection.runAndReadAll('begin');
  try {
    for (const name of pending) await connection.runAndReadAll(migrationSql(migrations, name));
    await connection.runAndReadAll('commit');
  } catch (error) {
    await connection.runAndReadAll('rollback').catch(() => undefined);
    throw error;
  }
}

/** @throws SelvageError `UnreleasedData`, `SchemaTooNew` */
export async function readMigrationState(
  connection: DuckDbConnectionLike,
  file: string,
  migrations = MIGRATIONS,
): Promise<MigrationState> {
  const where: MigratedPlace = {
    place: `the run history ${file}`,
    startAnew: 'Delete the file or move it away, or give the address of another.',
  };
  const tables = await namesFrom(
    connection,
    `select table_name as name from duckdb_tables() where table_name in ('${MIGRATION_TABLE}', '${UNRELEASED_TABLE}') and not internal`,
  );
  if (tables.includes(UNRELEASED_TABLE)) throw unreleasedData(where);
  const done = tables.includes(MIGRATION_TABLE)
    ? await namesFrom(connection, `select name from ${MIGRATION_TABLE}`)
    : [];
  return migrationState(done, migrations, where);
}

async function namesFrom(connection: DuckDbConnectionLike, question: string): Promise<string[]> {
  return (await connection.runAndReadAll(question)).getRowObjectsJS().map(({ name }) => name as string);
}
