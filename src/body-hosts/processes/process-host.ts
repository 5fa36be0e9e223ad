import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { StartedHost } from '../host-pool';
import { startTimer } from '../../runtime';
import { FrameStream } from '../protocol/frame-stream';

const PROTOCOL_FD = 3;
const LAST_WORDS = 2_000;
/** How long a program's last output is still read after its exit. */
const LAST_WORDS_MS = 500;
/** Time limit for a program to end after it has closed its connection. */
const LEAVE_MS = 2_000;

interface ProcessOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Advice for a program that cannot be started. */
  readonly remedy: string;
  /** Receives the program's standard output and error, line by line. */
  said(line: string, stream: 'stdout' | 'stderr'): void;
}

interface StartedProcess extends StartedHost {
  /** Carries the frames. */
  readonly socket: Duplex;
}

/** Starts a program that speaks the body protocol on file descriptor 3. */
export function startProcess({ name, command, cwd, env, remedy, said }: ProcessOptions): StartedProcess {
  const [file, ...args] = command;
  const child = spawn(file!, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env, SELVAGE_BODY_FD: String(PROTOCOL_FD) },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // Ctrl-C is for the worker, which tells its hosts.
    detached: true,
  });
  const socket = child.stdio[PROTOCOL_FD] as Duplex;
  const link = new FrameStream(socket);
  let lastWords = '';
  for (const stream of ['stdout', 'stderr'] as const) {
    let rest = '';
    child[stream]!.setEncoding('utf8').on('data', (text: string) => {
      if (stream === 'stderr') lastWords = `${lastWords}${text}`.slice(-LAST_WORDS);
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop()!;
      for (const line of lines) said(line, stream);
    });
    child[stream]!.on('end', () => {
      if (rest !== '') said(rest, stream);
    });
  }
  const gone = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      link.end(new Error(`it could not be started (${error.message}). ${remedy}`));
      resolve();
    });
    // At the program's exit, its last output may be on its way. Children of the program may hold its outputs longer.
    child.on('exit', (code, signal) => {
      const how = signal
        ? `it was ended by ${signal}`
        : code === 0
          ? undefined
          : `it ended with code ${code}`;
      const end = (): void => {
        const last = lastWords.trim();
        link.end(how === undefined ? undefined : new Error(last === '' ? how : `${how}, and said: ${last}`));
        resolve();
      };
      const stop = startTimer(LAST_WORDS_MS, end);
      child.on('close', () => {
        stop();
        end();
      });
    });
  });
  // A program without a connection is useless.
  socket.on('close', () => {
    const stop = startTimer(LEAVE_MS, () => child.kill('SIGKILL'));
    void gone.then(stop);
  });
  const sockets = child.stdio.filter((socket) => socket !== null) as unknown as Socket[];
  return {
    link,
    socket,
    name: child.pid === undefined ? name : `${name} (process ${child.pid})`,
    gone,
    hold: (isHeld) => {
      for (const one of [child, ...sockets]) {
        if (isHeld) one.ref();
        else one.unref();
      }
    },
    kill: () => child.kill('SIGKILL'),
  };
}
