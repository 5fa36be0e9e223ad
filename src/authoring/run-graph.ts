import type { OutcomeKind, SkipReason } from './outcome';
import type { NodeKind } from './records';

/** A tapestry, with the outcomes of one run, in drawable form: plain data without bodies, schemas and values. */
export interface RunGraph {
  readonly tapestry: string;
  readonly planHash: string;
  /** Knots, parents before children, parameters first. */
  readonly knots: readonly GraphKnot[];
}

/** `knot`: a knot with a body; `path`: a path of a branch. */
export type GraphKnotKind = 'parameter' | 'knot' | 'path' | NodeKind;

export interface GraphKnot {
  readonly id: string;
  readonly kind: GraphKnotKind;
  /** Name of the definition; absent for a parameter. */
  readonly definition?: string;
  readonly version?: string;
  /** Hash of the body's source in the plan. */
  readonly codeHash?: string;
  readonly configHash: string;
  /** Inputs in the order given. */
  readonly inputs: readonly GraphInput[];
  /** Names as a terminal; absent for a knot that is none. */
  readonly terminals?: readonly string[];
  /** For a map: the definition of its elements. */
  readonly each?: string;
  /** Summary of the knot, one line for people. */
  readonly summary?: string;
  /** For a wait: the signal's name. */
  readonly signal?: string;
  readonly optional?: true;
  /** Whether the knot's values are reused. */
  readonly cached?: true;
  /** Whether the knot runs in segments. */
  readonly local?: true;
  /** Absent: the run's. */
  readonly taskQueue?: string;
  /** How often the knot's body is tried at most; absent for once, for no limit, and for a map. */
  readonly maximumAttempts?: number;
  /** The knot's outcome; absent if it has none yet, or there is no run. */
  readonly state?: GraphState;
}

/** A parent, by index into the knots, or a constant, by hash. */
export type GraphInput =
  { readonly name: string; readonly from: number } | { readonly name: string; readonly constant: string };

/** Times are milliseconds since the epoch. */
export interface GraphState {
  readonly outcome: OutcomeKind;
  readonly skipReason?: SkipReason;
  /** Hash of the knot's value; absent if it has none. */
  readonly outputHash?: string;
  /** Bytes of the encoded value. */
  readonly outputSize?: number;
  readonly scheduledAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** The attempt, from 1, that counted. */
  readonly attempt: number;
  /** The run that made the value, if this one did not. */
  readonly cachedFromRun?: string;
  /** `at`: `file:line:column` in the user's files, of the error or its first cause that has one. */
  readonly error?: { readonly type: string; readonly message: string; readonly at?: string };
  /** For a map. */
  readonly elements?: { readonly count: number; readonly failed: number; readonly reused?: number };
  /** Hash of the source that ran, if not the plan's. */
  readonly ranCodeHash?: string;
  readonly childRunId?: string;
  readonly worker?: string;
  /** Attempts before the one that counted, and waits, as recorded. */
  readonly attempts?: readonly GraphAttempt[];
  readonly waits?: readonly RecordedWait[];
}

/** An attempt that ended without an outcome. Times are milliseconds since the epoch. */
export interface GraphAttempt {
  /** From 1. */
  readonly attempt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly worker?: string;
  /** Code or name of the error, and its message, at most 500 characters. */
  readonly reason: { readonly code: string; readonly message: string };
}

/** An attempt in the form of lineage records. */
export interface RecordedAttempt extends Omit<GraphAttempt, 'startedAt' | 'endedAt'> {
  readonly started_at: number;
  readonly ended_at: number;
}

/** A period in which a knot could not proceed, with its parents settled. Times are milliseconds since the epoch. */
export interface RecordedWait {
  /** A `WaitingCode`: `LimitReached`, `BackendUnavailable`, `BodyMissing`, `Queued`, `Retry`, … */
  readonly code: string;
  readonly since: number;
  readonly until: number;
}

/** Indexes of a knot's parents, each once, in the order of its inputs. */
export function parentsOf({ inputs }: Pick<GraphKnot, 'inputs'>): number[] {
  return [...new Set(inputs.flatMap((input) => ('from' in input ? [input.from] : [])))];
}
