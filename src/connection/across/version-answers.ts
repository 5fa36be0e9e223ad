import type { WorkerState } from '../worker-state';

/** Unfinished runs of one plan. */
export interface PlanInUse {
  readonly tapestry: string;
  /** Empty: the workers choose it, and have not begun the runs. */
  readonly planHash: string;
  readonly runs: number;
  /** When the oldest of them was started: milliseconds since the epoch. */
  readonly oldestStartedAt: number;
}

/** The code of a body: one version of a definition, or a function in place. */
export interface BodyVersion {
  /** `name@version` or `name` of a definition, or `tapestry#knot#node` of a function in place. */
  readonly body: string;
  /**
   * Hash of the source that the runs were started with; null if none needs it, or if only its host knows it. Runs go on with another source
   * of the same version, unless a knot has `onCodeChange: 'wait'`.
   */
  readonly codeHash: string | null;
  /** How many unfinished runs have a knot of it without an outcome. */
  readonly runs: number;
  /** How many of these have such a knot that waits for exactly this source. */
  readonly pinned: number;
  /** When the oldest of them was started: milliseconds since the epoch. Absent: there is none. */
  readonly oldestStartedAt?: number;
  /** The id of that one. */
  readonly oldestRunId?: string;
  /** Tapestries of the runs, nested ones by those that they are nested in. */
  readonly tapestries: readonly string[];
  /** Workers of this run history, or of one that they do not tell, that say that they have a body of this name. */
  readonly workers: readonly Pick<WorkerState, 'identity' | 'taskQueue'>[];
  /**
   * Whether it can be removed from all workers without a run that waits for it. Null: not known, as runs were left out by the query or as of
   * {@link Versions.unknownRuns}, or as a worker that has it does not tell whose runs it works for.
   */
  readonly safeToRemove: boolean | null;
}

export interface Versions {
  /** By tapestry, those with most runs first. */
  readonly plans: readonly PlanInUse[];
  /** What unfinished runs need or workers have, by name. */
  readonly bodies: readonly BodyVersion[];
  /** Number of unfinished runs. */
  readonly open: number;
  /** Ids of unfinished runs whose plan is not known: what they need is not counted, so nothing is certainly safe to remove. At most 20. */
  readonly unknownRuns: readonly string[];
  /** Workers that do not tell their bodies: those of other SDKs, and with very many bodies. */
  readonly silentWorkers: readonly string[];
  /** False: the server keeps no list of workers, so that no `workers` are known. */
  readonly workersKnown: boolean;
}
