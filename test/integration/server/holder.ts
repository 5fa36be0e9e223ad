import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export type HolderMessage =
  | { kind: 'acquired'; pid: number; address: string }
  | { kind: 'restarted'; pid: number }
  | { kind: 'released' }
  | { kind: 'failed'; code: string; message: string };

/** Another process that uses the embedded server of a project. */
export class Holder {
  private readonly process: ChildProcess;
  private readonly received: HolderMessage[] = [];

  constructor(projectDir: string, options: { uid?: number; env?: NodeJS.ProcessEnv } = {}) {
    this.process = fork(path.join(__dirname, 'holder-program.ts'), [projectDir], {
      execArgv: ['--require', require.resolve('tsx/cjs')],
      env: { ...process.env, ...options.env },
      ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
    });
    this.process.on('message', (message: HolderMessage) => this.received.push(message));
  }

  /** The next message of one kind; the end of the process before it is an error. */
  async next<K extends HolderMessage['kind']>(kind: K): Promise<Extract<HolderMessage, { kind: K }>> {
    for (;;) {
      const message = this.received.shift();
      if (message?.kind === kind) return message as Extract<HolderMessage, { kind: K }>;
      if (message) throw new Error(`Waited for ${kind}, but heard ${JSON.stringify(message)}`);
      if (!this.process.connected) throw new Error(`The holder ended before it said ${kind}`);
      await Promise.race([once(this.process, 'message'), once(this.process, 'disconnect')]);
    }
  }

  async release(): Promise<void> {
    this.process.send('release');
    await this.next('released');
    await this.ended();
  }

  /** Ends in an orderly way without a word to the server. */
  async leave(): Promise<void> {
    this.process.send('leave');
    await this.ended();
  }

  /** Dies as in a crash. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
  }

  async ended(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
  }
}
