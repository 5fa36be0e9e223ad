import { IndexQueue } from '../plan/index-queue';
import { STATES, OK, RUNNING, WAITING, type KnotTable } from './knot-table';
import type { Layout } from '../plan/layout';
import { SEGMENT_SIZE } from '../plan/limits';
import { isOwnSkip, type MemberOutcome, type SchedulerOptions, type SegmentSettled } from './protocol';

const NO_SEGMENT = -1;
/** How a knot is dispatched, if not simply queued (0): in segments, or alone after a segment handed it back. */
const LOCAL = 1;
const ALONE = 2;

/**
 * The local knots of a run and the running segments. Keeps S10: a local knot that takes the failure of a parent
 * outside the segment runs individually.
 */
export class SegmentTable<V> {
  private ways: Uint8Array;
  /** First knot of the knot's running segment, else -1. */
  private segmentOf: Int32Array;
  private readonly members = new Map<number, readonly number[]>();
  private memberCount = 0;
  private readonly segmentSize: number;

  constructor(
    private readonly table: KnotTable<V>,
    { segments = false, apart, segmentSize = SEGMENT_SIZE }: SchedulerOptions,
  ) {
    const { size, policy, policies } = table.layout;
    this.segmentSize = segmentSize;
    this.ways = new Uint8Array(size);
    this.segmentOf = new Int32Array(size).fill(NO_SEGMENT);
    for (let knot = 0; segments && knot < size; knot++) {
      if (policies[policy[knot]!]!.local && !apart?.has(knot)) this.ways[knot] = LOCAL;
    }
  }

  /** Number of running knots minus their activities. */
  get spared(): number {
    return this.memberCount - this.members.size;
  }

  get running(): Iterable<readonly number[]> {
    return this.members.values();
  }

  isMember(knot: number): boolean {
    return this.segmentOf[knot]! >= 0;
  }

  /** The ready knot joins a segment. */
  isGathered(knot: number): boolean {
    return this.ways[knot] === LOCAL && this.table.marks[knot] === 0;
  }

  isAlone(knot: number): boolean {
    return this.ways[knot] === ALONE || (this.ways[knot] === LOCAL && !this.isMember(knot));
  }

  setAlone(knots: readonly number[]): void {
    for (const knot of knots) this.ways[knot] = ALONE;
  }

  /** Unsettled knots that segments handed back to run individually, ascending. */
  *unsettledAlone(): Generator<number> {
    for (let knot = 0; knot < this.ways.length; knot++) {
      if (this.ways[knot] === ALONE && this.table.outcomeKind(knot) === undefined) yield knot;
    }
  }

  /** Knots of an extension are dispatched individually. */
  extend({ size }: Layout): void {
    const [ways, segmentOf] = [this.ways, this.segmentOf];
    this.ways = new Uint8Array(size);
    this.ways.set(ways);
    this.segmentOf = new Int32Array(size).fill(NO_SEGMENT);
    this.segmentOf.set(segmentOf);
  }

  /**
   * Takes ready knots, and local descendants whose other unsettled parents are in the segment, in layout order. As
   * parents precede children, the segment may end anywhere.
   */
  gather(ready: IndexQueue): number[] {
    const { layout, states, unsettledParents } = this.table;
    const { childStart, children } = layout;
    const members: number[] = [];
    const found = new IndexQueue();
    /** By child, the number of its parents that are in the segment. */
    const gathered = new Map<number, number>();
    while (members.length < this.segmentSize) {
      const knot = takeSmallest(ready, found);
      if (knot === undefined) break;
      members.push(knot);
      for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) {
        const child = children[edge]!;
        if (!this.isGathered(child) || states[child] !== WAITING) continue;
        const count = (gathered.get(child) ?? 0) + 1;
        gathered.set(child, count);
        if (count === unsettledParents[child]) found.add(child);
      }
    }
    return members;
  }

  begin(members: readonly number[]): void {
    const [first] = members as [number];
    this.members.set(first, members);
    this.memberCount += members.length;
    for (const knot of members) {
      this.table.move(knot, RUNNING);
      this.segmentOf[knot] = first;
    }
  }

  /** The segment's members are still `RUNNING`. A wrong event throws before any change. */
  end({ segment, outcomes }: SegmentSettled<V>): readonly number[] {
    const members = this.members.get(segment);
    if (!members) throw new Error(`No segment that begins with knot ${segment} is running.`);
    this.checkOutcomes(segment, members, outcomes);
    this.members.delete(segment);
    this.memberCount -= members.length;
    for (const knot of members) this.segmentOf[knot] = NO_SEGMENT;
    return members;
  }

  /** A member with parents as in S10. */
  isMemberThatMayRun(knot: number): boolean {
    const { parentStart, parents } = this.table.layout;
    return (
      this.isMember(knot) &&
      parents
        .subarray(parentStart[knot], parentStart[knot + 1])
        .every(
          (parent) => this.table.states[parent] === OK || this.segmentOf[parent] === this.segmentOf[knot],
        )
    );
  }

  /** Each knot with an outcome must be a member that could have run. */
  private checkOutcomes(
    segment: number,
    members: readonly number[],
    outcomes: ReadonlyMap<number, MemberOutcome<V>>,
  ): void {
    const { layout, states } = this.table;
    const { parentStart, parents } = layout;
    let known = 0;
    for (const knot of members) {
      const outcome = outcomes.get(knot);
      if (outcome === undefined) continue;
      known += 1;
      const isOwn = outcome.kind !== 'skipped' || isOwnSkip(outcome.reason);
      if (!Object.hasOwn(STATES, outcome.kind) || !isOwn) {
        throw new Error(
          `Knot ${knot} of segment ${segment} cannot be settled as '${String(outcome['kind'])}'.`,
        );
      }
      for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
        const parent = parents[edge]!;
        if (states[parent] === OK || outcomes.get(parent)?.kind === 'ok') continue;
        // A receiver may run with any outcomes of parents, and segments do not report skipped parents.
        if (this.table.takesFailures(knot)) continue;
        throw new Error(
          `Knot ${knot} of segment ${segment} cannot be settled: its parent ${parent} is not ok.`,
        );
      }
    }
    if (known !== outcomes.size) throw new Error(`An outcome is of no member of segment ${segment}.`);
  }
}

function takeSmallest(one: IndexQueue, other: IndexQueue): number | undefined {
  const [a, b] = [one.smallest, other.smallest];
  if (a === undefined || b === undefined) return a === undefined ? other.take() : one.take();
  return a < b ? one.take() : other.take();
}
