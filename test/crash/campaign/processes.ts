import { fork, type ChildProcess } from 'node:child_process';

import type { Held } from './scene';

/** What processes say to the campaign. */
export type Told =
  | { readonly type: 'warm' }
  | { readonly type: 'begun' }
  /** Of a worker: it has started, and can be stopped. */
  | { readonly type: 'started' }
  | { readonly type: 'idle' }
  | { readonly type: 'done' }
  | { readonly type: 'refused'; readonly code: string; readonly message: string }
  | Held;

/** What the campaign says to processes. */
export type Order =
  | { readonly type: 'work'; readonly orders: unknown }
  | { readonly type: 'release'; readonly blow: number; readonly strike: number }
  | { readonly type: 'stop' };

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly at: number;
  /** The end of what it said on standard error. */
  readonly lastWords: string;
}

const LAST_WORDS = 4_000;

/** A worker or a client in a process of its own, which can take part in one scenario after the other until it is killed. */
export class Actor {
  readonly ended: Promise<End>;
  private end: End | undefined;
  private lastWords = '';
  private listener: (told: Told) => void = () => {};

  constructor(private readonly child: ChildProcess) {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.lastWords = (this.lastWords + text).slice(-LAST_WORDS);
    });
    child.on('message', (told: Told) => this.listener(told));
    this.ended = new Promise((resolve) => {
      child.once('close', (code: number | null, signal: NodeJS.Signals | null) => {
        this.end = { code, signal, at: Date.now(), lastWords: this.lastWords };
        resolve(this.end);
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get isAlive(): boolean {
    return this.end === undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  listen(listener: (told: Told) => void): void {
    this.listener = listener;
  }

  order(order: Order): void {
    // One that has just died does not hear it.
    this.child.send(order, () => {});
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.child.kill(signal);
  }

  /** Resolves with the first word of this kind, or with undefined when the process ends without it. */
  async say<T extends Told['type']>(type: T): Promise<Extract<Told, { type: T }> | undefined> {
    const said = new Promise<Extract<Told, { type: T }>>((resolve) => {
      this.child.on('message', function hear(this: ChildProcess, told: Told) {
        if (told.type !== type) return;
        this.off('message', hear);
        resolve(told as Extract<Told, { type: T }>);
      });
    });
    return await Promise.race([said, this.ended.then(() => undefined)]);
  }
}

/** Processes that have loaded their program and wait for work: a start takes a second of processor time. */
export class Pool {
  private readonly warm: Promise<Actor>[] = [];
  private readonly all = new Set<Actor>();
  private isClosed = false;
  started = 0;

  /**
   * @param program its file
   * @param size how many wait ahead of need
   */
  constructor(
    private readonly program: string,
    private readonly size: number,
  ) {
    while (this.warm.length < size) this.warm.push(this.start());
  }

  /** One that is warm; another one is started in its place. */
  async take(): Promise<Actor> {
    if (this.warm.length <= this.size && !this.isClosed) this.warm.push(this.start());
    return await this.warm.shift()!;
  }

  giveBack(actor: Actor): void {
    actor.listen(() => {});
    if (this.warm.length >= 2 * this.size) actor.signal('SIGKILL');
    else this.warm.unshift(Promise.resolve(actor));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const actor of this.all) actor.signal('SIGKILL');
    await Promise.all([...this.all].map((actor) => actor.ended));
  }

  private async start(): Promise<Actor> {
    this.started += 1;
    const child = fork(this.program, [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const actor = new Actor(child);
    this.all.add(actor);
    void actor.ended.then(() => this.all.delete(actor));
    if (await actor.say('warm')) return actor;
    const { code, signal, lastWords } = await actor.ended;
    if (this.isClosed) return actor;
    throw new Error(
      `A process of ${this.program} ended (${signal ?? code}) before it was ready:\n${lastWords}`,
    );
  }
}
