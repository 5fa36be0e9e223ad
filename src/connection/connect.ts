import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type Connection, type ConnectionOptions, type DataConverter } from '@temporalio/client';
import { clockTrouble, openBackends } from '../backends';
import { chosenInlineLimit } from '../runtime';
import type { LoggerLike } from '../authoring/knot-context';
import { openToOthers } from '../node/private-files';
import { projectFolder } from '../node/project-folder';
import type { Backends } from '../ports';
import { encryptionFromEnvironment, type Encryption } from '../encryption/encryption';
import { sealingConverter } from '../encryption/payload-codec';
import { encryptionOf, sealBackends } from '../encryption/seal-backends';
import { EmbeddedServer, type EmbeddedServerOptions } from '../server';
import { runLimits, type RunLimits } from '../workflows/run-limits';
import { notConnected, requireNamespace } from './connection-errors';
import { chosenPriority } from './fairness-key';
import { openConnection } from './open-connection';
import type { OutageOptions } from './outages';
import { chosenServer, embeddedOptions, type ServerChoice } from './server-address';

export interface ConnectOptions extends ServerChoice, OutageOptions {
  /** Stores that stay open on `close()`; if omitted, they are opened from `SELVAGE_*`, else the project's own. */
  readonly backends?: Backends;
  /** Task queue of all runs and workers of this client; if omitted, each tapestry's own. */
  readonly taskQueue?: string;
  /**
   * Key of this client's runs, their knots and child runs for fair sharing of a task queue: a full queue
   * hands out tasks of each key in turn. One line of at most 64 bytes, such as the name of a team. The key takes effect
   * on servers with `matching.enableFairness`. Workers start the runs of backfills and streams, with the key of their
   * environment. Default: `SELVAGE_FAIRNESS_KEY`, else none.
   */
  readonly fairnessKey?: string;
  /**
   * Folder whose `.selvage` holds the embedded server and the default backends; default: the nearest folder
   * with a `.selvage`, else the working directory. The search for it goes up from the working directory to the first
   * folder with a `.git`, and stops below the home folder.
   */
  readonly projectDir?: string;
  /** Makes the embedded server survive power cuts, too. Default false. */
  readonly durable?: boolean;
  /** Port of the embedded server; if omitted, the port used last in this project if it is free, else a free one. */
  readonly port?: number;
  /**
   * Makes the embedded server serve Temporal's web page. The page asks for no password, and pages of other
   * sites in a browser of this machine can call it. Default false.
   */
  readonly temporalUi?: boolean;
  /**
   * Largest value, in encoded bytes, that travels in Temporal's history. Larger parameters, payloads of
   * signals and results of this client's worker go into the data store. 0 keeps all values out. Give workers the same
   * limit. The default limit is `SELVAGE_INLINE_LIMIT`; if that is unset, parameters always travel, and other values up
   * to 2,048 bytes.
   */
  readonly inlineLimit?: number;
  /**
   * Seals values in the data store and payloads in Temporal's history; `false` seals nothing. Default: the
   * encryption of the given backends, else the keys of `SELVAGE_KEYS` or `SELVAGE_KEY_FILE`, if there are
   * any.
   */
  readonly encryption?: Encryption | false;
  /** Converter of Temporal's client, and of the worker of `open`. Your codecs are applied before payloads are sealed. */
  readonly dataConverter?: DataConverter;
  /**
   * Receives warnings and notes on slow steps, such as an installation of the server. With `Selvage.open`,
   * also what bodies write to `ctx.logger`, the start and end of runs, and warnings of Temporal's SDK. A
   * logger of pino, or of its shape, `(fields, message)`; default: lines on stderr, from `info` on for
   * bodies. Nothing is ever written to stdout.
   */
  readonly logger?: LoggerLike;
  /** @internal Like `logger`, for the command line, which shows slow steps in a line of its own. */
  readonly log?: (message: string) => void;
  /** @internal Limits of the runs that this client starts, for tests. */
  readonly runLimits?: Partial<RunLimits>;
}

/** Server and namespace of a client: the first line of every command names them. */
export interface ServerLocation {
  readonly address: string;
  readonly namespace: string;
  /** The address's origin: `embedded`, or the place where it was given. */
  readonly source: string;
  /** Address of Temporal's web page, if the embedded server serves it. */
  readonly uiUrl?: string;
}

