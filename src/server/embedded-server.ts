import { spawn } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { SelvageError } from '../errors';
import { projectFolder } from '../node/project-folder';
import { withFileLock } from './file-lock';
import { findTemporalCli } from './find-binary';
import { serves } from './grpc-probe';
import { liveLeases, takeLease, type Lease } from './leases';
import { ownScript } from './own-script';
import { identify, isAlive, isSameProcess, type ProcessIdentity } from './process-identity';
import {
  createServerFolder,
  inFolder,
  isInOffice,
  readState,
  refuseUnreleased,
  serverFolder,
  writeState,
  type ServerFolder,
  type ServerState,
  type StartFailure,
} from './server-folder';
import { uiUrlOf } from './inspect-server';
import { logTail } from './server-log';
import { silentEnd } from './start-failure';
import type { SupervisorOptions } from './supervisor';

export interface EmbeddedServerOptions {
  /**
   * The project's folder, whose `.selvage/temporal` has all files of the server. The default is the nearest folder with
   * a `.selvage`, from the working directory upwards; else the working directory.
   */
  readonly projectDir?: string;
  /**
   * Whether finished writes survive a power cut (SQLite's `synchronous=FULL`). By default, writes survive the death of
   * any process, but a power cut may take the last ones.
   */
  readonly durable?: boolean;
  /** The port to serve on. The default is the port last used in this project if it is free, else a free port. */
  readonly port?: number;
  /**
   * Whether to serve Temporal's own web page on a second port. The page asks for no password: by DNS rebinding, any
   * page in a browser of this machine can read and start runs. Turn the page on only for a short look. Default false.
   */
  readonly temporalUi?: boolean;
  /** Receives notes on slow steps, such as an installation, and later trouble. Default: none. */
  readonly log?: { info(message: string): void; warn(message: string): void };
  /** A callback with the new process id when a dead server was restarted at the same address. */
  readonly onRestart?: (pid: number) => void;
  /** A callback when the server's process runs, so that only waiting is left. */
  readonly onLaunched?: () => void;
}

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;
const LOCK_LIMIT_MS = 10_000;
const POLL_MS = 10;
const WATCH_MS = 500;
const WATCH_AFTER_FAILURE_MS = 5_000;

/**
 * A claim of this process on the embedded Temporal server of a project.
 *
 * A project has one server, which the first {@link EmbeddedServer.acquire} starts and all processes share. The server
 * stops a few seconds after the last claim ends: by `release()`, or with its process. While a claim exists, a dead
 * server is restarted at the same address, with its state.
 */
export class EmbeddedServer {
  /** The address `host:port` for clients and workers. */
  readonly address: string;
  readonly namespace = 'default';
  /** The address of Temporal's own web page, if served. */
  readonly uiUrl: string | undefined;
  /**
   * Aborted with `DatabaseDamaged` when the server was stopped for damage of its database. After a stop for damage,
   * this claim has ended, and no server starts before a repair.
   */
  readonly lost: AbortSignal;
  private readonly loss = new AbortController();
  private watch: NodeJS.Timeout | undefined;
  /** The last supervisor whose failure was reported. */
  private told: ProcessIdentity | undefined;
  /** Whether the loss of the folder was reported. */
  private isCutOff = false;

  private constructor(
    private readonly folder: ServerFolder,
    private readonly lease: Lease,
    private state: ServingState,
    private readonly options: EmbeddedServerOptions,
  ) {
    this.address = `127.0.0.1:${state.port}`;
    this.uiUrl = uiUrlOf(state);
    this.lost = this.loss.signal;
    // Every waiting call listens to the signal: maybe thousands of listeners.
    setMaxListeners(0, this.lost);
    this.watchSupervisor(WATCH_MS);
  }

