/**
 * One thing after the other, in the order in which they were asked for; what finds nothing before it begins at once. What a run asks
 * workers for takes turns: signals are taken in the order in which they came, and the last step, a local activity, has nothing beside
 * it whose answer a replay could hear in another order.
 */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private isTaken = false;

  take<T>(work: () => Promise<T>): Promise<T> {
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
