import { fork, type ChildProcess } from 'node:child_process';
import { EXIT } from '../output/exit-codes';
import { EndOfWork } from '../process/interruption';

/** Set by `selvage dev` for the workers that it starts. */
const MARK = 'SELVAGE_DEV_WORKER';

/** Sent by the worker to `selvage dev`, after it has tried to load the file, and again after it has tried to open body hosts. */
export interface LoadedMessage {
  /** All loaded files of the project: a change of any calls for a new worker. */
  readonly files: readonly string[];
  readonly isLoaded: boolean;
}

/** Whether this process is a worker started by `selvage dev`. */
export function isDevWorker(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment[MARK] !== undefined && process.send !== undefined;
}

/**
 * Starts `selvage worker` as a process. Closing the channel to it (`disconnect`, or our death) tells it to
 * stop.
 */
export function startDevWorker(words: readonly string[]): ChildProcess {
  return fork(process.argv[1]!, ['worker', ...words], {
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/**
 * Tells a page of `selvage dev` that it is not the first, so that it does not print again what the first has
 * printed.
 */
const PAGE_AGAIN = 'SELVAGE_DEV_PAGE_AGAIN';

/** Sent by the page to `selvage dev` once it is being served: the next page takes the same address. */
export interface PageMessage {
  readonly pagePort: number;
}

/** Starts `selvage ui` as a process, as {@link startDevWorker} does a worker. */
export function startDevPage(words: readonly string[], isFirst: boolean): ChildProcess {
  return fork(process.argv[1]!, ['ui', ...words], {
    env: { ...process.env, [MARK]: '1', ...(!isFirst && { [PAGE_AGAIN]: '1' }) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

export function isFirstDevPage(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment[PAGE_AGAIN] === undefined;
}

export function tellPage(message: PageMessage): void {
  process.send?.(message);
}

/** In the worker: the request of `selvage dev` to stop. Signals that reach both are left to `selvage dev`. */
export class EndOfDev extends EndOfWork {
  readonly exitCode = EXIT.ok;
  readonly asked = new Promise<void>((resolve) => process.once('disconnect', resolve));
  private readonly ignore = (): void => {};

  constructor() {
    super();
    process.on('SIGINT', this.ignore).on('SIGTERM', this.ignore);
  }

  stop(): void {
    process.off('SIGINT', this.ignore).off('SIGTERM', this.ignore);
  }
}

export function tellLoaded(message: LoadedMessage): void {
  process.send?.(message);
}
