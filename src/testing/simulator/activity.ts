import type { MemberEnd, OwnSkipReason } from '../../engine';
import type { Attempt } from './attempt';
import type { Slot } from './parts';

/** What an activity comes to. */
export type Answer =
  | { readonly kind: 'ok'; readonly value: Slot; readonly choice?: string }
  | { readonly kind: 'skipped'; readonly reason: OwnSkipReason }
  | { readonly kind: 'err' }
  | { readonly kind: 'cancelled' }
  | SegmentAnswer;

export interface SegmentAnswer {
  readonly kind: 'segment';
  /** By member. */
  readonly ends: readonly MemberEnd[];
  /** By knot, of those that are wanted outside. */
  readonly values: ReadonlyMap<number, Slot>;
  /** By branch: what it chose. */
  readonly choices: ReadonlyMap<number, string>;
  /** By knot: why its function had it skipped. */
  readonly ownSkips: ReadonlyMap<number, OwnSkipReason>;
  /** By knot that goes alone: how often its body has thrown. */
  readonly throws: ReadonlyMap<number, number>;
}

/** A knot, or a segment of several, as the workflow has it done. */
export interface Task {
  /** Ascending. */
  readonly knots: readonly number[];
  readonly isSegment: boolean;
  /** What the parents outside of it came to, by knot. */
  readonly parents: ReadonlyMap<number, Slot>;
  /** Whether a segment that was to run a knot of it may have recorded it. */
  readonly mayBeRecorded: boolean;
  /** How often the body has thrown in a segment that gave the knot back. */
  readonly throws: number;
}

/** A task as the server keeps it. */
export class Activity {
  /** Attempts that were handed out. */
  attempts = 0;
  /** Of these, how many ended without a word. */
  lost = 0;
  throws: number;
  /** The attempt that the server waits for. */
  current: Attempt | undefined;
  isDone = false;
  isCancelRequested = false;

  constructor(readonly task: Task) {
    this.throws = task.throws;
  }

  /** What it is told by. */
  get knot(): number {
    return this.task.knots[0]!;
  }
}
