import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

import { clusterPython, PYTHON_BODIES, PYTHON_SOURCES } from './python-environment';
import { until } from './until';

export interface PythonProgram {
  /** The process, which leads its own group. */
  readonly pid: number;
  /** Its output so far. */
  said(): string;
  /** Sends SIGKILL to it and all that it has started. Resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts a Python program that can import `selvage` and the tests' bodies. Waits for the expected output. */
export async function startPython(args: readonly string[], expected: RegExp): Promise<PythonProgram> {
  const child: ChildProcess = spawn(clusterPython(), args, {
    env: {
      ...process.env,
      PYTHONPATH: [PYTHON_SOURCES, PYTHON_BODIES].join(path.delimiter),
      PYTHONUNBUFFERED: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  child.stdout!.on('data', (data) => (text += String(data)));
  child.stderr!.on('data', (data) => (text += String(data)));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
    await gone;
  };
  try {
    await until(`python ${args.join(' ')} has said ${String(expected)}`, () => {
      if (child.exitCode !== null) throw new Error(`It ended with code ${child.exitCode}: ${text}`);
      return expected.test(text);
    });
  } catch (error) {
    await kill();
    throw error;
  }
  return { pid: child.pid!, said: () => text, kill };
}
