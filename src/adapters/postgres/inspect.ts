import { migrationSql, schemaTooOld, type LocationState, type MigrationState } from '../sql/migrations';
import { parsePostgresUrl, type PostgresAddress } from './address';
import { connect, type PostgresConnection } from './connections';
import { selvageErrorOf } from './errors';
import { migrate, migratedPlace, readMigrationState } from './migrate';
import { MIGRATIONS } from './migrations';
import { limitsOf, makePool, requireRights, requireVersion } from './open';

/** The limit is short, because somebody waits at a terminal. */
const LIMIT_MS = 5_000;

/**
 * Inspects a database without changes, for some seconds at most. The state is never `absent` or `old` if the address
 * says `migrate=false`.
 *
 * @throws SelvageError `InvalidUrl`, `BackendUnavailable` (unreachable, too old, or not writable by this user),
 *   `UnreleasedData`, `SchemaTooNew`, `SchemaTooOld`, `MissingPackage`
 */
export function inspectPostgres(url: string): Promise<LocationState> {
  return inOneConnection(url, async (connection, { shown, isReadOnly, migrate: mayMigrate }) => {
    const state = await readMigrationState(connection, shown);
    const { done, pending } = state;
    if (pending.length > 0 && !mayMigrate) throw schemaTooOld(state, migratedPlace(shown));
    if (done.length === 0) return 'absent';
    await requireRights(connection, shown, isReadOnly);
    return pending.length === 0 ? 'current' : 'old';
  });
}

/** Throws the errors of {@link inspectPostgres}. */
export function postgresMigrationState(url: string): Promise<MigrationState> {
  return inOneConnection(url, (connection, { shown }) => readMigrationState(connection, shown));
}

/** Migrates the tables, even with `migrate=false` in the address. Throws the errors of {@link inspectPostgres}. */
export function migratePostgres(url: string): Promise<string[]> {
  return inOneConnection(url, (connection, { shown, schema }) => migrate(connection, shown, schema));
}

export function postgresMigrationSql(name: string): string {
  return migrationSql(MIGRATIONS, name);
}

async function inOneConnection<T>(
  url: string,
  work: (connection: PostgresConnection, address: PostgresAddress) => Promise<T>,
): Promise<T> {
  const address = parsePostgresUrl(url);
  const limits = limitsOf({ queryTimeoutMs: LIMIT_MS, connectTimeoutMs: LIMIT_MS });
  const pool = await makePool({ ...address, max: 1 }, limits);
  try {
    const connection = await connect(pool, limits);
    try {
      await requireVersion(connection, address.shown);
      return await work(connection, address);
    } finally {
      connection.release();
    }
  } catch (error) {
    throw selvageErrorOf(error, address.shown);
  } finally {
    await pool.end();
  }
}
