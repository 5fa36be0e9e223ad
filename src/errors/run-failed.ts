import { SelvageError } from './selvage-error';

/** The error that `run.values()` throws if the run did not succeed. `result` has all outcomes. */
export class RunFailed<Result = unknown> extends SelvageError {
  readonly result: Result;

  constructor(message: string, result: Result, details: Readonly<Record<string, unknown>>) {
    super('RunFailed', message, { details });
    this.result = result;
  }
}
