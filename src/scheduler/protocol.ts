import type { Layout } from '../plan/layout';

/** Why the scheduler skips a knot. */
export type SkipReason = 'parent_failed_or_skipped' | 'branch_not_selected' | 'cancelled';
/** Why a knot's own function skips it. */
export type OwnSkipReason = 'gate_closed' | 'no_alternative';

export function isOwnSkip(reason: string | null | undefined): reason is OwnSkipReason {
  return reason === 'gate_closed' || reason === 'no_alternative';
}

export type KnotOutcome<V> =
  /** `choice`: for a branch, the tag of the chosen path. */
  | { readonly kind: 'ok'; readonly value: V; readonly choice?: string }
  | { readonly kind: 'err' }
  | { readonly kind: 'skipped'; readonly reason: SkipReason | OwnSkipReason };

export type OutcomeKind = KnotOutcome<unknown>['kind'];

/**
 * A segment omits outcomes that follow from others: members that were failed or skipped because of their parents, or
 * not selected.
 */
export type MemberOutcome<V> =
  Exclude<KnotOutcome<V>, { kind: 'skipped' }> | { readonly kind: 'skipped'; readonly reason: OwnSkipReason };

export type SchedulerEvent<V> =
  | StartOfRun<V>
  /** A dispatched knot has ended. */
  | { readonly type: 'settled'; readonly knot: number; readonly outcome: KnotOutcome<V> }
  | SegmentSettled<V>
  /** Nothing more is run: undispatched knots are skipped, running ones are awaited. A second one does nothing. */
  | { readonly type: 'cancel' }
  /** Nothing is dispatched until `release`. Outcomes are taken and skips go on. */
  | { readonly type: 'hold' }
  | { readonly type: 'release' }
  | Extension<V>;

/** The first event, except that `hold` and `cancel` may come before. */
export interface StartOfRun<V> {
  readonly type: 'start';
  /** Values of knots 0 to `parameterCount` - 1, which become Ok by this event. */
  readonly parameters: readonly V[];
  /** Values of further knots that are Ok from the start, by knot: outcomes of the run that this one resumes. */
  readonly takenOver?: ReadonlyMap<number, V>;
}

/** The layout has grown: new knots follow the existing ones. Not for schedulers with segments. */
export interface Extension<V> {
  readonly type: 'extend';
  readonly layout: Layout;
  /** Returns the already released value of an Ok knot that new knots need. */
  recall(knot: number): V;
}

/**
 * A segment, named by its first knot, has ended. Members without an outcome are handed back and wait again. They are
 * dispatched in a later segment or, if listed in `alone`, individually.
 */
export interface SegmentSettled<V> {
  readonly type: 'segmentSettled';
  readonly segment: number;
  readonly outcomes: ReadonlyMap<number, MemberOutcome<V>>;
  readonly alone: readonly number[];
}

export type Command =
  /**
   * Runs these knots, ascending, as one activity that schedules them itself. Only with
   * {@link SchedulerOptions.segments}.
   */
  | { readonly type: 'segment'; readonly knots: number[] }
  | { readonly type: 'run'; readonly knots: number[] }
  /** These knots are skipped already; the host only records it. */
  | { readonly type: 'skip'; readonly knots: number[]; readonly reason: SkipReason }
  /** These knots are Err already, as they require parents that are not Ok; the host only records it. */
  | { readonly type: 'fail'; readonly knots: number[] }
  /** These paths are Ok, with the value of the second of their parents. */
  | { readonly type: 'pass'; readonly knots: number[] }
  | { readonly type: 'finish' };

export interface SchedulerOptions {
  /** Most activities in flight. Default 500. */
  readonly window?: number;
  /** Whether `local` knots are dispatched in segments rather than individually. Default false. */
  readonly segments?: boolean;
  /** Local knots that never join a segment. Default: none. */
  readonly apart?: ReadonlySet<number>;
  /** Most knots of one segment. Default 2,000. */
  readonly segmentSize?: number;
}

/** Number of knots in each state. Parameters count as knots: they are Ok from the start. */
export interface SchedulerCounts {
  readonly ok: number;
  readonly err: number;
  readonly skipped: number;
  readonly running: number;
  readonly waiting: number;
  readonly total: number;
}
