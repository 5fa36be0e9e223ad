import { SelvageError } from '../errors';

/** What compiling does with what it has to refuse: throws the first, or tells all of it. */
export class Refusals {
  private told = false;

  /** @param tell absent: the first is thrown */
  constructor(private readonly tell?: (problem: SelvageError) => void) {}

  /** Whether there was any. */
  get any(): boolean {
    return this.told;
  }

  refuse(problem: SelvageError): void {
    if (!this.tell) throw problem;
    this.told = true;
    this.tell(problem);
  }

  /** @param instead taken where the work is refused, so that the rest can be looked at */
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
