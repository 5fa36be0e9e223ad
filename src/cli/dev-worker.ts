import { fork, type ChildProcess } from 'node:child_process';
import { EXIT } from './exit-codes';
import { EndOfWork } from './interruption';

/** Set by `selvage dev` for the workers that it starts. */
const MARK = 'SELVAGE_DEV_WORKER';

/** What the worker says to `selvage dev`, once, when it has tried to load the file. */
export interface LoadedMessage {
  /** All files of the project that were loaded: a change of any calls for a new worker. */
  readonly files: readonly string[];
  readonly isLoaded: boolean;
}

/** Whether this process is a worker that `selvage dev` started. */
export function isDevWorker(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment[MARK] !== undefined && process.send !== undefined;
}

/** Starts `selvage worker` as a process. Breaking the channel to it (`disconnect`, or our death) tells it to stop. */
export function startDevWorker(words: readonly string[]): ChildProcess {
  return fork(process.argv[1]!, ['worker', ...words], {
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** In the worker: told to stop by `selvage dev`. A signal may reach both, and is for `selvage dev` to answer. */
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
