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
  readonly binary: string;
  /** Whether a finished write survives a power cut, at some cost in speed. */
  readonly durable: boolean;
}

/**
 * Starts the server in its own session, out of reach of a terminal's signals, and waits until it answers.
 * Throws PortInUse, DatabaseDamaged, DiskFull or ServerStartFailed; then no server runs.
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
    // A server that lost its port to another server exits at once, and the answer is the other's.
    if (server && (await serves(options.port, 2_000)) && isAlive(server)) return server;
    await sleep(POLL_MS);
  }
  if (server) await stopServer(server);
  const reason = ended ?? `it did not answer within ${READY_LIMIT_MS / 1000} s`;
  throw startFailure(folder, { binary: options.binary, port: options.port, logStart, reason });
}

/** Ends the server, with a kill after 10 s. The promise resolves when the server has ended. */
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
    // Temporal's default of 20 polls a second on the one shard costs a knot 50 ms.
    '--dynamic-config-value',
    `history.${queue}ProcessorMaxPollRPS=5000`,
  ]);
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port)],
    ...(options.uiPort === undefined
      ? ['--headless']
      : ['--ui-ip', '127.0.0.1', '--ui-port', String(options.uiPort), '--ui-disable-news-fetch']),
    // Closes the unused HTTP API: any web page could send it a POST by its real address, and so start runs.
    ...['--dynamic-config-value', 'frontend.httpAllowedHosts=[]'],
    ...['--db-filename', folder.database, '--sqlite-pragma', 'journal_mode=WAL'],
    ...['--sqlite-pragma', `synchronous=${options.durable ? 'FULL' : 'NORMAL'}`],
    ...poll,
    // Temporal's default keeps the state of 128,000 runs in memory, even of ended ones; memory grows for an hour.
    ...['--dynamic-config-value', 'history.hostLevelCacheMaxSize=1000'],
    // By Temporal's default, every timer, even of a knot's retry, is up to a second late.
    ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
    // Temporal's default is ten concurrent updates of a run, which carry signals; fifty senders at once would wait.
    ...['--dynamic-config-value', 'history.maxInFlightUpdates=1000'],
    // By default, Temporal undoes a step if a hundred events arrive during it, as from fifty ended knots.
    ...['--dynamic-config-value', 'history.maximumBufferedEventsBatch=2000'],
    // Temporal's default is 2,000 queries a second, one for each listed run; longer listings must try again.
    ...['--dynamic-config-value', 'frontend.persistenceMaxQPS=100000'],
    // By default, a task queue has four partitions with their own memory and pollers, useful only in a cluster.
    ...(hasPartitionedTasks(folder.database)
      ? []
      : ['Read', 'Write'].flatMap((of) => [
          '--dynamic-config-value',
          `matching.numTaskqueue${of}Partitions=1`,
        ])),
    // Temporal's default is 1,200 waiting calls, those of the pollers of some hundred task queues.
    ...['--dynamic-config-value', 'frontend.namespaceCount=20000'],
    ...['--log-level', 'warn'],
  ];
}

/** The environment lacks the user's TEMPORAL_… variables and configuration files, which would change the server. */
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
    // This setting saves a third of the time per knot for more memory, up to the soft limit.
    GOGC: '400',
    GOMEMLIMIT: '400MiB',
  };
}

const SQLITE_HEADER = 'SQLite format 3\0';

/** The server's own message about damage would be puzzling. An empty or absent file means a new database. */
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
