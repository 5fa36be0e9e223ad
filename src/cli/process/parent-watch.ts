// Stops a command that npm has started, as docs/cli.md promises: npm passes no SIGTERM on.

import { readFileSync } from 'node:fs';
import { isBehindPackageManager } from '../output/typed-commands';

/** Interval of checks for the parent. */
const LOOK_MS = 1_000;

interface Standing {
  readonly pid: number;
  readonly parent: number;
  /** Id of the process's session, if known; equal to the process's own id after `setsid`. */
  readonly session?: number | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Whether the command ends with its parent. Package managers end on SIGTERM together with their shell and pass
 * nothing on: their death is the only notice. Other parents (a shell with `nohup`, a daemon starter, a supervisor)
 * may end at any time, and the signal arrives here.
 */
export function endsWithParent({ pid, parent, session, environment }: Standing): boolean {
  // A container's first process, an orphaned process and one with a session of its own do not end with their parent.
  const isLeft = pid === 1 || parent <= 1 || session === pid;
  return isBehindPackageManager(environment) && !environment['SELVAGE_DETACHED'] && !isLeft;
}

/** Calls back once when the parent has ended, if the process ends with it. Returns a function that stops watching. */
export function watchParent(onEnd: () => void): () => void {
  const { pid, ppid: parent, env: environment } = process;
  if (!endsWithParent({ pid, parent, session: sessionOf(), environment })) return () => {};
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onEnd();
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Linux only. */
function sessionOf(): number | undefined {
  try {
    // The fields after the program's name in brackets are state, parent, process group, session.
    const [, fields] = /^.*\) (.*)$/s.exec(readFileSync('/proc/self/stat', 'utf8')) ?? [];
    return Number(fields?.split(' ')[3]);
  } catch {
    return undefined;
  }
}
