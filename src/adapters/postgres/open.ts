import { SelvageError } from '../../errors';
import { loadOptional } from '../../node/optional-package';
import { schemaTooOld } from '../sql/migrations';
import { parsePostgresUrl, shownPlace, type PostgresAddress } from './address';
import type { connect, ConnectionLimits } from './connections';
import { PostgresDatabase } from './database';
import { OLDEST_SERVER, selvageErrorOf } from './errors';
import { migrate, migratedPlace, readMigrationState } from './migrate';
import type { PostgresPoolLike } from './pool-like';

export type PostgresOptions = PostgresUrlOptions | PostgresPoolOptions;

interface CommonOptions {
  /** Whether to migrate an old database (default) or to refuse it with `SchemaTooOld`. */
  readonly migrate?: boolean;
  /** Limit for a statement in milliseconds. Default 30,000. A second later, a silent connection counts as lost. */
  readonly queryTimeoutMs?: number;
  /** How long to wait for a connection, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
}

export interface PostgresUrlOptions extends CommonOptions {
  /**
   * A URL `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with parameters of Selvage and of pg (`sslmode`, …). `schema`:
   * the schema of the tables, created if missing. `migrate=false`: as the option `migrate`. `access=read`: for a user
   * who may only read; the process shows runs as recorded. `max`: the most connections, 10 by default.
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
/** After this time, an unused connection is closed. Opening a connection takes longer than most statements. */
const IDLE_CONNECTION_MS = 60_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;

/**
 * Throws `InvalidUrl`, `BackendUnavailable`, `DiskFull`, `UnreleasedData`, `SchemaTooNew`, `SchemaTooOld`,
 * `MissingPackage`.
 */
export function openPostgresDatabase(options: PostgresOptions): Promise<PostgresDatabase> {
  return 'pool' in options ? usePool(options) : openUrl(options);
}

/** Adapters on one pool share one database, so that they can commit a value with its record. */
const poolsInUse = new WeakMap<PostgresPoolLike, Promise<PostgresDatabase>>();

function usePool(options: PostgresPoolOptions): Promise<PostgresDatabase> {
  const { pool } = options;
  let database = poolsInUse.get(pool);
  if (database === undefined) {
    outliveLosses(pool);
    database = prepared(
      new PostgresDatabase(pool, placeOfPool(pool), limitsOf(options)),
      options.migrate ?? true,
    );
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
    return await prepared(database, options.migrate ?? address.migrate, address.schema);
  } catch (error) {
    await pool.end();
    throw error;
  }
}

type OwnPool = PostgresPoolLike & { end(): Promise<void> };

export async function makePool(address: PostgresAddress, limits: ConnectionLimits): Promise<OwnPool> {
  const { Client, Pool } = loadOptional<typeof import('pg')>('pg', {
    by: 'Postgres',
    instead: 'Or give a pool of yours.',
  });
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

const END_LIMIT_MS = 2_000;

/** Closing does not wait for a server that vanished, as its sockets would keep the process alive for minutes. */
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
 * Without error listeners, a lost connection would end the process; the pool replaces it. Each connection has its own
 * listener too: the pool does not listen between opening and handing it out, and a shutdown message may come then.
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

async function prepared(
  database: PostgresDatabase,
  mayMigrate: boolean,
  schema?: string,
): Promise<PostgresDatabase> {
  const { place } = database;
  try {
    const connection = await database.connect();
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

/** Throws `BackendUnavailable`. */
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

/** The check comes first, as a user with read access only would fail at the first commit, in the middle of a run. */
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
