/** Hands over the first item at once, then a batch each `everyMs`, by timers: they run in a hidden tab, too. */
interface Coalescer<T> {
  add(item: T): void;
  flush(): void;
  /** Drops what has been collected, and hands over nothing more. */
  close(): void;
}

interface Timers {
  set(call: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

export function coalesce<T>(hand: (items: T[]) => void, everyMs: number, timers: Timers): Coalescer<T> {
  let items: T[] = [];
  let timer: unknown;
  let isClosed = false;

  const flush = (): void => {
    if (items.length === 0) return;
    const batch = items;
    items = [];
    hand(batch);
  };
  const onTimer = (): void => {
    timer = undefined;
    if (items.length === 0) return;
    arm(everyMs);
    flush();
  };
  const arm = (ms: number): void => {
    timer = timers.set(onTimer, ms);
  };
  return {
    add(item) {
      if (isClosed) return;
      items.push(item);
      // Wait for zero milliseconds, so that everything from the same turn goes out together.
      if (timer === undefined) arm(0);
    },
    flush,
    close() {
      isClosed = true;
      items = [];
      if (timer !== undefined) timers.clear(timer);
      timer = undefined;
    },
  };
}
