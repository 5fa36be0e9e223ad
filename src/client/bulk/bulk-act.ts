import type { Json } from '../../values';
import type { RunStatus } from '../../authoring/outcome';
import type { Duration } from '../../values/duration';
import type { OpenRunsQuery } from '../../connection/across/waiting-run';

/** What is done to each run. */
export type BulkAction =
  /** Asks it to end, see `RunHandle.cancel`. */
  | { readonly kind: 'cancel' }
  /** Ends it at once, see `RunHandle.terminate`. */
  | { readonly kind: 'terminate'; readonly reason?: string }
  /** Goes on from it in a new run, see `Selvage.resume`. */
  | {
      readonly kind: 'resume';
      readonly from?: readonly string[];
      readonly allowDuplicate?: boolean;
      readonly reuse?: false;
      readonly taskQueue?: string;
    }
  /** Sends it a signal, see `RunHandle.signal`. */
  | {
      readonly kind: 'signal';
      readonly name: string;
      /** The encoded payload. */
      readonly payload: Json;
      /** Whether the payload may refer to values in the data store. */
      readonly allowReferences?: boolean;
      /** How long to wait for an answer of each run's worker. Default 60 s. */
      readonly timeout?: Duration;
    };

/** The runs to which it is done: those with these ids, or all that match a query when it is planned. */
export type BulkSelection =
  | { readonly runs: readonly string[] }
  | {
      readonly query: OpenRunsQuery & {
        /** Only for `resume`. Default: failed, cancelled and terminated runs. */
        readonly status?: RunStatus;
      };
    };

/** What is to be done, and to which runs: fixed, whatever begins or ends later. */
export interface BulkPlan {
  readonly id: string;
  readonly action: BulkAction;
  /** Milliseconds since the epoch. */
  readonly plannedAt: number;
  readonly runs: readonly BulkRun[];
}

export interface BulkRun {
  readonly runId: string;
  /** Empty for a run that was chosen by its id. */
  readonly tapestry: string;
}

/** What became of the act on one run. */
export interface BulkOutcome {
  readonly runId: string;
  /** Of `resume`. */
  readonly newRunId?: string;
  /** Of `signal`: the id of the knot that takes it. Absent: it is kept for one that is not there yet. */
  readonly takenBy?: string;
  /** Why it was not done. */
  readonly error?: { readonly code: string; readonly message: string };
}

export interface BulkReport extends Pick<BulkPlan, 'id' | 'action'> {
  readonly total: number;
  /** Number of runs to which it was done, in earlier attempts, too. */
  readonly done: number;
  readonly failed: readonly BulkOutcome[];
  /** How many are still to do. */
  readonly remaining: number;
  /** Why it ended early, unless it was aborted: a server or backend is unavailable. */
  readonly interruptedBy?: { readonly code: string; readonly message: string };
}

/** How far one is that goes on: the counts of its report. */
export interface BulkProgress extends Pick<BulkReport, 'id' | 'action' | 'total' | 'done' | 'remaining'> {
  readonly failed: number;
}

/** How far a bulk act is, as its journal says. */
export type BulkState = BulkReport & Pick<BulkPlan, 'plannedAt'>;

export interface BulkOptions {
  /** How many runs at once. Default 16. */
  readonly concurrency?: number;
  /** Aborting it ends the call after the acts under way. */
  readonly signal?: AbortSignal;
  /** Called after each run. */
  readonly onProgress?: (progress: BulkProgress) => void;
}
