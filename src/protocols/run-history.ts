import type { DataStore, StoredValue } from './data-store';
import type { LeaseTable } from './lease-table';
import type { Page, PageOptions } from './page';
import type { LineageRecord, OutcomeKind, RunRecord, RunStatus } from './records';

export interface RunQuery extends PageOptions {
  readonly tapestry?: string;
  readonly status?: RunStatus;
  readonly actor?: string;
  readonly trigger?: string;
  readonly tag?: string;
  /** Runs started at or after `since` and before `until` (milliseconds since the epoch). */
  readonly since?: number;
  readonly until?: number;
}

/** All given conditions hold. Newest `finished_at` first; between equal times the store decides, alike for all pages. */
export interface LineageQuery extends PageOptions {
  readonly runId?: string;
  readonly temporalRunId?: string;
  readonly knotId?: string;
  readonly knotClass?: string;
  readonly outputHash?: string;
  /** The hash of any parent's value or constant that went in. */
  readonly inputHash?: string;
  readonly outcome?: OutcomeKind;
  /** Knots finished at or after `since` and before `until` (milliseconds since the epoch). */
  readonly since?: number;
  readonly until?: number;
}

/** One knot's outcome and the values that it refers to, which must be there before it counts. */
export interface Commit {
  readonly record: LineageRecord;
  readonly values: readonly StoredValue[];
  /** For whom the values are stored, where commits of several runs go together. Absent: for whom the caller works. */
  readonly scope?: { readonly subject?: string | undefined };
}

/** What became of one insert: `record` is the one that is stored, ours or the earlier one that we lost against. */
export interface CommitResult {
  readonly inserted: boolean;
  readonly record: LineageRecord;
}

/** What changes when a run ends. */
export type RunEnd = Pick<RunRecord, 'status' | 'finished_at' | 'environment'>;

/** What of a run's record may change while it works: the plan that it is extended to, its terminals, and more of the environment. */
export type RunChange = Partial<Pick<RunRecord, 'plan_hash' | 'terminals' | 'environment'>>;

/** What a record says of an outcome and its value. */
export type RecordedOutcome = Pick<
  LineageRecord,
  'knot_id' | 'outcome' | 'output_hash' | 'output_size' | 'extra'
>;

/**
 * Runs and lineage. Every method may be called at once from many processes. Errors: `BackendUnavailable` (a retry may
 * help), `DiskFull`, `DatabaseDamaged`, `SchemaTooNew`.
 */
export interface RunHistory {
  readonly technology: string;
  /** What tells this storage from every other, as the one of a data store does. */
  identity(): Promise<string>;
  /**
   * The commit point: inserts each record unless its key (`temporal_run_id`, `knot_id`) is there, and answers per record,
   * in order, which one stands. The whole batch is one transaction where the technology has them. When it returns, what
   * stands is durable.
   */
  commit(records: readonly LineageRecord[]): Promise<CommitResult[]>;
  /**
   * How to commit values and records in one transaction, where this data store is in the same database; undefined where it is not. Left out by
   * technologies that have no such transactions.
   */
  commitsTogetherWith?(
    dataStore: DataStore,
  ): ((commits: readonly Commit[]) => Promise<CommitResult[]>) | undefined;
  /** The leases of who shares this history, where its technology has any. */
  leasesBeside?(): LeaseTable;
  /** Inserts the run unless its `temporal_run_id` is there; answers the record that stands. */
  startRun(record: RunRecord): Promise<RunRecord>;
  /**
   * Ends a run: `environment` is merged into what is there. A run that has already ended keeps its status and time, except
   * that a `terminated` one may still get its true end. Unknown `temporal_run_id`: nothing, false.
   */
  endRun(temporalRunId: string, end: RunEnd): Promise<boolean>;
  /** Changes what is given of a run, over or not; `environment` is merged into what is there. Unknown `temporal_run_id`: nothing, false. */
  changeRun(temporalRunId: string, change: RunChange): Promise<boolean>;
  /**
   * Removes a run that is over, and all its lineage records: the records first, so that of a removal that was broken off the run is left, and
   * the next call removes the rest. Values stay. It may be called by several at once.
   *
   * @returns how many records have gone; undefined where there is no such run, or it is running, and nothing was removed
   */
  deleteRun(temporalRunId: string): Promise<number | undefined>;
  /** The latest run (by `started_at`) of this run id, or undefined. */
  getRun(runId: string): Promise<RunRecord | undefined>;
  getRunByTemporalId(temporalRunId: string): Promise<RunRecord | undefined>;
  /** Runs, newest `started_at` first. */
  listRuns(query?: RunQuery): Promise<Page<RunRecord>>;
  /** The records of these knots of one run (of all its knots without `knotIds`), in no particular order. */
  getRecords(temporalRunId: string, knotIds?: readonly string[]): Promise<LineageRecord[]>;
  /** Of the records of these knots of one run, what became of them: for who asks for thousands, whom the rest would cost most of the time. */
  getOutcomes(temporalRunId: string, knotIds: readonly string[]): Promise<RecordedOutcome[]>;
  /** How many records of one run are of knots whose ids begin like this, which ends with an ASCII character: `users[` counts the elements of a map. */
  countRecords(temporalRunId: string, prefix: string): Promise<number>;
  /**
   * By cache key: the newest Ok record of a knot that made its value, rather than took it over. What has none is not in the map. What
   * was committed before the call is found.
   */
  findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>>;
  findLineage(query: LineageQuery): Promise<Page<LineageRecord>>;
  /**
   * Which of these values, at most 1,000 hashes, some record names: as its output, as an input (of a parent or a constant), or in `extra` as its `extension`
   * or its error's `traceback_hash`. Parameters of runs are the outputs of their own knots. What was committed before the call counts; what
   * comes meanwhile may or may not.
   */
  referredTo(hashes: readonly string[]): Promise<Set<string>>;
  /**
   * Hashes that begin like this and that some record names as its output or as an input (of a parent or a constant): each once, ascending, the first
   * `limit` of them. For people, who type the beginning of a hash.
   *
   * @param prefix the beginning of a hash, with its kind: `sha256:` or `bytes-sha256:`, and hexadecimal digits
   */
  findHashes(prefix: string, limit: number): Promise<string[]>;
  close(): Promise<void>;
}
