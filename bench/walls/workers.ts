import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Fixture } from './worker.process';

const PROGRAM = path.join(__dirname, 'worker.process.ts');

/** A worker in a process of its own, which may be killed. */
export class FixtureWorker {
  private constructor(private readonly child: ChildProcess) {}

  /**
   * Starts it and waits until it polls.
   *
   * @param fixture what it works for
   */
  static async start(
    address: string,
    projectDir: string,
    fixture: Fixture,
    heapMegabytes?: number,
  ): Promise<FixtureWorker> {
    const heap = heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`];
    const execArgv = [...heap, '--require', require.resolve('tsx/cjs')];
    const worker = new FixtureWorker(fork(PROGRAM, [address, projectDir, fixture], { execArgv }));
    await worker.word();
    return worker;
  }

  /** Resident memory at its highest, in bytes. */
  async peakBytes(): Promise<number> {
    this.child.send('peak');
    return (await this.word()) as number;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  private async word(): Promise<unknown> {
    const [word] = (await Promise.race([
      once(this.child, 'message'),
      once(this.child, 'exit').then(() => {
        throw new Error('A worker of the benchmark ended by itself: see its messages above.');
      }),
    ])) as unknown[];
    return word;
  }
}
