/**
 * The program that owns the embedded server of a project, as long as the server has users:
 *
 * - S1 At most one supervisor serves a project: it registers in `server.json` under the project's lock, or
 *   ends.
 * - S2 The server runs while a live process has a lease. A dead server is restarted on the same port.
 * - S3 The server stops LINGER_MS after the last live lease. The last check of the leases and the phase `stopping`
 *   happen under one lock, so that no process can join a stopping server.
 * - S4 A supervisor takes over the server of a killed one.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { SelvageError } from '../errors';
import { writeErrorLine } from '../node/terminal';
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

export interface SupervisorOptions {
  readonly projectDir: string;
  readonly binary: string;
  readonly durable: boolean;
  /** The only acceptable port. The default is the last port if it is free, else a free port. */
  readonly port?: number | undefined;
  readonly temporalUi: boolean;
  /** The last server was stopped for a damaged database: check that before a start. */
  readonly isSuspect?: boolean;
}

/** The time that the server outlives its last user, for the next command. */
const LINGER_MS = 5_000;
/** On Linux, checking a lease reads /proc; elsewhere, it starts a program. */
const TICK_MS = process.platform === 'linux' ? 200 : 1_000;
const LOCK_LIMIT_MS = 10_000;
const PORT_LIMIT_MS = 10_000;
const CALL_LIMIT_MS = 2_000;
/** The supervisor gives up after this number of deaths within the window. */
const MAX_DEATHS = 5;
const DEATHS_WINDOW_MS = 60_000;
/** This many bytes are more than a server writes between two checks of its log. */
const LOG_BYTES = 256 * 1024;
/** The checks are rare: a check takes time, and the log may repeat reports of damage elsewhere. */
const CHECK_PAUSE_MS = 60_000;

class Supervisor {
  private readonly folder: ServerFolder;
  private state: ServerState;
  /** Whether this supervisor's state is in the folder. */
  private inOffice = false;
  /** Whether the state was written: false after a failed write, such as on a full disk; the loop tries again. */
  private published = true;
  private readonly deaths: number[] = [];
  private terminated = false;
  /** The position up to which the log was read. */
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

  /** Starts the server on the `required` port, else on `preferred` or any free port. */
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
        // Another program took the port after the check.
        const another =
          SelvageError.is(error, 'PortInUse') && required === undefined && performance.now() < giveUpAt;
        if (!another) throw error;
      }
    }
  }

  /** The state is written under the lock, so as not to overwrite a `stopping`. */
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

  /** Serves until the server is to be stopped. */
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

  /** Returns false once the folder was moved or deleted, even if another is in its place. */
  private ownsFolder(): boolean {
    try {
      const owner = readState(this.folder)?.supervisor;
      return owner ? isSameProcess(owner, this.state.supervisor) : existsSync(this.folder.state);
    } catch {
      // The folder is unreadable for now.
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

  /** A server keeps running on a damaged database, while runs that need the damaged pages silently stall. */
  private refuseDamage(): void {
    const logEnd = sizeOf(this.folder.log);
    const written =
      logEnd > this.logRead
        ? logTail(this.folder.log, this.logRead, { lines: Infinity, bytes: LOG_BYTES })
        : '';
    this.logRead = logEnd;
    if (!tellsOfDamage(written) || performance.now() < this.checkAgainAt) return;
    // The report in the log may be of another database, such as a body's.
    this.requireSound();
    this.checkAgainAt = performance.now() + CHECK_PAUSE_MS;
  }

  private requireSound(): void {
    const found = findDamage(this.folder.database);
    if (found !== undefined) throw databaseDamaged(this.folder.database, found);
  }

  /** The server's users know this port, so only it is acceptable; a killed server may hold it a moment longer. */
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
    // A deleted project must not reappear as a folder with one file.
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
  // Only this user may read the files of supervisor and server.
  process.umask(0o077);
  void new Supervisor(JSON.parse(process.argv[2]!) as SupervisorOptions).run();
}
