/**
 * The program that owns the embedded server of one project. One runs as long as anybody uses the server:
 *
 * - S1 At most one supervisor serves a project: it registers itself in `server.json` under the project's
 *   lock, or ends.
 * - S2 The server runs while a lease of a living process exists. When it dies, it is restarted on the same
 *   port.
 * - S3 It stops once there has been no live lease for LINGER_MS. The last check of the leases and the phase
 *   `stopping` happen under one lock, so that nobody can join a server that is about to stop.
 * - S4 A supervisor that finds the server of a killed one takes it over instead of starting another.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { SelvageError } from '../errors';
import { writeErrorLine } from '../terminal';
import { withFileLock } from './file-lock';
import { clusterId } from './grpc-probe';
import { liveLeases } from './leases';
import { claimPort, findFreePorts, type ServerPorts } from './ports';
import { isAlive, isSameProcess, ownIdentity, type ProcessIdentity } from './process-identity';
import {
  isInOffice,
  readState,
  serverFolder,
  writeState,
  type ServerFolder,
  type ServerState,
} from './server-folder';
import { findDamage } from './find-damage';
import { logTail, rotateLog, sizeOf } from './server-log';
import { startServer, stopServer } from './server-process';
import { databaseDamaged, tellsOfDamage } from './start-failure';

/** Instructions of the process that starts a supervisor. */
export interface SupervisorOptions {
  readonly projectDir: string;
  readonly binary: string;
  readonly durable: boolean;
  /** The only acceptable port. If omitted, the last one used if it is free, else a free one. */
  readonly port?: number | undefined;
  /** Whether Temporal's web page is served, too. */
  readonly temporalUi: boolean;
  /** The last server was stopped because its database is damaged: check it before another one is started. */
  readonly isSuspect?: boolean;
}

/** How long the server outlives its last user, so that the next command finds it running. */
const LINGER_MS = 5_000;
/** Checking the lease of another process reads /proc on Linux, and starts a program elsewhere. */
const TICK_MS = process.platform === 'linux' ? 200 : 1_000;
const LOCK_LIMIT_MS = 10_000;
const PORT_LIMIT_MS = 10_000;
const CALL_LIMIT_MS = 2_000;
/** After this many deaths within the window, restarting is considered useless. */
const MAX_DEATHS = 5;
const DEATHS_WINDOW_MS = 60_000;
/** More than a server writes between two looks at its log. */
const LOG_BYTES = 256 * 1024;
/** Checking the database costs time, and the log may keep reporting damage that is not in it. */
const CHECK_PAUSE_MS = 60_000;

class Supervisor {
  private readonly folder: ServerFolder;
  private state: ServerState;
  /** Set once this supervisor's state is in the folder. */
  private inOffice = false;
  /** False after a failed write (a full disk, for example); the loop tries again. */
  private published = true;
  private readonly deaths: number[] = [];
  private terminated = false;
  /** The log has been read up to this position. */
  private logRead = 0;
  private checkAgainAt = 0;

  constructor(private readonly options: SupervisorOptions) {
    this.folder = serverFolder(options.projectDir);
    this.state = { version: 1, phase: 'starting', supervisor: ownIdentity(), durable: options.durable };
  }

