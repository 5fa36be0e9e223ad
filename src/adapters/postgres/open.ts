import { SelvageError } from '../../errors';
import { loadOptional } from '../../optional-package';
import { schemaTooOld } from '../sql/migrations';
import { parsePostgresUrl, shownPlace, type PostgresAddress } from './address';
import { connect, type ConnectionLimits } from './connections';
import { PostgresDatabase } from './database';
import { OLDEST_SERVER, selvageErrorOf } from './errors';
import { migrate, migratedPlace, readMigrationState } from './migrate';
import type { PostgresPoolLike } from './pool-like';

export type PostgresOptions = PostgresUrlOptions | PostgresPoolOptions;

interface CommonOptions {
  /**
   * Whether an old database is migrated when it is opened. Default true. False: it is refused with `SchemaTooOld`, and `selvage migrate`
   * must be run first.
   */
  readonly migrate?: boolean;
  /**
   * How long a statement may take, in milliseconds. Default 30,000. If no answer arrives within one more second, the connection counts as
   * lost.
   */
  readonly queryTimeoutMs?: number;
  /** How long to wait for a connection, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
}

export interface PostgresUrlOptions extends CommonOptions {
  /**
   * `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Selvage's parameters: `schema` (of the tables; created if missing), `migrate` (`false`:
   * as the option), `access` (`read`: for a user who may only read; runs on record are shown as they are), `max` (most connections, default 10). All others are pg's (`sslmode`, `sslrootcert`, …).
   */
  readonly url: string;
}

/** A pool that you have configured and will close. */
export interface PostgresPoolOptions extends CommonOptions {
  readonly pool: PostgresPoolLike;
}

const DEFAULT_CONNECTIONS = 10;
const DEFAULT_QUERY_TIMEOUT_MS = 30_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
/** An unused connection is closed after this time. Opening one takes longer than most statements. */
const IDLE_CONNECTION_MS = 60_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;

/** Errors: `InvalidUrl`, `BackendUnavailable`, `DiskFull`, `UnreleasedData`, `SchemaTooNew`, `SchemaTooOld`, `MissingPackage`. */
export function openPostgresDatabase(options: PostgresOptions): Promise<PostgresDatabase> {
  return 'pool' in options ? usePool(options) : openUrl(options);
}

/** Adapters on one pool share one database, so that a value and its record are committed together. */
const poolsInUse = new WeakMap<PostgresPoolLike, Promise<PostgresDatabase>>();

function usePool(options: PostgresPoolOptions): Promise<PostgresDatabase> {
  const { pool } = options;
  let database = poolsInUse.get(pool);
  if (database === undefined) {
    outliveLosses(pool);
    database = prepared(new PostgresDatabase(pool, placeOfPool(pool), limitsOf(options)), pool, {
      limits: limitsOf(options),
      mayMigrate: options.migrate ?? true,
      schema: undefined,
    });
    poolsInUse.set(pool, database);
    database.catch(() => poolsInUse.delete(pool));
  }
  return database;
}

async function openUrl(options: PostgresUrlOptions): Promise<PostgresDatabase> {
  const address = parsePostgresUrl(options.url);
  const limits = limitsOf(options);
  const pool = await makePool(address, limits);
  const database = new PostgresDatabase(pool, address.shown, limits, () => pool.end(), address.isReadOnly);
  try {
    return await prepared(database, pool, {
      limits,
      mayMigrate: options.migrate ?? address.migrate,
      schema: address.schema,
    });
  } catch (error) {
    await pool.end();
    throw error;
  }
}

type OwnPool = PostgresPoolLike & { end(): Promise<void> };

/** A pool with Selvage's settings. */
export async function makePool(address: PostgresAddress, limits: ConnectionLimits): Promise<OwnPool> {
  const { Client, Pool } = loadPg();
  const { queryTimeoutMs, connectTimeoutMs } = limits;
  const pool: OwnPool = new Pool({
    application_name: 'selvage',
    Client: endingInTime(Client),
    connectionString: address.connectionString,
    max: address.max ?? DEFAULT_CONNECTIONS,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: queryTimeoutMs,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(address.options !== undefined && { options: address.options }),
  });
  outliveLosses(pool);
  return pool;
}

/** How long the server may take to close an ended connection. */
const END_LIMIT_MS = 2_000;

/**
 * Connections whose end does not wait for a server that has vanished silently: otherwise each socket would keep the process alive for many
 * minutes after the pool is closed.
 */
