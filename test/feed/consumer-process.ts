import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { ConsumerOrders } from './consumer-program';

/** A process that delivers, to be killed. */
export class ConsumerProcess {
  readonly #child: ChildProcess;

  constructor(orders: ConsumerOrders) {
    this.#child = fork(path.join(__dirname, 'consumer-program.ts'), [JSON.stringify(orders)], {
      execArgv: ['--require', require.resolve('tsx/cjs')],
      // jest gives a test a copy, which other processes do not see by themselves.
      env: process.env,
    });
  }

  /** Returns when it delivers, or is over. */
  async begun(): Promise<void> {
    await Promise.race([once(this.#child, 'message'), this.ended()]);
  }

  /** Kills it without a word; answers the signal that ended it. */
  async kill(): Promise<NodeJS.Signals | null> {
    this.#child.kill('SIGKILL');
    return await this.ended();
  }

  /** Stops it as it is: it holds its lease, and does nothing. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async ended(): Promise<NodeJS.Signals | null> {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.signalCode;
  }
}