  async run(): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => (this.terminated = true));
    }
    if (!(await this.takeOffice())) return;
    this.inOffice = true;
    this.logRead = sizeOf(this.folder.log);
    try {
      if (this.options.isSuspect) this.requireSound();
      if (!this.state.server) await this.start(this.options.port, this.state.port);
      await this.serve();
    } catch (error) {
      await this.fail(error);
      return;
    }
    if (this.state.server) await stopServer(this.state.server);
    this.publish({ phase: 'stopped', server: undefined });
  }

  private async takeOffice(): Promise<boolean> {
    return withFileLock(this.folder.lock, LOCK_LIMIT_MS, () => {
      const last = readState(this.folder);
      const me = ownIdentity();
      if (last && !isSameProcess(last.supervisor, me) && isInOffice(last)) return false;
      const orphan = last?.server && isAlive(last.server) ? last.server : undefined;
      this.publish({
        port: last?.port,
        cluster: last?.cluster,
        ...(orphan && last && { phase: 'ready', server: orphan, durable: last.durable, uiPort: last.uiPort }),
      });
      return true;
    });
  }

  /** Starts the server on the `required` port, or else on a free one, `preferred` if possible. */
  private async start(required: number | undefined, preferred: number | undefined): Promise<void> {
    const giveUpAt = performance.now() + PORT_LIMIT_MS;
    const { temporalUi } = this.options;
    for (;;) {
      const ports =
        required === undefined
          ? await findFreePorts(temporalUi, preferred)
          : await claimPort(required, temporalUi);
      try {
        const server = await startServer(this.folder, {
          ...this.options,
          durable: this.state.durable,
          ...ports,
        });
        await this.announce(server, ports);
        return;
      } catch (error) {
        // Another program took the port between the check and the server's start.
        const another =
          SelvageError.is(error, 'PortInUse') && required === undefined && performance.now() < giveUpAt;
        if (!another) throw error;
      }
    }
  }

  /** Under the lock: a `stopping` written in the meantime must not be overwritten. */
  private async announce(server: ProcessIdentity, ports: ServerPorts): Promise<void> {
    const cluster = await clusterId(ports.port, CALL_LIMIT_MS);
    await withFileLock(this.folder.lock, LOCK_LIMIT_MS, () => {
      this.terminated ||= readState(this.folder)?.phase === 'stopping';
      this.publish({
        phase: this.terminated ? 'stopping' : 'ready',
        server,
        ...ports,
        ...(cluster && { cluster }),
      });
    });
  }

  /** Resolves when the server is to be stopped. */
  private async serve(): Promise<void> {
    let lastUse = performance.now();
    while (!this.terminated && this.ownsFolder()) {
      if (!isAlive(this.state.server!)) await this.restart();
      this.refuseDamage();
      if (!this.published) this.publish({});
      if (liveLeases(this.folder).length > 0) lastUse = performance.now();
      else if (performance.now() - lastUse >= LINGER_MS && (await this.closeDoor())) return;
      rotateLog(this.folder.log);
      await sleep(TICK_MS);
    }
    this.publish({ phase: 'stopping' });
  }

  /** False once the folder was moved or deleted, whatever is in its place by now. */
  private ownsFolder(): boolean {
    try {
      const owner = readState(this.folder)?.supervisor;
      return owner ? isSameProcess(owner, this.state.supervisor) : existsSync(this.folder.state);
    } catch {
      // It cannot be read at the moment.
      return true;
    }
  }

  private async closeDoor(): Promise<boolean> {
    return withFileLock(this.folder.lock, LOCK_LIMIT_MS, () => {
      if (liveLeases(this.folder).length > 0) return false;
      this.publish({ phase: 'stopping' });
      return true;
    });
  }

  private async restart(): Promise<void> {
    const { port, server } = this.state;
    const now = performance.now();
    this.deaths.push(now);
    const recent = this.deaths.filter((at) => now - at < DEATHS_WINDOW_MS).length;
    this.report(`the server (process ${server!.pid}) died; starting it again on port ${port}`);
    if (recent > MAX_DEATHS) {
      throw new SelvageError(
        'ServerStartFailed',
        `The embedded Temporal server died ${recent} times within a minute and was given up. Look into its log ${this.folder.log} for why; ` +
          'if it tells of damage, run `selvage doctor --repair`. Memory that has run out ends it, too.',
        { details: { file: this.folder.log, deaths: recent } },
      );
    }
    this.publish({ phase: 'starting', server: undefined });
    const ports = await this.waitForPort(port!);
    const restarted = await startServer(this.folder, {
      ...this.options,
      durable: this.state.durable,
      ...ports,
    });
    await this.announce(restarted, ports);
  }

  /**
   * A server keeps running over a damaged database: runs that need the damaged pages stand still, and nobody
   * is told.
   */
  private refuseDamage(): void {
    const logEnd = sizeOf(this.folder.log);
    const written =
      logEnd > this.logRead
        ? logTail(this.folder.log, this.logRead, { lines: Infinity, bytes: LOG_BYTES })
        : '';
    this.logRead = logEnd;
    if (!tellsOfDamage(written) || performance.now() < this.checkAgainAt) return;
    // The report may concern something else, such as a body's own database.
    this.requireSound();
    this.checkAgainAt = performance.now() + CHECK_PAUSE_MS;
  }

  private requireSound(): void {
    const found = findDamage(this.folder.database);
    if (found !== undefined) throw databaseDamaged(this.folder.database, found);
  }

  /** The users know this port, so no other is acceptable; a killed server may hold it a moment longer. */
  private async waitForPort(port: number): Promise<ServerPorts> {
    const giveUpAt = performance.now() + PORT_LIMIT_MS;
    for (;;) {
      try {
        const { uiPort } = this.state;
        return await claimPort(port, uiPort !== undefined, uiPort);
      } catch (error) {
        if (performance.now() >= giveUpAt) throw error;
        await sleep(TICK_MS);
      }
    }
  }

  private async fail(error: unknown): Promise<void> {
    const server: ProcessIdentity | undefined = this.state.server;
    if (server) await stopServer(server);
    const failure = SelvageError.is(error)
      ? { code: error.code, message: error.message, details: error.details }
      : {
          code: 'ServerStartFailed' as const,
          message: `The supervisor of the embedded Temporal server failed: ${(error as Error).message}. Its log is ${this.folder.log}.`,
          details: { file: this.folder.log },
        };
    this.report(SelvageError.is(error) ? failure.message : ((error as Error).stack ?? failure.message));
    this.publish({ phase: 'failed', server: undefined, failure });
    process.exitCode = 1;
  }

  private publish(change: Partial<ServerState>): void {
    this.state = { ...this.state, ...change };
    // A project that was deleted while the server ran must not reappear as a folder with one file.
    if (this.inOffice && !this.ownsFolder()) return;
    try {
      writeState(this.folder, this.state);
      this.published = true;
    } catch (error) {
      this.published = false;
      this.report((error as Error).message);
    }
  }

  /** Standard error is the server's log. */
  private report(message: string): void {
    writeErrorLine(`${new Date().toISOString()} selvage supervisor: ${message}`);
  }
}

if (require.main === module) {
  // Files of the supervisor and the server are only for this user.
  process.umask(0o077);
  void new Supervisor(JSON.parse(process.argv[2]!) as SupervisorOptions).run();
}
