import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectOptions, OpenOptions, ServerLocation, Selvage } from '../../client';
import { chosenLogFormat } from '../../connection/log-line';
import { chosenServer, embeddedOptions } from '../../connection/server-address';
import { isAway } from '../../errors';
import type { Backends } from '../../ports';
import type { Monitor } from '../../serve/monitor';
import { EmbeddedServer } from '../../server';
import type { AnyTapestry } from '../../authoring';
import type { LoadedFile } from '../files/load-file';
import { connectOptions, type ServerOptions } from '../options/server-options';
import type { Output } from '../output/output';
import { installSdkLogger, loggerTo } from './logging';
import { requireProject, withRecords } from './records';

interface Working {
  /** Task queues that the worker polls from the beginning. Default: the tapestries' own. */
  readonly taskQueues?: readonly string[];
  /** Whether the worker serves others' runs: logs then have time and run, and starts and ends. Default false. */
  readonly runs?: boolean;
  /** Changes to the tuned options of the Temporal worker. */
  readonly workerOptions?: OpenOptions['workerOptions'];
  /** Backends that stay open; default: the project's, opened for this client. */
  readonly backends?: Backends;
  /** Observes the worker, and reads the SDK's metrics. */
  readonly monitor?: Monitor | undefined;
  /** The file whose emitters hear of the runs, as do those of `selvage.config.ts`. `false`: none do. */
  readonly file?: Pick<LoadedFile, 'emitters'> | false;
}

/** A client, with a worker if there are tapestries. */
export async function openFor(
  tapestries: readonly AnyTapestry[] | undefined,
  options: ServerOptions,
  output: Output,
  { taskQueues, runs = false, backends, file, workerOptions, monitor }: Working = {},
): Promise<Selvage> {
  const emitters = file && (await (await import('../files/emitters.js')).emittersOf(file, options));
  const connection = { ...connectOptions(options, output), ...(backends && { backends }) };
  const release = await launchServer(connection);
  try {
    // Temporal's client loads while the server starts.
    const { Selvage } = await import('../../client/index.js');
    if (!tapestries) return await Selvage.connect(connection);
    const format = chosenLogFormat(runs ? 'text' : 'short');
    await installSdkLogger(output, format, await monitor?.sdkAddress());
    const logger = loggerTo(output, { format, runs });
    return await Selvage.open({
      ...connection,
      logger,
      tapestries,
      ...(taskQueues && { taskQueues }),
      ...(workerOptions && { workerOptions }),
      ...(emitters !== undefined && { emitters }),
      ...(monitor && { watch: monitor.watch }),
    });
  } finally {
    await release();
  }
}

/**
 * Starts the project's embedded server, if that is used. Resolves once the server's process has started: the server
 * comes up while this process loads the SDK, which saves a first command a second.
 *
 * The returned function ends this claim on the server, once the client has its own.
 */
async function launchServer(options: ConnectOptions): Promise<() => Promise<void>> {
  if (chosenServer(options)) return async () => {};
  const { log } = options;
  let launched = (): void => {};
  const isLaunched = new Promise<void>((resolve) => (launched = resolve));
  const acquiring = EmbeddedServer.acquire({
    ...embeddedOptions(options),
    ...(log && { log: { info: log, warn: log } }),
    onLaunched: launched,
  });
  await Promise.race([isLaunched, acquiring]);
  // The next connection waits for the same server and reports the same error.
  acquiring.catch(() => {});
  return async () => {
    await acquiring.then(
      (server) => server.release(),
      () => {},
    );
  };
}

/** Connects to an existing project, prints the location, and closes the connection in any case. */
export async function withClient(
  options: ServerOptions,
  output: Output,
  work: (selvage: Selvage) => Promise<number>,
): Promise<number> {
  requireProject(options);
  const selvage = await openFor(undefined, options, output);
  try {
    output.say(describePlace(selvage.location));
    return await work(selvage);
  } finally {
    await selvage.close();
  }
}

/** Like {@link withClient}, but uses the run history if the server is unreachable. */
export async function withClientOrRecords(
  options: ServerOptions,
  output: Output,
  work: (selvage: Selvage) => Promise<number>,
  workWithRecords: (backends: Backends) => Promise<number>,
): Promise<number> {
  if (options.capsule !== undefined) return await withRecords(options, workWithRecords);
  try {
    return await withClient(options, output, work);
  } catch (error) {
    if (!isAway(error) || error.code !== 'ServerUnreachable') throw error;
    output.warn(awayText(output, error.message));
    return await withRecords(options, workWithRecords);
  }
}

export function awayText({ yellow }: Output, why = 'The Temporal server has not answered.'): string {
  return (
    `${yellow('warning')} ServerUnreachable: ${why} This is what the run history knows: what the server alone knows is missing, and a run may be over that is ` +
    'running here.'
  );
}

/** The first line of each command that uses a server; a second line warns of Temporal's web page, if it is served. */
export function describePlace({ address, namespace, source, uiUrl }: ServerLocation): string {
  const which = source === 'embedded' ? 'embedded server' : 'server';
  const place = `Temporal ${which} ${address}, namespace ${namespace}`;
  if (uiUrl === undefined) return place;
  return (
    `${place} (${uiUrl})\nwarning Temporal's web page at ${uiUrl} asks for no password. ` +
    'Other users of this machine, and pages of other sites in a browser on it, can read and start runs through it. ' +
    'Leave --temporal-ui out when you have looked.'
  );
}

/** Bodies get 10 s in all before they are handed back; the rest is for a slow server. Kubernetes kills after 30 s. */
const DRAIN_LIMIT_MS = 25_000;

/** A silent server must not keep the command for ever; the knots run again elsewhere. */
export async function closeInTime(selvage: Selvage, output: Output): Promise<void> {
  const limit = new AbortController();
  const isClosed = await Promise.race([
    selvage.close().then(() => true),
    delay(DRAIN_LIMIT_MS, false, { signal: limit.signal, ref: false }),
  ]);
  limit.abort();
  if (isClosed) return;
  output.warn(
    `The worker could not hand back all that it ran within ${DRAIN_LIMIT_MS / 1000} s, because the server or a backend did not answer. What is left runs ` +
      'again in the next worker, half a minute after its last heartbeat.',
  );
}
