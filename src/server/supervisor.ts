/**
 * The program that owns the embedded server of one project. One runs as long as anybody uses the server:
 *
 * - S1  At most one supervisor serves a project: it enters itself into `server.json` under the project's lock, or ends.
 * - S2  The server runs while a lease of a living process exists. It is started again, on the same port, when it dies.
 * - S3  It stops once there has been no live lease for LINGER_MS. The last look at the leases and the word `stopping` are
 *       written under one lock, so that nobody can join a server that is about to stop.
 * - S4  A supervisor that finds the server of a killed one takes it over instead of starting another.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { SelvageError } from '../errors';
import { withFileLock } from './file-lock';
import { clusterId } from './grpc-probe';
import { liveLeases } from './leases';
import { claimPort, findFreePorts, type ServerPorts } from './ports';
import { isAlive, isSameProcess, ownIdentity, type ProcessIdentity } from './process-identity';
import {
  isInOffice,
  lastPorts,
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

/** What a supervisor is told by the process that starts it. */
export interface SupervisorOptions {
  readonly projectDir: string;
  readonly binary: string;
  readonly durable: boolean;
  /** The port to serve on and no other; without it, the last one used if it is free, else a free one. */
  readonly port?: number | undefined;
  /** The last server was stopped because its database is damaged: look at it before another one is started on it. */
  readonly isSuspect?: boolean;
}

/** How long the server outlives its last user, so that the next command finds it warm. */
const LINGER_MS = 5_000;
/** A lease of another process is looked up in /proc on Linux, and costs a program start elsewhere. */
const TICK_MS = process.platform === 'linux' ? 200 : 1_000;
const LOCK_LIMIT_MS = 10_000;
const PORT_LIMIT_MS = 10_000;
const CALL_LIMIT_MS = 2_000;
/** So many deaths within the window mean that starting it once more will not help. */
const MAX_DEATHS = 5;
const DEATHS_WINDOW_MS = 60_000;
/** More than a server writes from one look at its log to the next. */
const LOG_BYTES = 256 * 1024;
/** Looking through the database costs time, and the log may go on telling of damage that is not in it. */
const CHECK_PAUSE_MS = 60_000;

class Supervisor {
  private readonly folder: ServerFolder;
  private state: ServerState;
  /** False after a write that failed (a full disk, say); the loop tries again. */
  private published = true;
  private readonly deaths: number[] = [];
  private terminated = false;
  /** The log has been looked through up to here. */
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
        ...lastPorts(last, this.options.port),
        cluster: last?.cluster,
        ...(orphan && last && { phase: 'ready', server: orphan, durable: last.durable }),
      });
      return true;
    });
  }

  /** Starts the server on the `required` port, or on a free one, `preferred` if that is. */
  private async start(required: number | undefined, preferred: number | undefined): Promise<void> {
    const giveUpAt = performance.now() + PORT_LIMIT_MS;
    for (;;) {
      const ports =
        required === undefined
          ? await findFreePorts(preferred)
          : await claimPort(required, this.state.uiPort);
      try {
        const server = await startServer(this.folder, {
          ...this.options,
          durable: this.state.durable,
          ...ports,
        });
        await this.announce(server, ports);
        return;
      } catch (error) {
        // Another program was faster than the server between the look at the port and its start.
        const another =
          SelvageError.is(error, 'PortInUse') && required === undefined && performance.now() < giveUpAt;
        if (!another) throw error;
      }
    }
  }

  /** Under the lock: who wrote `stopping` into the state in the meantime must not be overruled. */
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
    while (!this.terminated && existsSync(this.folder.leases)) {
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
          'where it tells of its database, `selvage doctor --repair` mends that. Memory that has run out ends it, too.',
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

  /** A server goes on over a damaged database: runs that need what is on the damaged pages stand still, and nobody hears of it. */
  private refuseDamage(): void {
    const logEnd = sizeOf(this.folder.log);
    const written =
      logEnd > this.logRead
        ? logTail(this.folder.log, this.logRead, { lines: Infinity, bytes: LOG_BYTES })
        : '';
    this.logRead = logEnd;
    if (!tellsOfDamage(written) || performance.now() < this.checkAgainAt) return;
    // It may be told of something else, such as a body's own database.
    this.requireSound();
    this.checkAgainAt = performance.now() + CHECK_PAUSE_MS;
  }

  private requireSound(): void {
    const found = findDamage(this.folder.database);
    if (found !== undefined) throw databaseDamaged(this.folder.database, found);
  }

  /** The users know this port, so no other will do; a killed server may hold it a moment longer. */
  private async waitForPort(port: number): Promise<ServerPorts> {
    const giveUpAt = performance.now() + PORT_LIMIT_MS;
    for (;;) {
      try {
        return await claimPort(port, this.state.uiPort);
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
    // A project that was deleted under the server must not come back as a folder with one file.
    if (!existsSync(this.folder.root)) return;
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
    process.stderr.write(`${new Date().toISOString()} selvage supervisor: ${message}\n`);
  }
}

if (require.main === module) {
  void new Supervisor(JSON.parse(process.argv[2]!) as SupervisorOptions).run();
}
