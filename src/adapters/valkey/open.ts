import type { ConnectionOptions } from 'node:tls';
import { loadOptional } from '../../node/optional-package';
import { inTime } from '../../ports/parts/pause';
import {
  DEFAULT_PREFIX,
  parseValkeyUrl,
  requireLifetime,
  requirePrefix,
  shownAddress,
  type ValkeyAddress,
} from './address';
import type { ValkeyClientLike } from './client-like';
import { ValkeyConnection } from './connection';
import { noAnswer } from './errors';
import { requireUsableServer } from './server';
import { warnOnce } from './warnings';
import { durationOption, type Duration } from '../../values/duration';
import { backOff, type BackOff } from '../../values/back-off';

interface ValkeyLimits {
  /** Default 5 s. */
  readonly connectTimeout?: Duration;
  /** The limit for the answer to a command. Default 30 s. */
  readonly commandTimeout?: Duration;
}

interface ValkeyUrlOptions extends ValkeyLimits {
  /**
   * A URL `valkey://[user:password@]host[:port][/database][?prefix=NAME&ttl=30d]`, with `valkeys:` for TLS; the schemes
   * `redis:` and `rediss:` mean the same. The defaults are port 6379, prefix `selvage`, no time to live.
   */
  readonly url: string;
  /** For `valkeys:`, options of Node's `tls.connect`, such as `ca`, `cert`, `key`, `servername`. */
  readonly tls?: ConnectionOptions;
}

interface ValkeyClientOptions extends ValkeyLimits {
  /** Your own client; it stays open when the adapter is closed. */
  readonly client: ValkeyClientLike;
  /** The beginning of all keys, in braces. Default `selvage`. */
  readonly prefix?: string;
  /** The time that a value lasts after its last put. Default: forever. */
  readonly ttl?: Duration;
}

export type ValkeyOptions = ValkeyUrlOptions | ValkeyClientOptions;

const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 30_000;
const RECONNECT: BackOff = { base: 50, max: 2_000, jitter: 0.5 };

/**
 * Connects, checks the server's version and that it accepts writes, and warns once (`process.emitWarning`) if the
 * server may lose data. Throws `InvalidUrl`, `MissingPackage`, `BackendUnavailable`.
 */
export async function openValkey(options: ValkeyOptions): Promise<ValkeyConnection> {
  return await reach(options, warnOnce);
}

export async function reachValkey(options: ValkeyOptions): Promise<ValkeyConnection> {
  return await reach(options, async () => {});
}

async function reach(
  options: ValkeyOptions,
  look: (connection: ValkeyConnection) => Promise<void>,
): Promise<ValkeyConnection> {
  const limits = limitsOf(options);
  const { client, connection, address } =
    'client' in options ? given(options, limits) : await connected(options, limits);
  const opening = async (): Promise<void> => {
    if (address !== undefined) await enter(connection, address);
    await requireUsableServer(connection, client.isCluster === true);
    await look(connection);
  };
  try {
    await inTime(opening(), limits.connectTimeout, () => noAnswer(connection.place, limits.connectTimeout));
    return connection;
  } catch (error) {
    connection.cut();
    throw error;
  }
}

/** After a failed login or selection, the client would go on as another user, or in the first database. */
async function enter(
  connection: ValkeyConnection,
  { username = 'default', password, database }: ValkeyAddress,
): Promise<void> {
  if (password !== undefined) await connection.command('auth', username, password);
  if (database !== 0) await connection.command('select', database);
}

interface Opened {
  readonly client: ValkeyClientLike;
  readonly connection: ValkeyConnection;
  readonly address?: ValkeyAddress;
}

/** In milliseconds. */
type Limits = Readonly<Record<keyof ValkeyLimits, number>>;

function limitsOf({ connectTimeout, commandTimeout }: ValkeyLimits): Limits {
  return {
    connectTimeout: durationOption('connectTimeout', connectTimeout ?? CONNECT_TIMEOUT_MS),
    commandTimeout: durationOption('commandTimeout', commandTimeout ?? COMMAND_TIMEOUT_MS),
  };
}

function given(options: ValkeyClientOptions, { commandTimeout }: Limits): Opened {
  const { client, prefix = DEFAULT_PREFIX } = options;
  const ttl = durationOption('ttl', options.ttl);
  const connection = new ValkeyConnection(client, {
    place: 'of the given client',
    prefix: requirePrefix(prefix),
    ttl: ttl === undefined ? 0 : requireLifetime(ttl),
    commandTimeout,
    owned: false,
  });
  return { client, connection };
}

async function connected({ url, tls }: ValkeyUrlOptions, limits: Limits): Promise<Opened> {
  const address = parseValkeyUrl(url);
  const client = await newClient(address, limits, tls);
  const connection = new ValkeyConnection(client, {
    place: shownAddress(address),
    prefix: address.prefix,
    ttl: address.ttl ?? 0,
    commandTimeout: limits.commandTimeout,
    owned: true,
  });
  return { client, connection, address };
}

async function newClient(
  { host, port, username, password, database, tls }: ValkeyAddress,
  { connectTimeout, commandTimeout }: Limits,
  tlsOptions: ValkeyUrlOptions['tls'] = {},
): Promise<ValkeyClientLike> {
  const { Redis } = loadOptional<typeof import('iovalkey')>('iovalkey', {
    by: 'Valkey',
    instead: 'Or give a client of ioredis.',
  });
  return new Redis({
    host,
    port,
    db: database,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: tlsOptions }),
    // Addresses are IPv4 or IPv6, in the order of the system.
    family: 0,
    familyFallback: { enabled: false },
    connectTimeout,
    // Keep-alive detects dead connections, which are then replaced.
    socketTimeout: commandTimeout,
    keepAlive: 10_000,
    // The server does not close a blocking connection at once.
    disconnectTimeout: 50,
    retryStrategy: (attempt) => backOff(RECONNECT, attempt - 1, Math.random()),
    // Commands are not resent, since the server may have executed them. The caller may repeat a command.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A server that is still loading its data refuses each command with that reason.
    enableReadyCheck: false,
    connectionName: 'selvage',
  });
}