function endingInTime(Client: typeof import('pg').Client): typeof import('pg').Client {
  return class extends Client {
    override end(): Promise<void>;
    override end(callback: (error: Error) => void): void;
    override end(callback?: (error: Error) => void): Promise<void> | void {
      const timer = setTimeout(() => this.connection.stream.destroy(), END_LIMIT_MS);
      this.once('end', () => clearTimeout(timer));
      return callback ? super.end(callback) : super.end();
    }
  };
}

/**
 * The pool drops lost connections and opens new ones when needed; without error listeners the process would end. Each connection has its
 * own listener from the start, too: between opening it and taking it the pool does not listen, and a shutdown message may arrive together
 * with the answer to connecting. The next user then learns of it by its first query.
 */
function outliveLosses(pool: PostgresPoolLike): void {
  pool.on('error', ignoreError);
  pool.on('connect', (client) => client.on('error', ignoreError));
}

function ignoreError(): void {}

export function limitsOf({
  queryTimeoutMs = DEFAULT_QUERY_TIMEOUT_MS,
  connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS,
}: CommonOptions): ConnectionLimits {
  return { queryTimeoutMs, connectTimeoutMs };
}

/** Checks the server's version, the tables and the rights to them. */
async function prepared(
  database: PostgresDatabase,
  pool: PostgresPoolLike,
  {
    limits,
    mayMigrate,
    schema,
  }: {
    readonly limits: ConnectionLimits;
    readonly mayMigrate: boolean;
    readonly schema: string | undefined;
  },
): Promise<PostgresDatabase> {
  const { place } = database;
  try {
    const connection = await connect(pool, limits);
    try {
      await requireVersion(connection, place);
      const state = await readMigrationState(connection, place);
      if (state.pending.length > 0) {
        if (!mayMigrate) throw schemaTooOld(state, migratedPlace(place));
        await migrate(connection, place, schema);
      }
      await requireRights(connection, place, database.isReadOnly);
    } finally {
      connection.release();
    }
    return database;
  } catch (error) {
    throw selvageErrorOf(error, place);
  }
}

type Queries = Pick<Awaited<ReturnType<typeof connect>>, 'query'>;

/** @throws SelvageError `BackendUnavailable` */
export async function requireVersion(connection: Queries, place: string): Promise<string> {
  const { rows } = await connection.query(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as version",
  );
  const { number, version } = rows[0] as { number: number; version: string };
  if (number >= OLDEST_SERVER * 10_000) return version;
  throw new SelvageError(
    'BackendUnavailable',
    `${place.charAt(0).toUpperCase()}${place.slice(1)} is on PostgreSQL ${version}. Selvage needs version ${OLDEST_SERVER} or later.`,
    { details: { place, version } },
  );
}

/**
 * A user with read access only would fail at the first commit, in the middle of a run.
 *
 * @throws SelvageError `BackendUnavailable`
 */
export async function requireRights(connection: Queries, place: string, isReadOnly = false): Promise<void> {
  const { rows } = await connection.query(
    `select current_setting('transaction_read_only') = 'on' as read_only,
       has_table_privilege('selvage_lineage', 'select, insert')
       and has_table_privilege('selvage_values', 'update') and has_table_privilege('selvage_values', 'delete') as may_write,
       has_table_privilege('selvage_lineage', 'select') and has_table_privilege('selvage_values', 'select') as may_read`,
  );
  const { read_only, may_write, may_read } = rows[0] as Record<string, boolean>;
  if (isReadOnly && may_read) return;
  if (may_write && !read_only) return;
  const code = read_only ? '25006' : '42501';
  throw selvageErrorOf(
    Object.assign(new Error(read_only ? 'transactions are read-only' : 'no right to write'), { code }),
    place,
  );
}

/** The pool's own description, if it is one of pg's. */
function placeOfPool(pool: PostgresPoolLike): string {
  const { options } = pool as { options?: Readonly<Record<string, unknown>> };
  const text = (name: string): string | undefined => {
    const value = options?.[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const connectionString = text('connectionString');
  if (connectionString !== undefined) {
    try {
      return parsePostgresUrl(connectionString).shown;
    } catch {
      return 'the database of the given pool';
    }
  }
  const parts = { host: text('host'), port: text('port'), database: text('database'), user: text('user') };
  return parts.host === undefined && parts.database === undefined
    ? 'the database of the given pool'
    : shownPlace(parts);
}

/** Loaded late: a process with other backends need not have it. */
function loadPg(): typeof import('pg') {
  return loadOptional('pg', { by: 'Postgres', instead: 'Or give a pool of yours.' });
}
