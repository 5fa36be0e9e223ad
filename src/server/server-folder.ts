import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { SelvageError, type ErrorCode } from '../errors';
import { makePrivateFolder } from '../node/private-files';
import { isAlive, isProcessIdentity, type ProcessIdentity } from './process-identity';

/** Paths of the embedded server of one project. */
export interface ServerFolder {
  readonly projectDir: string;
  readonly root: string;
  /** Temporal's database with the state of all runs, which Selvage never deletes. */
  readonly database: string;
  readonly log: string;
  readonly state: string;
  readonly lock: string;
  readonly leases: string;
  /** The HOME of the server, to keep it from the user's configuration. */
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

/** The server's folder in unreleased builds. This version cannot continue the runs in that folder. */
const UNRELEASED_FOLDER = 'server';

/** This check comes before a folder is used, as this version does not find an unreleased build's runs. */
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

/** Throws FolderUnusable or DiskFull. */
export function createServerFolder(folder: ServerFolder): void {
  inFolder(folder.root, () => {
    makePrivateFolder(folder.leases);
    makePrivateFolder(folder.home);
  });
}

/** The error of a failed start, as the supervisor writes it to a file. */
export interface StartFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The content of `server.json`, always written as a whole, by a supervisor or under the project's lock. */
export interface ServerState {
  readonly version: 1;
  /**
   * `starting`: wait, also during a restart of the server. `ready`: the server answers calls. `stopping`: wait for the
   * supervisor's end; no process may join. `failed`: see `failure`. `stopped`: nothing runs.
   */
  readonly phase: 'starting' | 'ready' | 'stopping' | 'failed' | 'stopped';
  /** The process that restarts a dead server, and stops a server without users. */
  readonly supervisor: ProcessIdentity;
  readonly server?: ProcessIdentity | undefined;
  readonly port?: number | undefined;
  /** The port of Temporal's web page; absent if it is not served. */
  readonly uiPort?: number | undefined;
  readonly durable: boolean;
  /** The permanent id of the database's server, for when the database can no longer be read. */
  readonly cluster?: string | undefined;
  readonly failure?: StartFailure | undefined;
}

/** Returns undefined if there is no state, or the file is damaged or from another version. */
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

export function isInOffice(state: ServerState): boolean {
  return state.phase !== 'failed' && state.phase !== 'stopped' && isAlive(state.supervisor);
}

/** Writes atomically: a reader sees the old or the new state. */
export function writeState(folder: ServerFolder, state: ServerState): void {
  inFolder(folder.state, () => {
    const draft = `${folder.state}.${process.pid}`;
    try {
      writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
      renameSync(draft, folder.state);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  });
}

/** Converts errors of file system calls to FolderUnusable or DiskFull, with the file's name. */
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
