import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Identifies a process beyond the reuse of its id, by its start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** The process's start time as text, comparable on one platform only; it also identifies the machine's boot. */
  readonly startedAt: string;
}

/** Returns undefined if there is no such process, or it has ended and only waits to be collected. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = startTime(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function ownIdentity(): ProcessIdentity {
  own ??= identify(process.pid) ?? { pid: process.pid, startedAt: 'unknown' };
  return own;
}

/** Whether a process is alive: false once it has ended and released its files, even if its id was reused. */
export function isAlive(identity: ProcessIdentity): boolean {
  return startTime(identity.pid) === identity.startedAt;
}

export function isSameProcess(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startedAt === other.startedAt;
}

export function isProcessIdentity(value: unknown): value is ProcessIdentity {
  const candidate = value as ProcessIdentity | null | undefined;
  return Number.isSafeInteger(candidate?.pid) && typeof candidate?.startedAt === 'string';
}

let own: ProcessIdentity | undefined;
let boot: string | undefined;

function startTime(pid: number): string | undefined {
  if (process.platform === 'linux') return startTimeFromProc(pid);
  if (!exists(pid)) return undefined;
  return process.platform === 'win32' ? 'unknown' : startTimeFromPs(pid);
}

function startTimeFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field of `stat` is the name in brackets, which may contain spaces and brackets; the third, the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A process may lose its first thread before other threads, which hold its files and locks until they end.
  const threads = Number(fields[17]);
  if (fields[0] === 'X' || (fields[0] === 'Z' && threads <= 1)) return undefined;
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return `${boot}/${fields[19]}`;
}

function startTimeFromPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    }).trim();
    const [state = 'Z', ...started] = line.split(/\s+/);
    return state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
