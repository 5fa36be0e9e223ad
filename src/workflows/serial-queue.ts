/**
 * Serialises calls to workers, so that a replay sees their answers in the same order. Signals are therefore handled in
 * order of arrival, and nothing runs beside the last step, a local activity.
 */
export class SerialQueue {
  private readonly waiting: (() => void)[] = [];
  private isTaken = false;

  run<T>(work: () => Promise<T>): Promise<T> {
    if (!this.isTaken) return this.begin(work);
    return new Promise<void>((resolve) => this.waiting.push(resolve)).then(() => this.begin(work));
  }

  private begin<T>(work: () => Promise<T>): Promise<T> {
    this.isTaken = true;
    const done = work();
    const free = (): void => {
      const next = this.waiting.shift();
      if (next) next();
      else this.isTaken = false;
    };
    done.then(free, free);
    return done;
  }
}
