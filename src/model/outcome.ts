export const OUTCOME_KINDS = ['ok', 'err', 'skipped'] as const;
/** Why a knot was skipped, as its record says. */
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

/** What led to an error: its `cause`, or a member of an `AggregateError`. */
export interface ErrorCause {
  type: string;
  message: string;
  /** Where it was made, as `file:line:column`: the first frame of its stack in the user's files, if it has one. */
  at?: string;
  cause?: ErrorCause;
  errors?: ErrorCause[];
}

/** Why a knot ended as Err. `id` is stable: equal run, knot, type and message give an equal id. */
export interface ExceptionRecord {
  id: string;
  /** The error's name or stable code. */
  type: string;
  message: string;
  /** The stack, up to 4 KiB; a longer one is cut here and whole in the data store under `traceback_hash`. */
  traceback: string;
  traceback_hash?: string;
  /** Where the error was made, as `file:line:column`: the first frame of its stack in the user's files, if it has one. */
  at?: string;
  /** What led to it, and to that, … Of all causes and members, the first eight are kept. */
  cause?: ErrorCause;
  /** The members of an `AggregateError`. */
  errors?: ErrorCause[];
  /** The attempt (from 1) that ended so. */
  attempt: number;
}

/** What became of one knot in one run. */
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
   * `parent_failed_or_skipped`: not all parents are Ok. `gate_closed`: its predicate said no. `branch_not_selected`: the path of
   * another tag was chosen. `no_alternative`: a `firstOk` of which all were skipped. `cancelled`: the run was. `optional`: what a knot that receives outcomes
   * is told of an optional parent that failed; the parent's own outcome is Err.
   */
  readonly reason: SkipReason | 'optional';
  /** `parent_failed_or_skipped`: which kinds of parents there were, and which they were. `optional`: why it failed. */
  readonly detail?: {
    readonly anyErr?: boolean;
    readonly anySkipped?: boolean;
    readonly parents?: readonly string[];
    readonly error?: ExceptionRecord;
  };
}

/** Whether the knot has a value: `if (isOk(outcome)) outcome.value`. */
export function isOk<T>(outcome: Outcome<T> | undefined): outcome is Ok<T> {
  return outcome?.kind === 'ok';
}

/** Whether the knot failed: `outcome.error` says why. */
export function isErr(outcome: Outcome | undefined): outcome is Err {
  return outcome?.kind === 'err';
}

/** Whether the knot was not run: `outcome.reason` says why. */
export function isSkipped(outcome: Outcome | undefined): outcome is Skipped {
  return outcome?.kind === 'skipped';
}

/** What became of one run. */
export interface RunResult<Values = Record<string, unknown>> {
  readonly runId: string;
  readonly status: RunStatus;
  /** The run came to its end and no knot ended as Err but optional ones. */
  readonly succeeded: boolean;
  /** Values of all knots that ended as Ok, parameters included, by knot id. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** By knot id, in the order of the plan. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  /** Values of the terminals that ended as Ok, by the names that `build` returned. */
  readonly values: Readonly<Partial<Values>>;
  /** Why a run ended that no knot failed: refused parameters, a terminate. */
  readonly error?: { readonly type: string; readonly message: string };
  /**
   * Definitions, and knots whose body was written in place, that ran with other code than the run's plan says: they were edited after the run was
   * started. Absent: none.
   */
  readonly changedCode?: readonly string[];
}
