interface Waiting<T, R> {
  readonly items: readonly T[];
  readonly resolve: (results: R[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Collects requests during a call for the next one, as a hundred items cost little more than one. */
export class GroupedCalls<T, R> {
  readonly #call: (items: readonly T[]) => Promise<readonly R[]>;
  readonly #limit: number;
  readonly #queue: Waiting<T, R>[] = [];
  #isRunning = false;

  /** @param call returns results in the order of the items; `limit` may be exceeded by a single request */
  constructor(call: (items: readonly T[]) => Promise<readonly R[]>, limit: number) {
    this.#call = call;
    this.#limit = limit;
  }

  call(items: readonly T[]): Promise<R[]> {
    if (items.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#queue.push({ items, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#queue.length > 0) await this.#send(this.#next());
    this.#isRunning = false;
  }

  #next(): Waiting<T, R>[] {
    let items = 0;
    let length = 0;
    for (const waiting of this.#queue) {
      items += waiting.items.length;
      if (length > 0 && items > this.#limit) break;
      length += 1;
    }
    return this.#queue.splice(0, length);
  }

  async #send(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.#call(group.flatMap(({ items }) => items));
      let next = 0;
      for (const { items, resolve } of group) resolve(results.slice(next, (next += items.length)));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
