import { SelvageError, capitalized } from '../../errors';

/**
 * The statements that created the tables of a database and changed them since: SQL text by name. The names begin with numbers and are
 * ordered by them. A released migration never changes.
 */
export type Migrations = Readonly<Record<string, string>>;

export const MIGRATION_TABLE = 'selvage_migrations';

/** The done and the pending migrations of a database, both in order. */
export interface MigrationState {
  readonly done: readonly string[];
  readonly pending: readonly string[];
}

/**
 * State of an inspected location. `absent`: it will be created at first use. `old`: its tables will be
 * migrated then.
 */
export type LocationState = 'absent' | 'old' | 'current';

/** A database, in words for messages. */
export interface MigratedLocation {
  /** Such as `the database …`. */
  readonly place: string;
  /** A sentence that says how to remove the existing tables, or to use another place. */
  readonly startAnew: string;
}

/**
 * @param done names in the table of migrations; empty if there is none
 * @throws SelvageError `UnreleasedData`, `SchemaTooNew`
 */
export function migrationState(
  done: readonly string[],
  migrations: Migrations,
  where: MigratedLocation,
): MigrationState {
  const known = Object.keys(migrations);
  // Every release has the same first migration. Before the first release it changed, and its name with it.
  if (done.length > 0 && !done.includes(known[0]!)) throw unreleasedData(where);
  const unknown = done.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw schemaTooNew(unknown, where);
  return { done: [...done].sort(), pending: known.filter((name) => !done.includes(name)) };
}

/** One migration, with the note that it was made. Pending ones must be run in one transaction. */
export function migrationSql(migrations: Migrations, name: string): string {
  return `create table if not exists ${MIGRATION_TABLE} (name text not null primary key, timestamp text not null);

${migrations[name]!.trim()}

insert into ${MIGRATION_TABLE} (name, timestamp) values ('${name}', cast(current_timestamp as text));`;
}

export function unreleasedData({ place, startAnew }: MigratedLocation): SelvageError {
  return new SelvageError(
    'UnreleasedData',
    `${capitalized(place)} was made by an unreleased build of Selvage, and no release can use what is in it. Nothing was changed. ${startAnew}`,
    { details: { place } },
  );
}

function schemaTooNew(unknown: readonly string[], { place }: MigratedLocation): SelvageError {
  return new SelvageError(
    'SchemaTooNew',
    `${capitalized(place)} was written by a newer version of Selvage (it has the migrations ${unknown.join(', ')}). ` +
      'Use that version, or name another database.',
    { details: { place, migrations: unknown } },
  );
}

/** The error for an opening that must not migrate. */
export function schemaTooOld({ pending }: MigrationState, { place }: MigratedLocation): SelvageError {
  return new SelvageError(
    'SchemaTooOld',
    `${capitalized(place)} lacks migrations of this version of Selvage (${pending.join(', ')}), and its address forbids to make them (migrate=false or access=read). ` +
      'Run `selvage migrate` with a user who may change tables.',
    { details: { place, migrations: pending } },
  );
}
