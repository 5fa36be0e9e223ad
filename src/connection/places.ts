/** Limits concurrent work per key; further work waits in order of arrival. */
export class Places {
  private readonly lines = new Map<string, Line>();

  constructor(private count: number) {}

  narrow(count: number): void {
    this.count = Math.min(this.count, count);
  }

  /** @param work receives the start of its fruitless wait: its request, or a later success of the same key */
  async take<T>(key: string, work: (since: number) => Promise<T>): Promise<T> {
    const asked = Date.now();
    const line = this.lines.get(key) ?? { taken: 0, moved: 0, waiting: [] };
    this.lines.set(key, line);
    if (line.taken < this.count) line.taken += 1;
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    try {
      const done = await work(Math.max(asked, line.moved));
      line.moved = Date.now();
      return done;
    } finally {
      const next = line.taken > this.count ? undefined : line.waiting.shift();
      if (next) next();
      else if (--line.taken === 0) this.lines.delete(key);
    }
  }
}

interface Line {
  taken: number;
  /** When work last succeeded, in milliseconds since the epoch. */
  moved: number;
  readonly waiting: (() => void)[];
}
