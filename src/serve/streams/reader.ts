import { setTimeout as delay } from 'node:timers/promises';
import type { Delivered, PartitionEnd, StreamElement } from '../../streams';

/** Consecutive elements of one partition, or the end of a partition. */
type Taken = { readonly partition: string; readonly elements: StreamElement[] } | PartitionEnd;

interface Queue {
  elements: StreamElement[];
  hasEnded: boolean;
  /** When the queue's first element began to wait for others, by `performance.now`. */
  since: number;
}

/** Reads ahead by a limited number of elements, then only as fast as elements are taken. */
export class Reader {
  readonly #iterator: AsyncIterator<Delivered<unknown>>;
  readonly #ahead: number;
  /** Read elements by partition. The partition that is taken from next comes first. */
  readonly #queues = new Map<string, Queue>();
  #count = 0;
  #reading: Promise<void> | undefined;
  #hasEnded = false;
  #error: { readonly error: unknown } | undefined;

  constructor(source: AsyncIterable<Delivered<unknown>>, ahead: number) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.#ahead = ahead;
  }

  /**
   * The next elements of a partition, at most `most`; fewer elements wait up to `linger` milliseconds for more.
   * Partitions take turns. Returns undefined if the source has ended, or the signal was aborted.
   *
   * @throws the source's error, once all elements before it were taken
   */
  async take(most: number, linger: number, signal: AbortSignal): Promise<Taken | undefined> {
    while (this.#queues.size === 0) {
      if (this.#error) throw this.#error.error;
      if (this.#hasEnded || signal.aborted) return undefined;
      await orAborted(this.#read(), signal);
    }
    const next = await this.#next(most, linger, signal);
    if (!next) return undefined;
    const [partition, queue] = next;
    const elements = this.#cut(partition, queue, most);
    if (elements.length === 0) return { endOf: partition };
    this.#readAhead();
    return { partition, elements };
  }

  /**
   * Adds the next elements of the partition to the elements taken last, until they are `count`. Adds fewer elements if
   * no more come, or once the signal is aborted.
   *
   * @throws the source's error, if it fails before
   */
  async fill(
    partition: string,
    elements: readonly StreamElement[],
    count: number,
    signal: AbortSignal,
  ): Promise<readonly StreamElement[]> {
    const missing = count - elements.length;
    if (missing <= 0) return elements;
    const isThere = (): boolean => {
      const queue = this.#queues.get(partition);
      return (queue?.elements.length ?? 0) >= missing || queue?.hasEnded === true;
    };
    while (!isThere() && !this.#hasEnded && !this.#error && !signal.aborted)
      await orAborted(this.#read(), signal);
    if (this.#error && !isThere()) throw this.#error.error;
    const queue = this.#queues.get(partition);
    return queue ? [...elements, ...this.#cut(partition, queue, missing)] : elements;
  }

  /** Gives back the elements last taken from their partition. */
  giveBack(partition: string, elements: readonly StreamElement[]): void {
    if (elements.length === 0) return;
    const queue = this.#queue(partition);
    queue.elements = [...elements, ...queue.elements];
    this.#count += elements.length;
  }

  /** Ends the iteration, without waiting for a source that does not listen. */
  close(): void {
    void this.#iterator.return?.()?.then(undefined, () => undefined);
  }

  /** The first partition whose elements need not wait for others. Returns undefined if the signal was aborted. */
  async #next(most: number, linger: number, signal: AbortSignal): Promise<[string, Queue] | undefined> {
    while (!signal.aborted) {
      const began = performance.now() - linger;
      let earliest = Number.POSITIVE_INFINITY;
      for (const next of this.#queues) {
        const [, { elements, hasEnded, since }] = next;
        const isWhole = hasEnded || elements.length >= most || this.#hasEnded || this.#error;
        if (isWhole || since <= began) return next;
        earliest = Math.min(earliest, since);
      }
      await this.#readFor(earliest - began, signal);
    }
    return undefined;
  }

  async #readFor(milliseconds: number, signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const late = delay(milliseconds, undefined, { signal: end.signal }).catch(() => undefined);
    await orAborted(Promise.race([this.#read(), late]), signal);
    end.abort();
  }

  #cut(partition: string, queue: Queue, most: number): StreamElement[] {
    const { elements, hasEnded } = queue;
    const cut = elements.length <= most ? elements : elements.slice(0, most);
    this.#count -= cut.length;
    this.#queues.delete(partition);
    // The end of a partition is taken by itself, after the last element.
    const isOver = cut.length === elements.length && !(hasEnded && cut.length > 0);
    const rest = elements.slice(cut.length);
    if (!isOver) this.#queues.set(partition, { elements: rest, hasEnded, since: performance.now() });
    return cut;
  }

  #readAhead(): void {
    if (!this.#hasEnded && !this.#error && this.#count < this.#ahead) void this.#read();
  }

  /** One read runs at a time. Errors are kept for {@link take}. */
  #read(): Promise<void> {
    return (this.#reading ??= this.#readNext().finally(() => (this.#reading = undefined)));
  }

  async #readNext(): Promise<void> {
    try {
      const { done, value } = await this.#iterator.next();
      if (done) this.#hasEnded = true;
      else if ('endOf' in value) this.#queue(value.endOf).hasEnded = true;
      else this.#put(Array.isArray(value) ? (value as StreamElement[]) : [value as StreamElement]);
    } catch (error) {
      this.#error = { error };
    }
  }

  /** All elements of a delivery belong to one partition. */
  #put(elements: StreamElement[]): void {
    const [first] = elements;
    if (!first) return;
    const queue = this.#queue(first.partition ?? '');
    queue.elements = queue.elements.length === 0 ? elements : queue.elements.concat(elements);
    this.#count += elements.length;
  }

  #queue(partition: string): Queue {
    let queue = this.#queues.get(partition);
    if (!queue) {
      queue = { elements: [], hasEnded: false, since: performance.now() };
      this.#queues.set(partition, queue);
    }
    return queue;
  }
}

/** Undefined once the signal is aborted. Leaves no listener: a stream's signal lives as long as the stream. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) {
    work.catch(() => undefined);
    return undefined;
  }
  return await new Promise<T | undefined>((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
