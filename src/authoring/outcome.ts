import type { RunGraph } from './run-graph';

export const OUTCOME_KINDS = ['ok', 'err', 'skipped'] as const;
/** Reasons for which a knot is skipped, as recorded. */
export const SKIP_REASONS = [
  'parent_failed_or_skipped',
  'gate_closed',
  'branch_not_selected',
  'no_alternative',
  'cancelled',
] as const;
export const RUN_STATUSES = ['running', 'succeeded', 'failed', 'cancelled', 'terminated'] as const;

export type OutcomeKind = (typeof OUTCOME_KINDS)[number];
export type SkipReason = (typeof SKIP_REASONS)[number];
export type RunStatus = (typeof RUN_STATUSES)[number];

/** An underlying error: the `cause`, or a member of an `AggregateError`. */
export interface ErrorCause {
  /** Name or code of the error. */
  type: string;
  message: string;
  /** `file:line:column` of the first stack frame in the user's files, if any. */
  at?: string;
  /** Cause of this cause. At most eight causes and members are kept in all. */
  cause?: ErrorCause;
  /** The members of an `AggregateError`. */
  errors?: readonly ErrorCause[];
}

/** Why a knot ended as Err. Equal run, knot, type and message give an equal `id`. */
export interface ExceptionRecord extends ErrorCause {
  id: string;
  /** The stack, at most 4 KiB. A longer stack is kept whole in the data store under `traceback_hash`. */
  traceback: string;
  traceback_hash?: string;
  /** The attempt, from 1, that produced this outcome. */
  attempt: number;
}

/** The outcome of one knot in one run. */
export type Outcome<T = unknown> = Ok<T> | Err | Skipped;

export interface Ok<T = unknown> {
  readonly kind: 'ok';
  readonly value: T;
}

export interface Err {
  readonly kind: 'err';
  readonly error: ExceptionRecord;
}

export interface Skipped {
  readonly kind: 'skipped';
  /**
   * - `parent_failed_or_skipped`: not all parents are Ok.
   * - `gate_closed`: the predicate returned false.
   * - `branch_not_selected`: another tag was chosen.
   * - `no_alternative`: all alternatives of a `firstOk` were skipped.
   * - `cancelled`: the run was cancelled.
   * - `optional`: an optional parent failed, as seen by a knot that receives outcomes. The parent's own outcome is
   *   Err.
   */
  readonly reason: SkipReason | 'optional';
  /**
   * For `parent_failed_or_skipped`: all parents, and whether any of them is Err or Skipped. For `optional`: the
   * parent's failure.
   */
  readonly detail?: {
    readonly anyErr?: boolean;
    readonly anySkipped?: boolean;
    readonly parents?: readonly string[];
    readonly error?: ExceptionRecord;
  };
}

/** Whether the knot has a value, `outcome.value`. */
export function isOk<T>(outcome: Outcome<T> | undefined): outcome is Ok<T> {
  return outcome?.kind === 'ok';
}

/** Whether the knot failed, with `outcome.error`. */
export function isErr(outcome: Outcome | undefined): outcome is Err {
  return outcome?.kind === 'err';
}

/** Whether the knot was skipped, for `outcome.reason`. */
export function isSkipped(outcome: Outcome | undefined): outcome is Skipped {
  return outcome?.kind === 'skipped';
}

/** The outcome of a whole run. */
export interface RunResult<Values = Record<string, unknown>> {
  readonly runId: string;
  readonly status: RunStatus;
  /** The run completed, and no knot but optional ones is Err. */
  readonly succeeded: boolean;
  /**
   * Values of all knots that are Ok, parameters included, by knot id. Reading a value throws `BackendUnavailable` if
   * the data store is unreachable.
   */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Outcomes by knot id, in the order of the plan. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  /** Values of the terminals that are Ok, by the names that `build` returned. */
  readonly values: Readonly<Partial<Values>>;
  /** Why the run ended other than by a failed knot: refused parameters, a terminate. */
  readonly error?: { readonly type: string; readonly message: string };
  /**
   * Definitions, and knots with a body in place, that were edited after the run was started and ran with the new
   * code; absent if none.
   */
  readonly changedCode?: readonly string[];
  /** The knots of the plan with edges and outcomes, for drawing: see `svgForRun`, `htmlForRun`. */
  readonly graph: RunGraph;
}
