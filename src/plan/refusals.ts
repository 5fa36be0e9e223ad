import { SelvageError } from '../errors';

/** The reaction to problems found by compiling: throws the first, or collects them all. */
export class Refusals {
  private told = false;

  /** @param tell if omitted, the first problem is thrown */
  constructor(private readonly tell?: (problem: SelvageError) => void) {}

  /** Whether there was any problem. */
  get any(): boolean {
    return this.told;
  }

  refuse(problem: SelvageError): void {
    if (!this.tell) throw problem;
    this.told = true;
    this.tell(problem);
  }

  /** @param instead returned if the work fails, so that the rest can be checked */
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
