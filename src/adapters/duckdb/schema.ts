import {
  MIGRATION_TABLE,
  migrationSql,
  migrationState,
  unreleasedData,
  type MigratedLocation,
  type Migrations,
  type MigrationState,
} from '../sql/migrations';
import type { DuckDbConnectionLike } from './client';
import { LINEAGE_COLUMNS, RUN_COLUMNS, columnDefinitions } from './columns';
import { inTransaction } from './transaction';

/**
 * The tables of a history. `id` grows with each record and decides between equal times in listings. There are no indexes: one costs each
 * commit more than the record itself.
 */
export const TABLES = `
  create table selvage_lineage (id bigint not null, ${columnDefinitions(LINEAGE_COLUMNS)});
  create table selvage_runs (id bigint not null, ${columnDefinitions(RUN_COLUMNS)});`;

const MIGRATIONS: Migrations = {
  '0001-schema-c': `
  create table selvage_identity (identity varchar not null);
  insert into selvage_identity (identity) values (uuid()::varchar);
  ${TABLES.trim()}`,
};

/** Where unreleased builds kept the version of the tables. */
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

/** In UTC, whatever the session's time zone. */
function timestamp(name: string): string {
  return `make_timestamp((${name}_at * 1000)::bigint) as ${name}`;
}

/**
 * Creates the tables, or migrates them.
 *
 * @param migrations differs from the default in tests only
 * @throws SelvageError `UnreleasedData`, `SchemaTooNew`
 */
export async function migrate(
  connection: DuckDbConnectionLike,
  file: string,
  migrations = MIGRATIONS,
): Promise<void> {
  const { pending } = await readMigrationState(connection, file, migrations);
  if (pending.length === 0) return;
  await inTransaction(connection, async () => {
    for (const name of pending) await connection.runAndReadAll(migrationSql(migrations, name));
  });
}

/** @throws SelvageError `UnreleasedData`, `SchemaTooNew` */
export async function readMigrationState(
  connection: DuckDbConnectionLike,
  file: string,
  migrations = MIGRATIONS,
): Promise<MigrationState> {
  const where: MigratedLocation = {
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
