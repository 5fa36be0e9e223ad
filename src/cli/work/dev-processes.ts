import { fork, type ChildProcess } from 'node:child_process';
import { EXIT } from '../output/exit-codes';
import { EndOfWork } from '../process/interruption';

const MARK = 'SELVAGE_DEV_WORKER';

/** A message from the worker to `selvage dev`, after loading the file, and again after opening body hosts. */
export interface LoadedMessage {
  /** All loaded files of the project: a change of any file calls for a new worker. */
  readonly files: readonly string[];
  readonly isLoaded: boolean;
}

export function isDevWorker(): boolean {
  return process.env[MARK] !== undefined && process.send !== undefined;
}

/** Starts `selvage worker`. The worker stops when the channel closes (`disconnect`, or our death). */
export function startDevWorker(words: readonly string[]): ChildProcess {
  return fork(process.argv[1]!, ['worker', ...words], {
    env: { ...process.env, [MARK]: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Marks later pages of `selvage dev`, which do not print the link again. */
const PAGE_AGAIN = 'SELVAGE_DEV_PAGE_AGAIN';

/** A message from the page to `selvage dev` once the page is served: the next page takes the same port. */
export interface PageMessage {
  readonly pagePort: number;
}

/** Starts `selvage ui`, like {@link startDevWorker}. */
export function startDevPage(words: readonly string[], isFirst: boolean): ChildProcess {
  return fork(process.argv[1]!, ['ui', ...words], {
    env: { ...process.env, [MARK]: '1', ...(!isFirst && { [PAGE_AGAIN]: '1' }) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

export function isFirstDevPage(): boolean {
  return process.env[PAGE_AGAIN] === undefined;
}

export function tellDev(message: LoadedMessage | PageMessage): void {
  process.send?.(message);
}

/** The request of `selvage dev` that its worker stop. Ignores signals, which `selvage dev` handles. */
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
