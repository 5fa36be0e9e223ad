import { locatedBackends, type BackendLocation, type LocateBackendsOptions } from './locate';

/** The state of one location, and the changes by `selvage migrate`. */
export interface MigrationReport extends BackendLocation {
  /** The backends in this location. */
  readonly backends: readonly ('store' | 'history' | 'data' | 'ledger')[];
  /** Whether the location has tables, and so migrations. */
  readonly hasTables: boolean;
  /** Names of the finished migrations, and of the pending ones. */
  readonly done: readonly string[];
  readonly pending: readonly string[];
  /** The names of the migrations that this call made. */
  readonly migrated: readonly string[];
  /** The SQL of the pending migrations, in mode `dry-run`. */
  readonly statements?: readonly { readonly migration: string; readonly sql: string }[];
}

interface MigrateBackendsOptions extends LocateBackendsOptions {
  /** The mode `status` only looks, `dry-run` also returns the SQL, `migrate` (default) makes the pending migrations. */
  readonly mode?: 'status' | 'dry-run' | 'migrate';
}

/**
 * Brings the tables of the environment's backends to the current version, or reports the pending migrations.
 *
 * @throws SelvageError `InvalidUrl`, `UnreleasedData`, `SchemaTooNew`, and errors of opening a location
 */
export async function migrateBackends({ mode = 'migrate', ...options }: MigrateBackendsOptions = {}): Promise<
  MigrationReport[]
> {
  const located = locatedBackends(options);
  const reports = new Map<string, MigrationReport>();
  for (const backend of ['store', 'history', 'data', 'ledger'] as const) {
    const found = located[backend];
    if (!found) continue;
    const { technology, place, variable } = found;
    const { key, ...shown } = place;
    const known = reports.get(key);
    if (known) {
      reports.set(key, { ...known, backends: [...known.backends, backend] });
      continue;
    }
    const report = { ...shown, ...(variable !== undefined && { variable }), backends: [backend] };
    const { migrations } = technology;
    if (migrations === undefined) {
      reports.set(key, { ...report, hasTables: false, done: [], pending: [], migrated: [] });
      continue;
    }
    const migrated = mode === 'migrate' ? await migrations.migrate(place) : [];
    const { done, pending } = await migrations.state(place);
    const statements =
      mode === 'dry-run'
        ? pending.map((migration) => ({ migration, sql: migrations.sql(migration) }))
        : undefined;
    reports.set(key, {
      ...report,
      hasTables: true,
      done,
      pending,
      migrated,
      ...(statements && { statements }),
    });
  }
  return [...reports.values()];
}
