import { IndexQueue } from '../plan/index-queue';
import { RUNNING, type KnotTable } from './knot-table';
import type { SegmentTable } from './segment-table';

/** The queues of ready knots, and the only place that dispatches. Keeps the window (S4) and layout order (S5). */
export class ReadyKnots<V> {
  private readonly single = new IndexQueue();
  private readonly local = new IndexQueue();
  /** Waiting knots take no activity, so the window does not limit them. */
  private readonly waits = new IndexQueue();

  constructor(
    private readonly table: KnotTable<V>,
    private readonly segments: SegmentTable<V>,
    private readonly window: number,
  ) {}

  /** A segment is one activity, a waiting knot none. */
  get inFlight(): number {
    return this.table.running - this.segments.spared - this.table.waitsRunning;
  }

  add(knot: number): void {
    if (this.table.isWait(knot)) this.waits.add(knot);
    else (this.segments.isGathered(knot) ? this.local : this.single).add(knot);
  }

  clear(): void {
    this.single.clear();
    this.local.clear();
    this.waits.clear();
  }

  /** Segments go before single knots, as one activity of the window runs many knots. */
  dispatchSegments(): number[][] {
    const segments: number[][] = [];
    while (this.inFlight < this.window && this.local.size > 0) {
      const members = this.segments.gather(this.local);
      this.segments.begin(members);
      segments.push(members);
    }
    return segments;
  }

  dispatch(): number[] {
    const knots: number[] = [];
    const start = (knot: number): void => {
      this.table.move(knot, RUNNING);
      knots.push(knot);
    };
    while (this.waits.size > 0) start(this.waits.take()!);
    const waits = knots.length;
    while (this.inFlight < this.window && this.single.size > 0) start(this.single.take()!);
    return waits === 0 ? knots : knots.sort((a, b) => a - b);
  }
}
