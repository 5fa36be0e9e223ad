import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { isAlive } from '../../../src/server/process-identity';
import { readState, serverFolder } from '../../../src/server/server-folder';
import { until } from '../../support/until';

const made: string[] = [];

/** A new, empty project folder. */
export function makeProject(): string {
  const project = mkdtempSync(path.join(tmpdir(), 'selvage-project-'));
  made.push(project);
  return project;
}

/** Removes the folders, and before that what still runs in them, such as a server whose users a test has killed. */
export async function removeProjects(): Promise<void> {
  for (const project of made.splice(0)) {
    const folder = serverFolder(project);
    const supervisor = existsSync(folder.state) ? readState(folder)?.supervisor : undefined;
    if (supervisor && isAlive(supervisor)) process.kill(supervisor.pid, 'SIGTERM');
    if (supervisor) await until('the supervisor ends', () => !isAlive(supervisor));
    rmSync(project, { recursive: true, force: true });
  }
}

/** The ids of all server processes, ours or not, that have a project's database open by their command line. */
export function serverProcesses(projectDir: string): number[] {
  const { database } = serverFolder(projectDir);
  return execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('server start-dev') && line.includes(database))
    .map((line) => Number.parseInt(line, 10));
}

/** The ports of IPv4 that a process listens on. On Linux. */
export function portsOf(pid: number): number[] {
  const folder = `/proc/${pid}/fd`;
  const files = new Set(readdirSync(folder).map((descriptor) => readlinkSync(path.join(folder, descriptor))));
  const isListening = '0A';
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === isListening && files.has(`socket:[${inode}]`))
    .map(([, local]) => Number.parseInt(local!.split(':')[1]!, 16));
}

/** The command line and, on Linux, the environment of a process. */
export function commandOf(pid: number): { arguments: string; environment: string | undefined } {
  const environ = `/proc/${pid}/environ`;
  return {
    arguments: execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }),
    environment: existsSync(environ) ? readFileSync(environ, 'utf8').replaceAll('\0', '\n') : undefined,
  };
}
