import { SelvageError } from '../../../errors';

/** The table that says which migrations a database has had. */
export const MIGRATION_TABLE = 'selvage_migrations';

/** Which migrations a database has had, and which it is still to have, both in their order. */
export interface MigrationState {
  readonly done: readonly string[];
  readonly pending: readonly string[];
}

/**
 * @param known names of the migrations of this version
 * @throws SelvageError `SchemaTooNew`
 */
export function migrationState(
  done: readonly string[],
  known: readonly string[],
  place: string,
): MigrationState {
  const unknown = done.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw schemaTooNew(unknown, place);
  return { done: [...done].sort(), pending: known.filter((name) => !done.includes(name)).sort() };
}

function schemaTooNew(unknown: readonly string[], place: string): SelvageError {
  return new SelvageError(
    'SchemaTooNew',
    `${place.charAt(0).toUpperCase()}${place.slice(1)} was written by a newer version of Selvage (it has the migrations ${unknown.join(', ')}). ` +
      'Use that version, or name another database.',
    { details: { place, migrations: unknown } },
  );
}

/** For who was told not to migrate. */
export function schemaTooOld({ pending }: MigrationState, place: string): SelvageError {
  return new SelvageError(
    'SchemaTooOld',
    `${place.charAt(0).toUpperCase()}${place.slice(1)} lacks migrations of this version of Selvage (${pending.join(', ')}), and its address says migrate=false. ` +
      'Run `selvage migrate` with a user who may change tables.',
    { details: { place, migrations: pending } },
  );
}
