import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import path from 'node:path';
import { SelvageError } from '../errors';
import { stopUnused } from './embedded-server';
import { withFileLock } from './file-lock';
import { liveLeases } from './leases';
import { identify, isAlive, isProcessIdentity } from './process-identity';
import { isInOffice, readState, refuseUnreleased, serverFolder, type ServerFolder } from './server-folder';
import { stopServer } from './server-process';
import { execFileSync } from 'node:child_process';
import { run } from './run-program';

const LOCK_LIMIT_MS = 10_000;

/** A useless file or folder in a server's folder, and its treatment. */
export interface Leftover {
  readonly file: string;
  readonly problem: string;
  /** The place to which the file was moved; absent if it was deleted. */
  readonly movedTo?: string;
}

/** The server's folder while it has no users, and can get none. */
export interface ServerAtRest {
  readonly folder: ServerFolder;
  readonly leftovers: readonly Leftover[];
  /** The code of the last start's failure, if it failed. */
  readonly lastFailure: string | undefined;
  /** Permanent id of the database's server, if known. */
  readonly cluster: string | undefined;
}

/**
 * Runs `work` while no embedded server of the project runs or can start. A server without users is stopped first, and
 * leftovers of dead processes are removed. Names of kept broken files contain `stamp`.
 *
 * @throws SelvageError `ProjectInUse`, which names the processes; `UnreleasedData`
 */
export async function withServerAtRest<T>(
  projectDir: string,
  stamp: string,
  work: (server: ServerAtRest) => Promise<T>,
): Promise<T> {
  const folder = serverFolder(projectDir);
  refuseUnreleased(folder);
  if (!existsSync(folder.root))
    return work({ folder, leftovers: [], lastFailure: undefined, cluster: undefined });
  const leftovers = await clearLock(folder);
  await stopUnused(folder);
  return withFileLock(folder.lock, LOCK_LIMIT_MS, async () => {
    const state = readState(folder);
    const failure = state?.phase === 'failed' ? state.failure?.code : undefined;
    const leases = leaseFiles(folder);
    const users = [...leaseHolders(folder), ...(state && isInOffice(state) ? [state.supervisor.pid] : [])];
    requireNoUsers(projectDir, users);
    // The supervisor of this server was killed, and no process needs the server.
    if (state?.server && isAlive(state.server)) await stopServer(state.server);
    await requireUnopened(projectDir, databaseFiles(folder.database));
    const stale = leases.map((file) => ({ file, problem: 'a lease of a process that has ended' }));
    leftovers.push(...stale, ...clearState(folder, stamp));
    return work({ folder, leftovers, lastFailure: failure, cluster: state?.cluster });
  });
}

export function databaseFiles(file: string): string[] {
  return [file, `${file}-wal`, `${file}-shm`];
}

/** @throws SelvageError `ProjectInUse` if another process has one of the files open */
export async function requireUnopened(projectDir: string, files: readonly string[]): Promise<void> {
  requireNoUsers(projectDir, await openersOf(files));
}

function requireNoUsers(projectDir: string, pids: readonly number[]): void {
  if (pids.length === 0) return;
  const who = [...new Set(pids)].map(describeProcess);
  throw new SelvageError(
    'ProjectInUse',
    `The files of ${projectDir} are in use by ${who.join(', ')}. Nothing was changed. End these processes and try again.`,
    { details: { projectDir, pids: [...new Set(pids)] } },
  );
}

/** A lock file has no data, and a damaged one would keep every process out. */
async function clearLock(folder: ServerFolder): Promise<Leftover[]> {
  if (!existsSync(folder.lock)) return [];
  const content = readFileSync(folder.lock).subarray(0, 16).toString('latin1');
  if (content === '' || content === 'SQLite format 3\0') return [];
  await requireUnopened(folder.projectDir, [folder.lock]);
  rmSync(folder.lock);
  return [{ file: folder.lock, problem: 'it was not a lock file any more' }];
}

function leaseFiles(folder: ServerFolder): string[] {
  if (!existsSync(folder.leases)) return [];
  return readdirSync(folder.leases).map((name) => path.join(folder.leases, name));
}

/** The processes with valid leases. All other leases are removed. */
function leaseHolders(folder: ServerFolder): number[] {
  if (!existsSync(folder.leases)) return [];
  return liveLeases(folder).flatMap((file) => {
    try {
      const holder: unknown = JSON.parse(readFileSync(file, 'utf8'));
      return isProcessIdentity(holder) ? [holder.pid] : [];
    } catch {
      // The lease is being written, so only its file's name tells the process.
      return [Number.parseInt(path.basename(file), 10)];
    }
  });
}

/** The temporary files of interrupted writes, and an unreadable state. */
function clearState(folder: ServerFolder, stamp: string): Leftover[] {
  const leftovers: Leftover[] = [];
  for (const name of readdirSync(folder.root)) {
    const file = path.join(folder.root, name);
    const writer = /^server\.json\.(\d+)$/.exec(name)?.[1];
    const isDraft = writer !== undefined && !identify(Number(writer));
    if (!isDraft && !/^space-[0-9a-f-]{36}$/.test(name)) continue;
    rmSync(file, { force: true });
    leftovers.push({ file, problem: 'left behind by a process that was killed' });
  }
  if (existsSync(folder.state) && !readState(folder)) {
    const movedTo = `${folder.state}.damaged-${stamp}`;
    renameSync(folder.state, movedTo);
    leftovers.push({ file: folder.state, problem: 'it does not say how the server stands', movedTo });
  }
  return leftovers;
}

const COMMAND_LIMIT_MS = 5_000;
const SHOWN_LENGTH = 120;

/** The id and beginning of the command line of a process, if known. */
function describeProcess(pid: number): string {
  const command = commandLine(pid);
  if (command === '') return `process ${pid}`;
  return `process ${pid} (${command.length > SHOWN_LENGTH ? `${command.slice(0, SHOWN_LENGTH)}…` : command})`;
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    }
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: COMMAND_LIMIT_MS,
    }).trim();
  } catch {
    return '';
  }
}

const LSOF_LIMIT_MS = 10_000;

/** The processes with open files that this user sees: by /proc on Linux, by `lsof` elsewhere. Empty on Windows. */
async function openersOf(files: readonly string[]): Promise<number[]> {
  const real = new Set(files.flatMap(existing));
  if (real.size === 0) return [];
  const pids = process.platform === 'linux' ? fromProc(real) : await fromLsof([...real]);
  return pids.filter((pid) => pid !== process.pid);
}

function existing(file: string): string[] {
  try {
    return [realpathSync(file)];
  } catch {
    return [];
  }
}

function fromProc(files: ReadonlySet<string>): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && openFilesOf(pid).some((target) => files.has(target)));
}

/** The open files of a process; empty for other users' processes, and for ended ones. */
function openFilesOf(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((descriptor) => {
      try {
        return [readlinkSync(`${folder}/${descriptor}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

async function fromLsof(files: readonly string[]): Promise<number[]> {
  const { output } = await run('lsof', ['-t', '--', ...files], { limitMs: LSOF_LIMIT_MS });
  return [...output.matchAll(/^\d+$/gm)].map(Number);
}
