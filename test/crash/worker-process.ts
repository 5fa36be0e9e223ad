import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { buildProgram } from '../support/built-program';
import { bundledInterpreter } from '../support/workflow-bundle';

export interface WorkerOrders {
  readonly address: string;
  readonly taskQueue: string;
  /** Project folder of the backends. */
  readonly projectDir: string;
  readonly identity: string;
  readonly codePath: string;
}

/** A worker in a process of its own, to be killed. */
export class WorkerProcess {
  private constructor(private readonly process: ChildProcess) {}

  /**
   * Returns when it polls.
   *
   * @param orders may have more, for another program
   * @param program a file that does as worker-program.ts does
   */
  static async start(
    orders: Omit<WorkerOrders, 'codePath'> & Readonly<Record<string, string>>,
    program = path.join(__dirname, 'worker-program.ts'),
  ): Promise<WorkerProcess> {
    const { codePath } = bundledInterpreter();
    const { file, remove } = await buildProgram(program);
    const child = fork(file, [JSON.stringify({ ...orders, codePath })], { execArgv: [] });
    const worker = new WorkerProcess(child);
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code, signal]) => {
        throw new Error(`The worker ended (${code ?? signal}) before it polled.`);
      }),
    ]).finally(remove);
    return worker;
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Kills it without a word; answers the signal that ended it. */
  async kill(): Promise<NodeJS.Signals | null> {
    this.process.kill('SIGKILL');
    return await this.ended();
  }

  /** Waits for its end; answers the signal that ended it. */
  async ended(): Promise<NodeJS.Signals | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
    return this.process.signalCode;
  }
}
