import { locatedBackends, type BackendPlace, type LocateBackendsOptions } from './locate';

/** What `selvage migrate` found in one place, or did there. */
export interface MigrationReport extends BackendPlace {
  /** Which of the three are there. */
  readonly backends: readonly ('store' | 'history' | 'data')[];
  /** The place has tables, and migrations. */
  readonly hasTables: boolean;
  /** Names of the migrations that it has had, and of those that it is still to have. */
  readonly done: readonly string[];
  readonly pending: readonly string[];
  /** What was done now. */
  readonly migrated: readonly string[];
  /** The SQL of the pending ones, where that was asked for. */
  readonly statements?: readonly { readonly migration: string; readonly sql: string }[];
}

export interface MigrateBackendsOptions extends LocateBackendsOptions {
  /** `status`: only looks. `dry-run`: looks and tells the statements. Default `migrate`: does what is pending. */
  readonly mode?: 'status' | 'dry-run' | 'migrate';
}

/**
 * Brings the tables of the backends of the environment to the present version, or looks what there is to do.
 *
 * @throws SelvageError `InvalidUrl`, `UnreleasedData`, `SchemaTooNew`, and what is wrong with a place that cannot be opened
 */
export async function migrateBackends({ mode = 'migrate', ...options }: MigrateBackendsOptions = {}): Promise<
  MigrationReport[]
> {
  const located = locatedBackends(options);
  const reports = new Map<string, MigrationReport>();
  for (const backend of ['store', 'history', 'data'] as const) {
    const { technology, place, variable } = located[backend];
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
