import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Contestant, Job, Timed } from './contestant';

const START_LIMIT_MS = 60_000;
const JOB_LIMIT_MS = 2 * 60_000;
const STOP_LIMIT_MS = 10_000;

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * A process of a peer. All that it says is kept for the error that tells of its end; a line that is JSON is an answer.
 */
export class Program {
  private readonly said: string[] = [];
  private readonly waiting = new Set<() => void>();
  private ended: string | undefined;

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.said.push(line);
        this.notify();
      });
    }
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.on('close', () => process.removeListener('exit', kill));
    child.on('error', ({ message }) => this.end(message));
    child.on('close', (code, signal) =>
      this.end(signal ? `ended by ${signal}` : `exit code ${String(code)}`),
    );
  }

  static start(name: string, { command, args, cwd, env, uid, gid }: ProgramOptions): Program {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(cwd && { cwd }),
      env: { ...process.env, ...env },
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
    });
    const program = new Program(name, child);
    // What is asked of a process that has ended is told by its end.
    child.stdin.on('error', () => {});
    return program;
  }

  /** One of `*.process.ts` beside this file. */
  static startNode(name: string, file: string, options: object): Program {
    return Program.start(name, {
      command: process.execPath,
      args: [...process.execArgv, path.join(__dirname, file), JSON.stringify(options)],
    });
  }

  /** Resolves with a line that has this text, when it has said one. */
  async hears(text: string, limitMs = START_LIMIT_MS): Promise<string> {
    return await this.until(() => this.said.find((line) => line.includes(text)), limitMs);
  }

  /** Hands it a job and waits for the answer; one at a time. */
  async run(job: Job): Promise<Timed> {
    this.said.length = 0;
    this.child.stdin!.write(`${JSON.stringify(job)}\n`);
    const line = await this.until(() => this.said.find((text) => text.startsWith('{')), JOB_LIMIT_MS);
    const answer = JSON.parse(line) as Timed | { error: string };
    if ('error' in answer) throw new Error(`${this.name}: ${answer.error}`);
    return answer;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.ended !== undefined) return;
    const closed = once(this.child, 'close');
    this.child.kill(signal);
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await closed;
    clearTimeout(late);
  }

  private async until<T>(look: () => T | undefined, limitMs: number): Promise<T> {
    const giveUpAt = Date.now() + limitMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.ended !== undefined) throw new Error(`${this.name} ended (${this.ended})${this.lastWords()}`);
      if (Date.now() >= giveUpAt)
        throw new Error(`${this.name} did not answer within ${limitMs / 1_000} s${this.lastWords()}`);
      await this.change(giveUpAt);
    }
  }

  private async change(giveUpAt: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, giveUpAt - Date.now());
      this.waiting.add(done);
    });
  }

  private end(how: string): void {
    this.ended ??= how;
    this.notify();
  }

  private notify(): void {
    for (const wake of [...this.waiting]) wake();
  }

  /** The end of what it said since the last job. */
  lastWords(): string {
    const words = this.said.slice(-5).join('\n');
    return words ? `:\n${words}` : '.';
  }
}

/** A contestant that is one program, once it says that it is ready; and whatever has to be closed after it. */
export async function contestantOf(
  program: Program,
  closeRest: () => Promise<void> = async () => {},
): Promise<Contestant> {
  const contestant: Contestant = {
    run: (job) => program.run(job),
    async close() {
      try {
        await program.stop();
      } finally {
        await closeRest();
      }
    },
  };
  try {
    await program.hears('ready');
    return contestant;
  } catch (error) {
    await contestant.close();
    throw error;
  }
}
