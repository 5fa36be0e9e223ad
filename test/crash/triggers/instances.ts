import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { buildProgram, type BuiltProgram } from '../../support/built-program';

const LAST_WORDS = 4_000;
/** More than `serve` gives to what its triggers had begun. */
const STOP_LIMIT_MS = 60_000;

/** Instances of a program: whichever is killed is started again, as a supervisor would. */
export class Instances {
  /** Process ids of those who ended by SIGKILL, but not by that of {@link stop}. */
  readonly killed: number[] = [];
  /** What ended in any other way. */
  readonly failures: string[] = [];
  /** Each with the last that it wrote. */
  private readonly alive = new Map<ChildProcess, { text: string }>();
  private readonly kept: Promise<void>[];
  private isStopping = false;
  /** Those left are killed from here, not by a blow. */
  private isOverdue = false;

  private constructor(
    private readonly program: BuiltProgram,
    private readonly orders: object,
    count: number,
  ) {
    this.kept = Array.from({ length: count }, () => this.keep());
  }

  /**
   * @param program its source, absolute
   * @param orders given to it as JSON
   */
  static async start(program: string, orders: object, count: number): Promise<Instances> {
    return new Instances(await buildProgram(program), orders, count);
  }

  /** What those who live wrote last, and what ended unasked. */
  describe(): string {
    const alive = [...this.alive].map(
      ([{ pid }, { text }]) => `Instance ${pid} lives, and wrote last:\n${text}`,
    );
    return [...this.failures, ...alive].join('\n');
  }

  /** Tells all to stop, and waits until they have. Those that do not are killed, and are failures. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const child of this.alive.keys()) child.kill('SIGTERM');
    const killer = setTimeout(() => {
      this.isOverdue = true;
      for (const child of this.alive.keys()) child.kill('SIGKILL');
    }, STOP_LIMIT_MS);
    await Promise.all(this.kept);
    clearTimeout(killer);
    await this.program.remove();
  }

  private async keep(): Promise<void> {
    while (!this.isStopping && this.failures.length === 0) await this.one();
  }

  private async one(): Promise<void> {
    const child = fork(this.program.file, [JSON.stringify(this.orders)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const lastWords = { text: '' };
    this.alive.set(child, lastWords);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      lastWords.text = (lastWords.text + text).slice(-LAST_WORDS);
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    this.alive.delete(child);
    // The last event is acknowledged by one that dies of it: its end may be seen only after all were told to stop.
    if (signal === 'SIGKILL' && !this.isOverdue) this.killed.push(child.pid!);
    // One that is just starting has not learnt yet how to stop politely.
    else if (!this.isStopping || (code !== 0 && signal !== 'SIGTERM'))
      this.failures.push(
        `An instance ${this.isStopping ? 'that was told to stop ' : ''}ended (${signal ?? code}):\n${lastWords.text}`,
      );
  }
}
