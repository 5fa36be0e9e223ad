import type { Layout } from '../plan/layout';

/** Why the scheduler skips a knot. */
export type SkipReason = 'parent_failed_or_skipped' | 'branch_not_selected' | 'cancelled';
/** Why a knot's own function skips it. */
export type OwnSkipReason = 'gate_closed' | 'no_alternative';

export function isOwnSkip(reason: string | null | undefined): reason is OwnSkipReason {
  return reason === 'gate_closed' || reason === 'no_alternative';
}

export type KnotOutcome<V> =
  /** `choice`: the tag that a branch chose. */
  | { readonly kind: 'ok'; readonly value: V; readonly choice?: string }
  | { readonly kind: 'err' }
  | { readonly kind: 'skipped'; readonly reason: SkipReason | OwnSkipReason };

export type OutcomeKind = KnotOutcome<unknown>['kind'];

/**
 * A segment omits outcomes that follow from others: members that failed, or were skipped, for their parents or
 * branch.
 */
export type MemberOutcome<V> =
  Exclude<KnotOutcome<V>, { kind: 'skipped' }> | { readonly kind: 'skipped'; readonly reason: OwnSkipReason };

export type SchedulerEvent<V> =
  | StartOfRun<V>
  /** A dispatched knot has ended. */
  | { readonly type: 'settled'; readonly knot: number; readonly outcome: KnotOutcome<V> }
  | SegmentSettled<V>
  /** On a cancel, undispatched knots are skipped, running knots awaited. A second cancel does nothing. */
  | { readonly type: 'cancel' }
  /** Nothing is dispatched until `release`. While held, outcomes are taken, and skips continue. */
  | { readonly type: 'hold' }
  | { readonly type: 'release' }
  | Extension<V>;

/** `start` is the first event, but `hold` and `cancel` may precede it. */
export interface StartOfRun<V> {
  readonly type: 'start';
  /** Values of knots 0 to `parameterCount` - 1, which are then Ok. */
  readonly parameters: readonly V[];
  /** Values of further knots that are Ok, taken over from the resumed run. */
  readonly takenOver?: ReadonlyMap<number, V>;
}

/** New knots follow the existing ones. Extensions are not for schedulers with segments. */
export interface Extension<V> {
  readonly type: 'extend';
  readonly layout: Layout;
  /** The released value of an Ok knot that new knots need. */
  recall(knot: number): V;
}

/**
 * A segment, named by its first knot, has ended. Members without an outcome wait again: for a later segment or, if
 * in `alone`, to be dispatched individually.
 */
export interface SegmentSettled<V> {
  readonly type: 'segmentSettled';
  readonly segment: number;
  readonly outcomes: ReadonlyMap<number, MemberOutcome<V>>;
  readonly alone: readonly number[];
}

export type Command =
  /**
   * Runs these knots, ascending, as one activity that schedules its knots itself. Only with
   * {@link SchedulerOptions.segments}.
   */
  | { readonly type: 'segment'; readonly knots: number[] }
  | { readonly type: 'run'; readonly knots: number[] }
  /** The knots are already skipped; the host only records it. */
  | { readonly type: 'skip'; readonly knots: number[]; readonly reason: SkipReason }
  /** The knots are already Err, as they require parents that are not Ok; the host only records it. */
  | { readonly type: 'fail'; readonly knots: number[] }
  /** These paths are Ok, with the value of their second parent. */
  | { readonly type: 'pass'; readonly knots: number[] }
  | { readonly type: 'finish' };

export interface SchedulerOptions {
  /** At most this many activities in flight. Default 500. */
  readonly window?: number;
  /** Whether `local` knots are dispatched in segments. Default false. */
  readonly segments?: boolean;
  /** Local knots that run outside of segments. Default: none. */
  readonly apart?: ReadonlySet<number>;
  /** At most this many knots of a segment. Default 2,000. */
  readonly segmentSize?: number;
}

/** Parameters count as Ok from the start. */
export interface SchedulerCounts {
  readonly ok: number;
  readonly err: number;
  readonly skipped: number;
  readonly running: number;
  readonly waiting: number;
  readonly total: number;
}
