import type { MemberEnd, OwnSkipReason } from '../../engine';
import type { StoredFragment } from '../../execution';
import type { Attempt, EndedRun } from './attempt';
import type { Slot } from './parts';
import type { SimulatedRun } from './simulated-run';

/** What an activity comes to. */
export type Answer =
  | {
      readonly kind: 'ok';
      readonly value: Slot;
      readonly choice?: string;
      readonly extension?: StoredFragment;
    }
  | { readonly kind: 'skipped'; readonly reason: OwnSkipReason }
  | { readonly kind: 'err' }
  | { readonly kind: 'cancelled' }
  | SegmentAnswer
  | BatchAnswer
  | NextIteration;

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
  /** By knot that goes alone, and of a map by element: how often its body has thrown. */
  readonly throws: ReadonlyMap<number, number>;
}

export interface BatchAnswer {
  readonly kind: 'batch';
  /** By element that goes alone: how often its body has thrown. */
  readonly alone: ReadonlyMap<number, number>;
}

/** A loop is not over. */
export interface NextIteration {
  readonly kind: 'next';
  /** The parameters of the next run, as the bodies have them. */
  readonly given: unknown;
}

/** A knot, an element of a map, a segment of several knots or a batch of several elements, as it is to be done. */
export interface Task {
  /** Ascending; elements as of `units.ts`. */
  readonly knots: readonly number[];
  readonly kind: 'knot' | 'segment' | 'batch';
  /** What the parents outside of it came to, by knot. */
  readonly parents: ReadonlyMap<number, Slot>;
  /** Whether a segment that was to run a knot of it may have recorded it. */
  readonly mayBeRecorded: boolean;
  /** By knot or element: how often the body has thrown in a segment or batch that gave it back. */
  readonly thrown: ReadonlyMap<number, number>;
  /** Of a knot that runs a tapestry. */
  readonly nested?: EndedRun;
}

/** What is under way for a task of a workflow. */
export interface Pending {
  readonly task: Task;
  /** What it is told by. */
  readonly knot: number;
  /** Whether the run may continue as new meanwhile: it waits, or has a child run. */
  readonly isAway: boolean;
}

/** Who has an activity done. */
export interface ActivityOwner {
  hear(activity: Activity, answer: Answer): void;
}

/** A task as the server keeps it. */
export class Activity implements Pending {
  /** Attempts that were handed out. */
  attempts = 0;
  /** Of these, how many ended without a word. */
  lost = 0;
  throws: number;
  /** The attempt that the server waits for. */
  current: Attempt | undefined;
  isDone = false;
  isCancelRequested = false;

  constructor(
    readonly run: SimulatedRun,
    readonly task: Task,
    readonly owner: ActivityOwner,
    /** For a signal or a time, before it is handed out. */
    public isWaiting: boolean,
  ) {
    this.throws = task.thrown.get(this.knot) ?? 0;
  }

  get knot(): number {
    return this.task.knots[0]!;
  }

  get isGroup(): boolean {
    return this.task.kind !== 'knot';
  }

  get isAway(): boolean {
    return this.isWaiting;
  }
}
