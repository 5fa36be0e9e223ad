interface Taken {
  readonly end: number;
  readonly lane: number;
}

/** Assigns the fewest lanes to stretches in the order of their starts: each takes the lane that is free first. */
export class Lanes {
  /** A heap by ends. */
  private readonly taken: Taken[] = [];

  /** @param apart least distance between two stretches of one lane */
  constructor(private readonly apart: number) {}

  get count(): number {
    return this.taken.length;
  }

  take(start: number, end: number): number {
    const free = this.taken[0];
    if (free && free.end + this.apart <= start) {
      this.taken[0] = { end, lane: free.lane };
      this.sink();
      return free.lane;
    }
    const lane = this.taken.push({ end, lane: this.count }) - 1;
    this.rise();
    return lane;
  }

  private rise(): void {
    for (let at = this.count - 1; at > 0;) {
      const above = (at - 1) >> 1;
      if (!this.isBefore(at, above)) return;
      this.swap(at, above);
      at = above;
    }
  }

  private sink(): void {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < this.count && this.isBefore(left, least)) least = left;
      if (right < this.count && this.isBefore(right, least)) least = right;
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private isBefore(a: number, b: number): boolean {
    const [first, second] = [this.taken[a]!, this.taken[b]!];
    return first.end < second.end || (first.end === second.end && first.lane < second.lane);
  }

  private swap(a: number, b: number): void {
    [this.taken[a], this.taken[b]] = [this.taken[b]!, this.taken[a]!];
  }
}
