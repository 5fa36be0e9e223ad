import { SelvageError } from './selvage-error';

/** Thrown by `run.values()` if the run did not succeed. `result` has all outcomes. */
export class RunFailed<Result = unknown> extends SelvageError {
  readonly result: Result;

  constructor(message: string, result: Result, details: Readonly<Record<string, unknown>>) {
    super('RunFailed', message, { details });
    this.result = result;
  }
}
