import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { serves } from './grpc-probe';
import type { ServerPorts } from './ports';
import { identify, isAlive, type ProcessIdentity } from './process-identity';
import { inFolder, type ServerFolder } from './server-folder';
import { hasPartitionedTasks } from './partitioned-tasks';
import { rotateLog, sizeOf } from './server-log';
import { databaseDamaged, startFailure } from './start-failure';

const READY_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 10_000;
const POLL_MS = 10;

interface ServerOptions extends ServerPorts {
  /** The Temporal command-line program. */
  readonly binary: string;
  /** Whether a finished write also survives a power cut, at some cost in speed. */
  readonly durable: boolean;
}

/**
 * Starts the server in a session of its own, so that no signal to a terminal reaches it, and waits until it answers. Throws PortInUse,
 * DatabaseDamaged, DiskFull or ServerStartFailed; then no server is left running.
 */
export async function startServer(folder: ServerFolder, options: ServerOptions): Promise<ProcessIdentity> {
  requireDatabase(folder.database);
  inFolder(folder.log, () => rotateLog(folder.log));
  const log = inFolder(folder.log, () => openSync(folder.log, 'a', 0o600));
  const logStart = sizeOf(folder.log);
  let ended: string | undefined;
  let server: ProcessIdentity | undefined;
  try {
    const child = spawn(options.binary, serverArguments(folder, options), {
      cwd: folder.root,
      env: serverEnvironment(folder),
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.on('error', (error) => (ended = error.message));
    child.on(
      'exit',
      (code, signal) => (ended = signal ? `it was ended by ${signal}` : `it exited with code ${code}`),
    );
    child.unref();
    if (child.pid !== undefined) server = identify(child.pid);
  } finally {
    closeSync(log);
  }

  const giveUpAt = performance.now() + READY_LIMIT_MS;
  while (ended === undefined && performance.now() < giveUpAt) {
    // Otherwise a server that lost its port to another would be mistaken for that one; it exits at once.
    if (server && (await serves(options.port, 2_000)) && isAlive(server)) return server;
    await sleep(POLL_MS);
  }
  if (server) await stopServer(server);
  const reason = ended ?? `it did not answer within ${READY_LIMIT_MS / 1000} s`;
  throw startFailure(folder, { binary: options.binary, port: options.port, logStart, reason });
}

/** Asks the server to end, and kills it after 10 s. Resolves when it has ended. */
export async function stopServer(server: ProcessIdentity): Promise<void> {
  for (const [signal, limitMs] of [
    ['SIGTERM', STOP_LIMIT_MS],
    ['SIGKILL', STOP_LIMIT_MS],
  ] as const) {
    if (!isAlive(server)) return;
    try {
      process.kill(server.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    const giveUpAt = performance.now() + limitMs;
    while (isAlive(server) && performance.now() < giveUpAt) await sleep(POLL_MS);
  }
}

function serverArguments(folder: ServerFolder, options: ServerOptions): string[] {
  const poll = ['transfer', 'timer', 'visibility'].flatMap((queue) => [
    // The default of 20 polls a second on the one shard costs a knot 50 ms.
    '--dynamic-config-value',
    `history.${queue}ProcessorMaxPollRPS=5000`,
  ]);
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port)],
    ...(options.uiPort === undefined
      ? ['--headless']
      : ['--ui-ip', '127.0.0.1', '--ui-port', String(options.uiPort), '--ui-disable-news-fetch']),
    // Closes the HTTP API, which we do not use: any web page could send it a POST by its real address, and so start runs.
    ...['--dynamic-config-value', 'frontend.httpAllowedHosts=[]'],
    ...['--db-filename', folder.database, '--sqlite-pragma', 'journal_mode=WAL'],
    ...['--sqlite-pragma', `synchronous=${options.durable ? 'FULL' : 'NORMAL'}`],
    ...poll,
    // By default, the state of 128,000 runs stays in memory, even of ended ones, and memory grows for an hour.
    ...['--dynamic-config-value', 'history.hostLevelCacheMaxSize=1000'],
    // By default, every timer (even a knot's retry) waits up to a second longer than it should.
    ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
    // By default, a run allows ten concurrent updates, by which signals arrive: fifty senders at once would wait for one another.
    ...['--dynamic-config-value', 'history.maxInFlightUpdates=1000'],
    // By default, a run's step is undone if a hundred events arrive while a worker processes it: fifty knots that end.
    ...['--dynamic-config-value', 'history.maximumBufferedEventsBatch=2000'],
    // By default 2,000 a second, and a run that is listed takes one: whoever lists more is told to come back in a second.
    ...['--dynamic-config-value', 'frontend.persistenceMaxQPS=100000'],
    // By default, a task queue has four partitions, each with its own memory and pollers, which only a cluster has a use for.
    ...(hasPartitionedTasks(folder.database)
      ? []
      : ['Read', 'Write'].flatMap((of) => [
          '--dynamic-config-value',
          `matching.numTaskqueue${of}Partitions=1`,
        ])),
    // By default, 1,200 calls may wait at a time: those of the pollers of some hundred task queues.
    ...['--dynamic-config-value', 'frontend.namespaceCount=20000'],
    ...['--log-level', 'warn'],
  ];
}

/** Passes only what programs need of the user's environment: TEMPORAL_… variables and configuration files would change the server. */
function serverEnvironment(folder: ServerFolder): NodeJS.ProcessEnv {
  const { PATH, TMPDIR, TEMP, TMP, SystemRoot } = process.env;
  return {
    PATH,
    ...(TMPDIR && { TMPDIR }),
    ...(TEMP && { TEMP }),
    ...(TMP && { TMP }),
    ...(SystemRoot && { SystemRoot }),
    HOME: folder.home,
    USERPROFILE: folder.home,
    XDG_CONFIG_HOME: `${folder.home}/.config`,
    XDG_CACHE_HOME: `${folder.home}/.cache`,
    XDG_DATA_HOME: `${folder.home}/.local/share`,
    // Trades memory for a third of the time per knot, up to the soft limit; memory that is really needed is available beyond it.
    GOGC: '400',
    GOMEMLIMIT: '400MiB',
  };
}

const SQLITE_HEADER = 'SQLite format 3\0';

/** The server would print a puzzling message about namespaces. An empty or absent file is a new database. */
function requireDatabase(file: string): void {
  const header = inFolder(file, () => {
    let descriptor: number;
    try {
      descriptor = openSync(file, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    }
    try {
      const bytes = Buffer.alloc(SQLITE_HEADER.length);
      return bytes.toString('latin1', 0, readSync(descriptor, bytes));
    } finally {
      closeSync(descriptor);
    }
  });
  if (header !== '' && header !== SQLITE_HEADER) throw databaseDamaged(file, 'it is not an SQLite database');
}
