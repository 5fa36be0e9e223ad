import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LIMIT_MS = 5_000;
const SHOWN_LENGTH = 120;

/** Id and beginning of the command line, if known. */
export function describeProcess(pid: number): string {
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
      timeout: LIMIT_MS,
    }).trim();
  } catch {
    return '';
  }
}
