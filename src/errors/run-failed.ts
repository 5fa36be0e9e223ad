import { SelvageError } from './selvage-error';

/** Thrown by `run.values()` of a run that did not succeed. `result` has what there is: the outcomes of all knots. */
export class RunFailed<Result = unknown> extends SelvageError {
  readonly result: Result;

  constructor(message: string, result: Result, details: Readonly<Record<string, unknown>>) {
    super('RunFailed', message, { details });
    this.result = result;
  }
}
