import { LINEAGE, RUN } from '../../ports';
import type { Column } from '../../ports/columns';
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
import { inTransaction } from './transaction';

/** `id` grows with each record and orders equal times. An index would cost a commit more than the record itself. */
export const MIGRATIONS: Migrations = {
  '0001-schema-c': `
  create table selvage_identity (identity varchar not null);
  insert into selvage_identity (identity) values (uuid()::varchar);
  create table selvage_lineage (id bigint not null, run_id varchar, temporal_run_id varchar, knot_id varchar, definition varchar,
    definition_version varchar, code_hash varchar, knot_config_hash varchar, parent_input_hashes varchar, constant_input_hashes varchar,
    parent_knot_ids varchar, output_hash varchar, output_size bigint, outcome varchar, skip_reason varchar, error_record_id varchar,
    cached_from_run varchar, cache_key varchar, dispatcher varchar, task_queue varchar, worker varchar, attempt bigint,
    scheduled_at double, started_at double, finished_at double, extra varchar);
  create table selvage_runs (id bigint not null, run_id varchar, temporal_run_id varchar, tapestry varchar, plan_hash varchar,
    parameter_hashes varchar, terminals varchar, status varchar, actor varchar, trigger varchar, trigger_key varchar, partition varchar,
    tags varchar, vcs_commit varchar, parent_run_id varchar, started_at double, finished_at double, details varchar);`,
};

/** The table in which unreleased builds kept the version of the tables. */
const UNRELEASED_TABLE = 'selvage_schema';

/** Views for users' queries: the fields of the records, also times as timestamps, objects as JSON, tags as lists. */
export const VIEWS = `
  create or replace temp view lineage as
    select ${shownColumns(LINEAGE.columns)}, ${['scheduled', 'started', 'finished'].map(timestamp).join(', ')} from selvage_lineage;
  create or replace temp view runs as
    select ${shownColumns(RUN.columns)}, ${['started', 'finished'].map(timestamp).join(', ')} from selvage_runs;`;

function shownColumns(columns: readonly Column[]): string {
  return columns
    .map(({ name, kind }) => {
      if (name === 'tags') return `from_json(tags, '["VARCHAR"]') as tags`;
      return kind === 'json' ? `${name}::json as ${name}` : name;
    })
    .join(', ');
}

/** A timestamp in UTC, whatever the session's time zone. */
function timestamp(name: string): string {
  return `make_timestamp((${name}_at * 1000)::bigint) as ${name}`;
}

/** Creates the tables, or migrates them. Tests pass their own migrations. Throws `UnreleasedData`, `SchemaTooNew`. */
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

/** Throws `UnreleasedData`, `SchemaTooNew`. */
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
