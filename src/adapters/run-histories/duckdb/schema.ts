import { randomUUID } from 'node:crypto';
import { SelvageError } from '../../../errors';
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

/** One a version, in order: what is done to the tables of the version before. */
const MIGRATIONS: readonly string[] = [TABLES];

export const NEWEST_VERSION = MIGRATIONS.length;

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
 * @throws SelvageError `SchemaTooNew`
 */
export async function migrate(connection: DuckDbConnectionLike, file: string): Promise<void> {
  const version = await versionOf(connection);
  refuseNewer(version, file);
  if (version === NEWEST_VERSION) return;
  await connection.runAndReadAll('begin');
  try {
    if (version === 0) {
      await connection.runAndReadAll('create table selvage_schema (version bigint, identity varchar)');
      await connection.runAndReadAll('insert into selvage_schema values (0, ?)', [randomUUID()]);
    }
    for (const migration of MIGRATIONS.slice(version)) await connection.runAndReadAll(migration);
    await connection.runAndReadAll(`update selvage_schema set version = ${NEWEST_VERSION}`);
    await connection.runAndReadAll('commit');
  } catch (error) {
    await connection.runAndReadAll('rollback').catch(() => undefined);
    throw error;
  }
}

/** 0: it has no tables of ours. */
export async function versionOf(connection: DuckDbConnectionLike): Promise<number> {
  const tables = await connection.runAndReadAll(
    "select 1 as one from duckdb_tables() where table_name = 'selvage_schema' and not internal",
  );
  if (tables.getRowObjectsJS().length === 0) return 0;
  const rows = await connection.runAndReadAll('select version from selvage_schema');
  return Number(rows.getRowObjectsJS()[0]?.['version'] ?? 0);
}

export function refuseNewer(version: number, file: string): void {
  if (version <= NEWEST_VERSION) return;
  throw new SelvageError(
    'SchemaTooNew',
    `The run history ${file} has tables of version ${version}, and this version of Selvage knows them up to ${NEWEST_VERSION}. Update Selvage, or name another file.`,
    { details: { file, version } },
  );
}
