import type { OutcomeKind, SkipReason } from './outcome';
import type { NodeKind } from './records';

/**
 * A tapestry in drawable form, with the outcomes of one run: plain data without bodies, schemas and values. Renderers
 * need nothing else.
 */
export interface RunGraph {
  readonly tapestry: string;
  readonly planHash: string;
  /** In the order of the plan: parents before children, parameters first. */
  readonly knots: readonly GraphKnot[];
}

/** `knot`: a knot with a body; `path`: a path of a branch. */
export type GraphKnotKind = 'parameter' | 'knot' | 'path' | NodeKind;

export interface GraphKnot {
  readonly id: string;
  readonly kind: GraphKnotKind;
  /** Name of the definition. Absent for a parameter. */
  readonly definition?: string;
  readonly version?: string;
  /** Hash of the body's source, as in the plan. */
  readonly codeHash?: string;
  readonly configHash: string;
  /** In the order given. */
  readonly inputs: readonly GraphInput[];
  /** Names under which its value is a terminal. Absent: it is not a terminal. */
  readonly terminals?: readonly string[];
  /** For a map: the definition that runs for each element. */
  readonly each?: string;
  /** One line for people. */
  readonly summary?: string;
  /** For a wait for a signal: the signal's name. */
  readonly signal?: string;
  readonly optional?: true;
  /** Its values are reused. */
  readonly cached?: true;
  /** It runs in segments. */
  readonly local?: true;
  /** The task queue that it names. Absent: the run's. */
  readonly taskQueue?: string;
  /** Its outcome in the run. Absent: none yet, or the graph is that of a tapestry. */
  readonly state?: GraphState;
}

/** Where an input comes from: a parent, by index into the knots, or a constant, by hash. */
export type GraphInput =
  { readonly name: string; readonly from: number } | { readonly name: string; readonly constant: string };

/** State of a knot in a run. Times are milliseconds since the epoch. */
export interface GraphState {
  readonly outcome: OutcomeKind;
  readonly skipReason?: SkipReason;
  /** Hash of its value. Absent: it has none. */
  readonly outputHash?: string;
  /** Bytes of the encoded value. */
  readonly outputSize?: number;
  readonly scheduledAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  /** The attempt (from 1) that counted. */
  readonly attempt: number;
  /** The run that made the value, if it was reused or taken over. */
  readonly cachedFromRun?: string;
  readonly error?: { readonly type: string; readonly message: string };
  /** For a map: its number of elements, and how many failed. */
  readonly elements?: { readonly count: number; readonly failed: number; readonly reused?: number };
  /** Hash of the source that ran, if it differs from the plan's. */
  readonly ranCodeHash?: string;
  readonly childRunId?: string;
  readonly worker?: string;
  /** Attempts before the one that counted, and waits, as far as recorded: see the lineage record. */
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
  /** Why it ended: code or name of the error, and its message, at most 500 characters. */
  readonly reason: { readonly code: string; readonly message: string };
}

/** The same as lineage records have it. */
export interface RecordedAttempt extends Omit<GraphAttempt, 'startedAt' | 'endedAt'> {
  readonly started_at: number;
  readonly ended_at: number;
}

/**
 * A period in which a knot could not proceed though its parents were settled. Times are milliseconds since the epoch.
 */
export interface RecordedWait {
  /**
   * The reason, a `WaitingCode`: `LimitReached`, `BackendUnavailable`, `BodyMissing`, `Queued`, `Retry`, …
   */
  readonly code: string;
  readonly since: number;
  readonly until: number;
}

/** @returns the indexes of a knot's parents, each once, in the order of its inputs */
export function parentsOf({ inputs }: Pick<GraphKnot, 'inputs'>): number[] {
  return [...new Set(inputs.flatMap((input) => ('from' in input ? [input.from] : [])))];
}
