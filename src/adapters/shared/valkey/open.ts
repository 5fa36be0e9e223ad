import type { ConnectionOptions } from 'node:tls';
import { SelvageError } from '../../../errors';
import {
  DEFAULT_PREFIX,
  parseValkeyUrl,
  requireLifetime,
  requirePrefix,
  shownAddress,
  type ValkeyAddress,
} from './address';
import type { ValkeyClientLike } from './client-like';
import { ValkeyConnection, within } from './connection';
import { requireUsableServer } from './server';
import { warnOnce } from './warnings';

interface ValkeyLimits {
  /** How long to open a connection may take, in milliseconds. Default 5,000. */
  readonly connectTimeout?: number;
  /** How long a command may go without an answer, in milliseconds. Default 30,000. */
  readonly commandTimeout?: number;
}

export interface ValkeyUrlOptions extends ValkeyLimits {
  /**
   * `valkey://[user:password@]host[:port][/database][?prefix=NAME&ttl=30d]`, with `valkeys:` for TLS; `redis:` and `rediss:` say the same.
   * Default of the port: 6379, of the prefix: `selvage`, of the time to live: none.
   */
  readonly url: string;
  /** For `valkeys:`, as Node's `tls.connect` takes them: `ca`, `cert`, `key`, `servername`. */
  readonly tls?: ConnectionOptions;
}

export interface ValkeyClientOptions extends ValkeyLimits {
  /** A client of yours; it stays open when the adapter is closed. */
  readonly client: ValkeyClientLike;
  /** What all keys begin with, in braces. Default `selvage`. */
  readonly prefix?: string;
  /** Values are gone so many milliseconds after they were last put. Default: never. */
  readonly ttl?: number;
}

export type ValkeyOptions = ValkeyUrlOptions | ValkeyClientOptions;

const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 30_000;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Connects, and looks whether the server can be used: its version, and whether it takes writes. Warns once (`process.emitWarning`) where
 * the server does not keep what it is given.
 *
 * Errors: `InvalidUrl`, `MissingPackage`, `BackendUnavailable`.
 */
export async function openValkey(options: ValkeyOptions): Promise<ValkeyConnection> {
  return await reach(options, warnOnce);
}

/** As {@link openValkey}, without a warning. */
export async function reachValkey(options: ValkeyOptions): Promise<ValkeyConnection> {
  return await reach(options, async () => {});
}

async function reach(
  options: ValkeyOptions,
  look: (connection: ValkeyConnection) => Promise<void>,
): Promise<ValkeyConnection> {
  const { connectTimeout = CONNECT_TIMEOUT_MS } = options;
  const { client, connection, address } = 'client' in options ? given(options) : await connected(options);
  const opening = async (): Promise<void> => {
    if (address !== undefined) await enter(connection, address);
    await requireUsableServer(connection, client.isCluster === true);
    await look(connection);
  };
  try {
    await within(opening(), connectTimeout, connection.place);
    return connection;
  } catch (error) {
    connection.cut();
    throw error;
  }
}

/**
 * The client gives the password and chooses the database, too, also when it reconnects; but where that fails, it goes on as another user or
 * in the first database.
 */
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

function given({
  client,
  prefix = DEFAULT_PREFIX,
  ttl,
  commandTimeout = COMMAND_TIMEOUT_MS,
}: ValkeyClientOptions): Opened {
  const connection = new ValkeyConnection(client, {
    place: 'of the given client',
    prefix: requirePrefix(prefix),
    ttl: ttl === undefined ? 0 : requireLifetime(ttl),
    commandTimeout,
    owned: false,
  });
  return { client, connection };
}

async function connected(options: ValkeyUrlOptions): Promise<Opened> {
  const address = parseValkeyUrl(options.url);
  const client = await newClient(address, options);
  const connection = new ValkeyConnection(client, {
    place: shownAddress(address),
    prefix: address.prefix,
    ttl: address.ttl ?? 0,
    commandTimeout: options.commandTimeout ?? COMMAND_TIMEOUT_MS,
    owned: true,
  });
  return { client, connection, address };
}

async function newClient(
  { host, port, username, password, database, tls }: ValkeyAddress,
  {
    connectTimeout = CONNECT_TIMEOUT_MS,
    commandTimeout = COMMAND_TIMEOUT_MS,
    tls: tlsOptions = {},
  }: ValkeyUrlOptions,
): Promise<ValkeyClientLike> {
  const Client = await loadClient();
  return new Client({
    host,
    port,
    db: database,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: tlsOptions }),
    // Both kinds of IP address, as the system orders them.
    family: 0,
    familyFallback: { enabled: false },
    connectTimeout,
    // A connection over which nothing comes any more is given up, and made anew.
    socketTimeout: commandTimeout,
    keepAlive: 10_000,
    // One that waits for news is not closed by the server at once.
    disconnectTimeout: 50,
    retryStrategy: (attempt) =>
      Math.min(25 * 2 ** Math.min(attempt, 10), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2),
    // What was sent is not sent again: it may have been done. Whoever asked hears of it, and asks again.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A server that loads its data says so to each command.
    enableReadyCheck: false,
    connectionName: 'selvage',
  });
}

/** Loaded late: a process with other backends need not have it. */
async function loadClient(): Promise<typeof import('iovalkey').Redis> {
  try {
    // The class itself, whether by Node's own import or by one that was compiled to `require`.
    return (await import('iovalkey')).default as unknown as typeof import('iovalkey').Redis;
  } catch (error) {
    throw new SelvageError(
      'MissingPackage',
      'Valkey needs the package iovalkey, and it could not be loaded. Install it (`npm install iovalkey`), or give a client of ioredis.',
      { details: { package: 'iovalkey' }, cause: error },
    );
  }
}
