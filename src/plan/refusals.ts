import { SelvageError } from '../errors';

/** Throws the first problem of compiling, or collects them all. */
export class Refusals {
  private told = false;

  /** Without `tell`, the first problem is thrown. */
  constructor(private readonly tell?: (problem: SelvageError) => void) {}

  get any(): boolean {
    return this.told;
  }

  refuse(problem: SelvageError): void {
    if (!this.tell) throw problem;
    this.told = true;
    this.tell(problem);
  }

  /** `instead` is returned if the work fails, so that the rest can be checked. */
  attempt<T>(work: () => T, instead: T): T {
    try {
      return work();
    } catch (error) {
      if (!SelvageError.is(error)) throw error;
      this.refuse(error);
      return instead;
    }
  }
}
