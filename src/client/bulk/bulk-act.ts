import type { Json } from '../../values';
import type { RunStatus } from '../../authoring/outcome';
import type { Duration } from '../../values/duration';
import type { OpenRunsQuery } from '../../connection/across/waiting-run';

/** An act on each of many runs. */
export type BulkAction =
  /** Asks a run to end, see `RunHandle.cancel`. */
  | { readonly kind: 'cancel' }
  /** Ends a run at once, see `RunHandle.terminate`. */
  | { readonly kind: 'terminate'; readonly reason?: string }
  /** Goes on from a run in a new one, see `Selvage.resume`. */
  | {
      readonly kind: 'resume';
      readonly from?: readonly string[];
      readonly allowDuplicate?: boolean;
      readonly reuse?: false;
      readonly taskQueue?: string;
    }
  /** Sends a run a signal, see `RunHandle.signal`. */
  | {
      readonly kind: 'signal';
      readonly name: string;
      /** Encoded. */
      readonly payload: Json;
      /** Whether the payload may refer to values in the data store. */
      readonly allowReferences?: boolean;
      /** Limit for the answer of each run's worker. Default 60 s. */
      readonly timeout?: Duration;
    };

/** Runs with these ids, or all that match a query at the time of the plan. */
export type BulkSelection =
  | { readonly runs: readonly string[] }
  | {
      readonly query: OpenRunsQuery & {
        /** Status of the runs, only for `resume`; if omitted, failed, cancelled and terminated runs. */
        readonly status?: RunStatus;
      };
    };

/** An act and its runs, which are fixed from the plan on. */
export interface BulkPlan {
  readonly id: string;
  readonly action: BulkAction;
  /** When the act was planned, in milliseconds since the epoch. */
  readonly plannedAt: number;
  readonly runs: readonly BulkRun[];
}

export interface BulkRun {
  readonly runId: string;
  /** The run's tapestry; empty if the run was given by its id. */
  readonly tapestry: string;
}

/** The outcome of an act on one run. */
export interface BulkOutcome {
  readonly runId: string;
  /** Of `resume`. */
  readonly newRunId?: string;
  /** For `signal`: the knot that takes the signal; absent if the signal is kept for a later wait. */
  readonly takenBy?: string;
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string };
}

export interface BulkReport extends Pick<BulkPlan, 'id' | 'action'> {
  readonly total: number;
  /** Successful runs, earlier attempts included. */
  readonly done: number;
  readonly failed: readonly BulkOutcome[];
  /** Number of runs without an outcome yet. */
  readonly remaining: number;
  /** The outage of a server or backend that ended the act early. */
  readonly interruptedBy?: { readonly code: string; readonly message: string };
}

/** The counts of a report, while it goes on. */
export interface BulkProgress extends Pick<BulkReport, 'id' | 'action' | 'total' | 'done' | 'remaining'> {
  readonly failed: number;
}

/** A bulk act by its journal. */
export type BulkState = BulkReport & Pick<BulkPlan, 'plannedAt'>;

export interface BulkOptions {
  /** Concurrent runs. Default 16. */
  readonly concurrency?: number;
  /** Aborting this signal ends the call after the running acts. */
  readonly signal?: AbortSignal;
  /** A function that is called after each run. */
  readonly onProgress?: (progress: BulkProgress) => void;
}
