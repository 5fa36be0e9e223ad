import { SelvageError, capitalized } from '../../errors';

/** The SQL text of migrations by name, in order; names begin with numbers. A released migration never changes. */
export type Migrations = Readonly<Record<string, string>>;

export const MIGRATION_TABLE = 'selvage_migrations';

export interface MigrationState {
  readonly done: readonly string[];
  readonly pending: readonly string[];
}

/** `absent`: the location will be created at first use; `old`: the location's tables will be migrated at first use. */
export type LocationState = 'absent' | 'old' | 'current';

export interface MigratedLocation {
  /** For messages: `the database …`. */
  readonly place: string;
  /** A sentence that says how to remove the existing tables, or to use another place. */
  readonly startAnew: string;
}

/** @param done the names in the table of migrations. Throws `UnreleasedData`, `SchemaTooNew` */
export function migrationState(
  done: readonly string[],
  migrations: Migrations,
  where: MigratedLocation,
): MigrationState {
  const known = Object.keys(migrations);
  // All releases have the same first migration. Before the first release, changes gave the first migration a new name.
  if (done.length > 0 && !done.includes(known[0]!)) throw unreleasedData(where);
  const unknown = done.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw schemaTooNew(unknown, where);
  return { done: [...done].sort(), pending: known.filter((name) => !done.includes(name)) };
}

/** A migration with its entry in the table. Pending migrations must run in one transaction. */
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

/** Refuses an opening that must not migrate. */
export function schemaTooOld({ pending }: MigrationState, { place }: MigratedLocation): SelvageError {
  return new SelvageError(
    'SchemaTooOld',
    `${capitalized(place)} lacks migrations of this version of Selvage (${pending.join(', ')}), and its address forbids to make them (migrate=false or access=read). ` +
      'Run `selvage migrate` with a user who may change tables.',
    { details: { place, migrations: pending } },
  );
}
