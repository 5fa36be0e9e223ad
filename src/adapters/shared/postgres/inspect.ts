import { parsePostgresUrl } from './address';
import { connect } from './connections';
import { selvageErrorOf } from './errors';
import { readMigrationState } from './migrate';
import { limitsOf, makePool, requireRights, requireVersion } from './open';

/** Somebody waits at a terminal. */
const LIMIT_MS = 5_000;

/** `absent`: its tables will be made at the first use; `old`: they will be brought up to date then. */
export type PostgresState = 'absent' | 'old' | 'current';

/**
 * Looks at a database without changing anything, for some seconds at most.
 *
 * @throws SelvageError `InvalidUrl`, `BackendUnavailable` (out of reach, of an old version, or not to be written by this user), `SchemaTooNew`,
 * `MissingPackage`
 */
export async function inspectPostgres(url: string): Promise<PostgresState> {
  const address = parsePostgresUrl(url);
  const limits = limitsOf({ queryTimeoutMs: LIMIT_MS, connectTimeoutMs: LIMIT_MS });
  const pool = await makePool({ ...address, max: 1 }, limits);
  try {
    const connection = await connect(pool, limits);
    try {
      await requireVersion(connection, address.shown);
      const { done, pending } = await readMigrationState(connection, address.shown);
      if (done.length === 0) return 'absent';
      await requireRights(connection, address.shown);
      return pending.length === 0 ? 'current' : 'old';
    } finally {
      connection.release();
    }
  } catch (error) {
    throw selvageErrorOf(error, address.shown);
  } finally {
    await pool.end();
  }
}