  /**
   * Joins the project's server, or finds its program, starts it, and waits until it answers.
   *
   * Throws ServerBinaryMissing, PortInUse, FolderUnusable, DatabaseDamaged, UnreleasedData, DiskFull or
   * ServerStartFailed; then this process holds no claim. A server of other processes is not changed: acquire throws
   * also if it has another port, or lacks the requested `durable` or `temporalUi`.
   */
  static async acquire(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
    const folder = serverFolder(projectFolder(options.projectDir));
    refuseUnreleased(folder);
    createServerFolder(folder);
    const lease = takeLease(folder);
    try {
      return new EmbeddedServer(folder, lease, await ensureServing(folder, lease, options), options);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** The server's current process; it changes with a restart. */
  get pid(): number {
    return this.state.server.pid;
  }

  /**
   * Ends the claim. Without other users, the server stops after some seconds, so that the next command may find it
   * running. With `wait`, `release` stops the server at once, and waits for its end. A second call of `release` does
   * nothing.
   */
  async release(options: { readonly wait?: boolean } = {}): Promise<void> {
    this.releaseSync();
    if (options.wait) await stopUnused(this.folder);
  }

  /** For `process.on('exit')`. A process that simply exits ends its claims automatically. */
  releaseSync(): void {
    clearTimeout(this.watch);
    this.watch = undefined;
    this.lease.release();
  }

  /** Restarts a dead supervisor, which restarts the server, and reports both. */
  private watchSupervisor(afterMs: number): void {
    this.watch = setTimeout(() => {
      this.look().then(
        () => this.watch && this.watchSupervisor(WATCH_MS),
        (error: Error) => {
          if (SelvageError.is(error, 'DatabaseDamaged')) {
            // The claim ends first, as a repair requires that.
            this.options.log?.warn(
              `The embedded server has stopped and is not started again. ${error.message} End this process first.`,
            );
            this.releaseSync();
            this.loss.abort(error);
            return;
          }
          this.options.log?.warn(`The embedded server is down and is tried again: ${error.message}`);
          if (this.watch) this.watchSupervisor(WATCH_AFTER_FAILURE_MS);
        },
      );
    }, afterMs).unref();
  }

  private async look(): Promise<void> {
    const state = readState(this.folder);
    const same = state && isServing(state) && isSameProcess(state.server, this.state.server);
    if (same && isAlive(state.supervisor)) return;
    // The failure is reported before another supervisor starts and overwrites the reason.
    if (state && hasFailed(state) && !(this.told && isSameProcess(state.supervisor, this.told))) {
      this.told = state.supervisor;
      throw failureOf(state.failure);
    }
    const before = this.state;
    // Another folder in the place of the lost one belongs to other runs.
    if (!existsSync(this.lease.file)) {
      if (!this.isCutOff) this.options.log?.warn(movedAway(this.folder, before));
      this.isCutOff = true;
      return;
    }
    this.isCutOff = false;
    try {
      this.state = await ensureServing(this.folder, this.lease, {
        ...this.options,
        port: before.port,
        durable: before.durable,
        temporalUi: before.uiPort !== undefined,
      });
    } catch (error) {
      this.told = readState(this.folder)?.supervisor;
      throw error;
    }
    if (isSameProcess(this.state.server, before.server) || !this.watch) return;
    this.options.log?.warn(
      `The embedded server died and was started again at ${this.address} (process ${this.pid}).`,
    );
    this.options.onRestart?.(this.pid);
  }
}

type ServingState = ServerState & {
  readonly server: ProcessIdentity;
  readonly port: number;
};

function isServing(state: ServerState): state is ServingState {
  return state.phase === 'ready' && state.server !== undefined && state.port !== undefined;
}

function hasFailed(state: ServerState): state is ServerState & { readonly failure: StartFailure } {
  return state.phase === 'failed' && state.failure !== undefined;
}

function movedAway({ root }: ServerFolder, { server, supervisor, port }: ServingState): string {
  const state = !isAlive(server)
    ? 'has stopped'
    : isAlive(supervisor)
      ? 'is being stopped'
      : 'still runs, on the data that were there';
  return (
    `${root} was moved or deleted while it was in use. The embedded server of this process (process ${server.pid}, port ${port}) ${state}. ` +
    'Put the folder back, or end all processes of the project before you begin with a new one.'
  );
}

function failureOf({ code, message, details }: StartFailure): SelvageError {
  return new SelvageError(code, message, { details });
}

async function ensureServing(
  folder: ServerFolder,
  lease: Lease,
  options: EmbeddedServerOptions,
): Promise<ServingState> {
  let giveUpAt = performance.now() + START_LIMIT_MS;
  let binary: string | undefined;
  while (performance.now() < giveUpAt) {
    const supervisor = await withFileLock(folder.lock, LOCK_LIMIT_MS, () => {
      const state = readState(folder);
      if (!state || !isInOffice(state)) {
        return binary === undefined ? undefined : startSupervisor(folder, binary, options);
      }
      if (state.phase === 'ready' && disagreement(state, options)) replace(folder, state, lease, options);
      return state.supervisor;
    });
    if (supervisor === undefined) {
      // The program is found outside the lock, because an installation takes too long.
      binary = await findTemporalCli({ log: options.log });
      giveUpAt = performance.now() + START_LIMIT_MS;
      continue;
    }
    options.onLaunched?.();
    const state = await waitUntilServing(folder, supervisor, giveUpAt);
    if (state && !disagreement(state, options)) return state;
  }
  throw new SelvageError(
    'ServerStartFailed',
    `The embedded Temporal server of ${folder.projectDir} did not serve within ${START_LIMIT_MS / 1000} s. ` +
      `The end of its log, ${folder.log}:\n${logTail(folder.log)}`,
    { details: { file: folder.log } },
  );
}

/** Needs the lock. */
function startSupervisor(
  folder: ServerFolder,
  binary: string,
  options: EmbeddedServerOptions,
): ProcessIdentity {
  const last = readState(folder);
  const supervisorOptions: SupervisorOptions = {
    projectDir: folder.projectDir,
    binary,
    durable: options.durable ?? false,
    port: options.port,
    temporalUi: options.temporalUi ?? false,
    ...(last && hasFailed(last) && last.failure.code === 'DatabaseDamaged' && { isSuspect: true }),
  };
  const log = inFolder(folder.log, () => openSync(folder.log, 'a', 0o600));
  let pid: number | undefined;
  try {
    // NODE_OPTIONS is for this process only, for example a debugger's port.
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(
      process.execPath,
      [...ownScript(__dirname, 'supervisor'), JSON.stringify(supervisorOptions)],
      {
        cwd: folder.root,
        env,
        detached: true,
        stdio: ['ignore', log, log],
      },
    );
    child.on('error', () => {});
    child.unref();
    pid = child.pid;
  } finally {
    closeSync(log);
  }
  const supervisor = pid === undefined ? undefined : identify(pid);
  if (!supervisor) {
    throw new SelvageError(
      'ServerStartFailed',
      `The supervisor of the embedded server could not be started with ${process.execPath}. ` +
        `The end of its log, ${folder.log}:\n${logTail(folder.log)}`,
      { details: { file: folder.log } },
    );
  }
  // The state is written at once, so that the next holder of the lock starts no second supervisor. The state keeps the
  // last server, which may be alive.
  writeState(folder, {
    version: 1,
    phase: 'starting',
    supervisor,
    server: last?.server,
    port: options.port ?? last?.port,
    durable: supervisorOptions.durable,
    cluster: last?.cluster,
  });
  return supervisor;
}

/** How the running server differs from the requested one; undefined if it is acceptable. */
function disagreement(state: ServerState, options: EmbeddedServerOptions): string | undefined {
  if (options.port !== undefined && state.port !== undefined && state.port !== options.port) {
    return `runs on port ${state.port}, not on ${options.port}`;
  }
  if (options.durable && !state.durable) return 'runs without durable writes';
  return options.temporalUi && state.uiPort === undefined ? "runs without Temporal's web page" : undefined;
}

/** Needs the lock. Stops an unacceptable server without other users. */
function replace(
  folder: ServerFolder,
  state: ServerState,
  lease: Lease,
  options: EmbeddedServerOptions,
): void {
  const users = liveLeases(folder, lease).length;
  if (users > 0) {
    throw new SelvageError(
      'ServerStartFailed',
      `The embedded server of ${folder.projectDir} ${disagreement(state, options)}, and ${users} other process(es) use it. ` +
        'Leave the option out to share it, or end the others.',
      { details: { address: `127.0.0.1:${state.port}`, users } },
    );
  }
  dismiss(folder, state);
}

/** The caller must have the lock, and the server no users. Makes the supervisor stop the server now. */
function dismiss(folder: ServerFolder, state: ServerState): void {
  writeState(folder, { ...state, phase: 'stopping' });
  try {
    process.kill(state.supervisor.pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Returns undefined if the server stopped, so that another supervisor is needed. */
async function waitUntilServing(
  folder: ServerFolder,
  supervisor: ProcessIdentity,
  giveUpAt: number,
): Promise<ServingState | undefined> {
  while (performance.now() < giveUpAt) {
    // The process is checked before the state, since a supervisor writes its last state before it ends.
    const alive = isAlive(supervisor);
    const state = readState(folder);
    if (!state || !isSameProcess(state.supervisor, supervisor)) return undefined;
    if (hasFailed(state)) throw failureOf(state.failure);
    if (isServing(state) && isAlive(state.server) && (await serves(state.port, 2_000))) return state;
    if (!alive) {
      if (state.phase !== 'starting') return undefined;
      throw silentEnd(folder);
    }
    await sleep(POLL_MS);
  }
  return undefined;
}

/** Stops the server if it has no users left, and waits for its end. */
export async function stopUnused(folder: ServerFolder): Promise<void> {
  const supervisor = await withFileLock(folder.lock, LOCK_LIMIT_MS, () => {
    const state = readState(folder);
    // After a failure, a supervisor takes a moment to close its files.
    if (!state || !isInOffice(state)) return state?.supervisor;
    if (liveLeases(folder).length > 0) return undefined;
    if (state.phase !== 'stopping') dismiss(folder, state);
    return state.supervisor;
  });
  const giveUpAt = performance.now() + STOP_LIMIT_MS;
  while (supervisor && isAlive(supervisor) && performance.now() < giveUpAt) await sleep(POLL_MS);
}
