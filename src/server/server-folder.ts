import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { SelvageError, type ErrorCode } from '../errors';
import { isAlive, isProcessIdentity, type ProcessIdentity } from './process-identity';

/** Where the embedded server of one project keeps everything that is its own. */
export interface ServerFolder {
  readonly projectDir: string;
  readonly root: string;
  /** Temporal's database: the state of all runs. Never deleted by Selvage. */
  readonly database: string;
  /** What the server and its supervisor print. */
  readonly log: string;
  readonly state: string;
  readonly lock: string;
  readonly leases: string;
  /** HOME of the server, so that it reads and writes no configuration of the user's. */
  readonly home: string;
}

export function serverFolder(projectDir: string): ServerFolder {
  const absolute = path.resolve(projectDir);
  const root = path.join(absolute, '.selvage', 'temporal');
  return {
    projectDir: absolute,
    root,
    database: path.join(root, 'temporal.db'),
    log: path.join(root, 'server.log'),
    state: path.join(root, 'server.json'),
    lock: path.join(root, 'server.lock'),
    leases: path.join(root, 'leases'),
    home: path.join(root, 'home'),
  };
}

/** Where unreleased builds had the server. This version cannot go on with the runs that are in its database. */
const UNRELEASED_FOLDER = 'server';

/** To be asked before a folder is used or made, so that nobody looks in vain for runs of an unreleased build. Throws UnreleasedData. */
export function refuseUnreleased({ projectDir }: ServerFolder): void {
  const old = path.join(projectDir, '.selvage', UNRELEASED_FOLDER);
  if (!existsSync(old)) return;
  throw new SelvageError(
    'UnreleasedData',
    `The embedded server's folder ${old} was made by an unreleased build of Selvage, and no release can go on with the runs that are in it. ` +
      'Nothing was changed. End the processes that still use it, then delete the folder or move it out of .selvage; the runs in it are lost.',
    { details: { folder: old } },
  );
}

/** Makes the folders that are missing. Throws FolderUnusable or DiskFull. */
export function createServerFolder(folder: ServerFolder): void {
  inFolder(folder.root, () => {
    mkdirSync(folder.leases, { recursive: true });
    mkdirSync(folder.home, { recursive: true });
  });
}

/** What is wrong, in a form that goes through a file from the supervisor to those who wait for it. */
export interface StartFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The content of `server.json`. It is written whole, by a supervisor or under the project's lock. */
export interface ServerState {
  readonly version: 1;
  /**
   * `starting`: wait; also while a server that died is started again. `ready`: calls are answered. `stopping`: nobody may
   * join any more; wait for the supervisor's end. `failed`: see `failure`. `stopped`: nothing runs.
   */
  readonly phase: 'starting' | 'ready' | 'stopping' | 'failed' | 'stopped';
  /** The process that starts the server again when it dies and stops it when nobody uses it. */
  readonly supervisor: ProcessIdentity;
  readonly server?: ProcessIdentity | undefined;
  readonly port?: number | undefined;
  readonly uiPort?: number | undefined;
  readonly durable: boolean;
  /** The id that the database's server has for life, for when the database itself cannot tell it any more. */
  readonly cluster?: string | undefined;
  readonly failure?: StartFailure | undefined;
}

/** The last state that was written; undefined where none was, or where the file is from another version or damaged. */
export function readState(folder: ServerFolder): ServerState | undefined {
  let text: string;
  try {
    text = readFileSync(folder.state, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw folderError(folder.state, error);
  }
  try {
    const state = JSON.parse(text) as ServerState;
    return state.version === 1 && isProcessIdentity(state.supervisor) ? state : undefined;
  } catch {
    return undefined;
  }
}

/** True while the supervisor that wrote the state runs and has not said its last word. */
export function isInOffice(state: ServerState): boolean {
  return state.phase !== 'failed' && state.phase !== 'stopped' && isAlive(state.supervisor);
}

/** The ports to prefer: the wished one, else those of the last time, which users may have in their browser. */
export function lastPorts(
  last: ServerState | undefined,
  wished?: number,
): Pick<ServerState, 'port' | 'uiPort'> {
  const same = wished === undefined || wished === last?.port;
  return { port: wished ?? last?.port, uiPort: same ? last?.uiPort : undefined };
}

/** Replaces the state, so that a reader sees the old or the new one and nothing between. */
export function writeState(folder: ServerFolder, state: ServerState): void {
  inFolder(folder.state, () => {
    const draft = `${folder.state}.${process.pid}`;
    try {
      writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
      renameSync(draft, folder.state);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  });
}

/** Runs file system calls on `file`; what they throw comes out as a FolderUnusable or DiskFull that names the file. */
export function inFolder<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw folderError(file, error);
  }
}

function folderError(file: string, cause: unknown): SelvageError {
  if (SelvageError.is(cause)) return cause;
  const { code = 'unknown error', path: culprit = file } = cause as NodeJS.ErrnoException;
  const details = { file: culprit, reason: code };
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SelvageError(
      'DiskFull',
      `There is no space left to write ${culprit}. Free some and try again.`,
      {
        details,
        cause,
      },
    );
  }
  return new SelvageError(
    'FolderUnusable',
    `${culprit} cannot be used (${code}). Selvage keeps its embedded server there: make the folder readable and ` +
      'writable for this user, run in another project folder, or give the address of a server.',
    { details, cause },
  );
}
