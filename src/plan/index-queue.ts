/** A binary heap of indexes, smallest first. Adding indexes in ascending order takes constant time. */
export class IndexQueue {
  private readonly heap: number[] = [];

  get size(): number {
    return this.heap.length;
  }

  get smallest(): number | undefined {
    return this.heap[0];
  }

  /** `index` must not be in the queue. */
  add(index: number): void {
    const { heap } = this;
    let place = heap.length;
    heap.push(index);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = heap[above]!;
      if (other <= index) break;
      heap[place] = other;
      place = above;
    }
    heap[place] = index;
  }

  take(): number | undefined {
    const { heap } = this;
    const smallest = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.sink(last);
    return smallest;
  }

  clear(): void {
    this.heap.length = 0;
  }

  private sink(index: number): void {
    const { heap } = this;
    const { length } = heap;
    let place = 0;
    for (let below = 1; below < length; below = 2 * place + 1) {
      if (below + 1 < length && heap[below + 1]! < heap[below]!) below += 1;
      const other = heap[below]!;
      if (other >= index) break;
      heap[place] = other;
      place = below;
    }
    heap[place] = index;
  }
}