/** The connection and stores of a client. */
export interface Connected {
  readonly client: Client;
  /** Options of the connection, for a worker that connects likewise. */
  readonly connection: ConnectionOptions;
  /** Seals backends and payloads. */
  readonly encryption: Encryption | undefined;
  readonly backends: Backends;
  readonly place: ServerLocation;
  readonly projectDir: string;
  readonly server: EmbeddedServer | undefined;
}

/** Finds or starts the server, connects, and opens the backends. If a step fails, closes what it has opened. */
export async function connectTo(options: ConnectOptions, hasWorker = false): Promise<Connected> {
  chosenInlineLimit(options.inlineLimit, process.env);
  chosenPriority(options.fairnessKey, process.env);
  runLimits(options.runLimits);
  const chosen = chosenServer(options);
  const projectDir = projectFolder(options.projectDir);
  const log = logOf(options);
  let server: EmbeddedServer | undefined;
  let connection: Connection | undefined;
  try {
    if (!chosen) {
      server = await EmbeddedServer.acquire({ ...embeddedOptions({ ...options, projectDir }), log });
    }
    const address = chosen?.address ?? server!.address;
    const namespace = chosen?.namespace ?? options.namespace ?? server!.namespace;
    const reach = chosen?.connection ?? { address };
    connection = await connect(reach, address);
    // The embedded server is known to have its own namespace.
    if (chosen || namespace !== server?.namespace) await requireNamespace(connection, namespace, address);
    const encryption = chosenEncryption(options, projectDir);
    const opened =
      options.backends ??
      (await openBackends({ projectDir, encryption: encryption ?? false, openLate: !hasWorker }));
    const backends = encryption ? sealBackends(opened, encryption) : opened;
    const dataConverter = sealingConverter(options.dataConverter, encryption);
    keepOutOfVersionControl(projectDir);
    if (log) {
      const risk = openToOthers(projectDir);
      if (risk !== undefined) log.warn(`warning ${risk}`);
      const trouble = await clockTrouble(backends.runHistory);
      if (trouble) log.warn(`warning ${trouble.code}: ${trouble.message}`);
    }
    return {
      client: new Client({ connection, namespace, ...(dataConverter && { dataConverter }) }),
      encryption,
      connection: reach,
      backends,
      place: {
        address,
        namespace,
        source: chosen?.source ?? 'embedded',
        ...(server?.uiUrl !== undefined && { uiUrl: server.uiUrl }),
      },
      projectDir,
      server,
    };
  } catch (error) {
    await connection?.close();
    await server?.release();
    throw error;
  }
}

export async function disconnect(
  { client, backends, server }: Pick<Connected, 'client' | 'backends' | 'server'>,
  ownBackends: boolean,
): Promise<void> {
  try {
    await client.connection.close();
  } finally {
    try {
      if (ownBackends) await backends.close();
    } finally {
      await server?.release();
    }
  }
}

export function logOf({ log, logger }: ConnectOptions): EmbeddedServerOptions['log'] {
  if (log) return { info: log, warn: log };
  return (
    logger && { info: (message) => logger.info({}, message), warn: (message) => logger.warn({}, message) }
  );
}

async function connect(options: ConnectionOptions, address: string): Promise<Connection> {
  try {
    return await openConnection(options);
  } catch (error) {
    throw await notConnected(error, address);
  }
}

function chosenEncryption(
  { encryption, backends }: ConnectOptions,
  projectDir: string,
): Encryption | undefined {
  if (encryption !== undefined) return encryption || undefined;
  return (backends && encryptionOf(backends)) ?? encryptionFromEnvironment({ projectDir });
}

/** Makes git ignore a `.selvage`, which belongs to this machine alone. An unwritable folder is reported elsewhere. */
function keepOutOfVersionControl(projectDir: string): void {
  const folder = join(projectDir, '.selvage');
  const ignore = join(folder, '.gitignore');
  if (!existsSync(folder) || existsSync(ignore)) return;
  try {
    writeFileSync(ignore, '*\n', { mode: 0o600 });
  } catch {
    // The `.gitignore` is a courtesy: nothing depends on it.
  }
}
