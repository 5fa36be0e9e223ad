import type { DataStore, StoredValue } from './data-store';
import type { EmitterTable } from './emitter-table';
import type { LeaseTable } from './lease-table';
import type { StartLedger } from './start-ledger';
import type { Page, PageOptions } from './page';
import type { LineageRecord, OutcomeKind, RunRecord, RunStatus } from './records';
import type { Statistics, StatisticsGroup } from './statistics';

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

/** All given conditions hold for the records, newest `finished_at` first; equal times have a consistent order. */
export interface LineageQuery extends PageOptions {
  readonly runId?: string;
  readonly temporalRunId?: string;
  readonly knotId?: string;
  /** The id of a map, to list its elements. */
  readonly map?: string;
  readonly definition?: string;
  readonly outputHash?: string;
  /** The hash of an input: the hash of a parent's value or of a constant. */
  readonly inputHash?: string;
  readonly outcome?: OutcomeKind;
  /** Knots finished at or after `since` and before `until` (milliseconds since the epoch). */
  readonly since?: number;
  readonly until?: number;
}

/** One knot's outcome, and the values that it refers to, which must be stored before the outcome counts. */
export interface Commit {
  readonly record: LineageRecord;
  readonly values: readonly StoredValue[];
  /** The owner of the values when commits of several runs go together. By default, the scope is the caller's own. */
  readonly scope?: { readonly subject?: string | undefined };
}

/** `record` is the record that stands: ours, or an earlier one that won. */
export interface CommitResult {
  readonly inserted: boolean;
  readonly record: LineageRecord;
}

/** The fields that change when a run ends. */
export type RunEnd = Pick<RunRecord, 'status' | 'finished_at' | 'details'>;

/** The records that a run must have before it may end. */
export interface RequiredRecords {
  /** Ids of knots that must have a record. */
  readonly knots: readonly string[];
  /** Minimum counts of {@link RunHistory.countRecords} by prefix. */
  readonly elements?: readonly (readonly [prefix: string, count: number])[];
}

/** A noticed step back in time of a run history, as after restoring a backup. Milliseconds since the epoch. */
export interface StepBack {
  readonly noticed_at: number;
  /** All commits up to this time are present. */
  readonly lost_after: number;
  /** Something that was committed at this time is missing. */
  readonly lost_until: number;
  /** The process that noticed the step back. */
  readonly noticed_by: string;
}

/** The size of a run history in its storage, in bytes. */
export interface StorageSpace {
  /** With values that lie in the same database, indexes and logs. */
  readonly bytes: number;
  /** Free bytes of its disk; absent if only the storage's own machine knows. */
  readonly freeBytes?: number;
}

/** The changeable part of a run's record. */
export interface RunChange extends Partial<Pick<RunRecord, 'plan_hash' | 'terminals' | 'details'>> {
  /** The id of a run that continues this run. The id is appended to `details.resumed_as` unless already there. */
  readonly resumedAs?: string;
}

export type RecordedOutcome = Pick<
  LineageRecord,
  'knot_id' | 'outcome' | 'output_hash' | 'output_size' | 'extra'
>;

/** The part of a run that decides the state of its partition. */
export type PartitionRun = Pick<
  RunRecord,
  | 'run_id'
  | 'temporal_run_id'
  | 'plan_hash'
  | 'parameter_hashes'
  | 'terminals'
  | 'status'
  | 'started_at'
  | 'finished_at'
>;

/** The recorded runs of one partition of a tapestry. */
export interface PartitionRuns {
  readonly partition: string;
  readonly runs: number;
  /** The partition's newest run by `started_at`. */
  readonly newest: PartitionRun;
  /** The partition's newest successful run. Absent: none succeeded. */
  readonly newestOk?: PartitionRun;
}

/** A knot with an outcome, and the time of its end. */
export type FinishedKnot = Pick<LineageRecord, 'temporal_run_id' | 'knot_id' | 'outcome' | 'finished_at'>;

/** The code that ran for a knot of a run. */
export type CodeOfKnot = Pick<LineageRecord, 'temporal_run_id' | 'knot_id' | 'code_hash'>;
export type OutputOfKnot = Pick<LineageRecord, 'temporal_run_id' | 'knot_id' | 'output_hash'>;

/** A knot in a run of a partition that made a value itself, rather than getting it as a parameter. */
export interface MadeForPartition {
  readonly hash: string;
  /** Bytes of the encoded value. */
  readonly output_size: number | null;
  readonly tapestry: string;
  readonly partition: string;
  readonly knot_id: string;
  readonly temporal_run_id: string;
  /** Milliseconds since the epoch. */
  readonly finished_at: number;
}

/** Queries about thousands of partitions at once, which a technology can answer in few statements. */
export interface PartitionQueries {
  /** The partitions of a tapestry that have runs, in no particular order. */
  partitionRuns(tapestry: string): Promise<PartitionRuns[]>;
  /** The knots among these whose body ran other code than the given code. A knot without a body has no code. */
  otherCode(temporalRunIds: readonly string[], codes: ReadonlyMap<string, string>): Promise<CodeOfKnot[]>;
  /** The outputs of these knots of these runs. */
  outputsOf(temporalRunIds: readonly string[], knotIds: readonly string[]): Promise<OutputOfKnot[]>;
  /** The partitions' knots that made these values. */
  madeForPartitions(hashes: readonly string[]): Promise<MadeForPartition[]>;
}

/** A query for figures about a window of time. */
export interface StatisticsQuery {
  readonly by: StatisticsGroup;
  /** Knots or runs that finished at or after `since` and before `until` (milliseconds since the epoch). */
  readonly since: number;
  readonly until: number;
}

/** The key of a record. */
export type RecordKey = readonly [temporalRunId: string, knotId: string];

/** A change that has become durable in a run history. */
export interface HistoryChange {
  /** An opaque place after which {@link RunHistory.changes} continues, in any process while the history exists. */
  readonly position: string;
  readonly kind: 'run-started' | 'knot-finished' | 'run-ended';
  readonly run_id: string;
  readonly temporal_run_id: string;
  /** The tapestry's name; empty if the knot's run is not on record. */
  readonly tapestry: string;
  /** The knot, or the element of a map. Only in `knot-finished`. */
  readonly knot_id?: string;
  /** Only in `knot-finished`. */
  readonly outcome?: OutcomeKind;
  /**
   * In `run-ended`. The status is also in `run-started` of a run that was put on record after its end, which gets no
   * `run-ended`.
   */
  readonly status?: RunStatus;
  /**
   * Set in `knot-finished` if the record became durable before the run was put on record. Such records are parameters,
   * and all knots of a run in process.
   */
  readonly isBeforeRun?: true;
  /** The time in the record: milliseconds since the epoch. */
  readonly at: number;
}

export interface ChangesOptions {
  /** The position of the last known change. By default, the changes start with the oldest. */
  readonly after?: string;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  /** Whether the changes end, instead of waiting for more. Default false. */
  readonly once?: boolean;
}

/**
 * Runs and lineage. Every method may be called concurrently from many processes.
 *
 * Methods throw `BackendUnavailable` (a retry may help), `DiskFull`, `DatabaseDamaged`, `SchemaTooNew`.
 */
export interface RunHistory {
  readonly technology: string;
  /** A text that identifies this storage, like {@link DataStore.identity}. */
  identity(): Promise<string>;
  /**
   * The time by the history's own clock: milliseconds since the epoch. A file has no clock, so its history takes the
   * machine's.
   */
  now(): Promise<number>;
  /**
   * The commit point. Inserts each record unless its key (`temporal_run_id`, `knot_id`) exists. The result has the
   * standing record for each, in order, which is then durable. A technology with transactions uses one.
   */
  commit(records: readonly LineageRecord[]): Promise<CommitResult[]>;
  /**
   * Commits values and records in one transaction; undefined if the data store is not in the same database.
   * Technologies without such transactions omit this method.
   */
  commitsTogetherWith?(
    dataStore: DataStore,
  ): ((commits: readonly Commit[]) => Promise<CommitResult[]>) | undefined;
  /** Absent in technologies whose size nobody needs to watch. @throws SelvageError `BackendUnavailable` */
  space?(): Promise<StorageSpace>;
  /** The lease table in the same storage, if its technology has one. */
  leasesBeside?(): LeaseTable;
  /** The start ledger in the same storage, if its technology has one. */
  startLedgerBeside?(): StartLedger;
  /** The cursors of emitters, which name places among the changes; absent in technologies without {@link changes}. */
  emitterTableBeside?(): EmitterTable;
  /** Inserts the run unless its `temporal_run_id` exists. The result is the record that stands. */
  startRun(record: RunRecord): Promise<RunRecord>;
  /**
   * Ends a run; the given `details` are merged into the existing ones. A run that has already ended keeps its status
   * and time, but a `terminated` one may still get its true end. The call returns false and changes nothing if the
   * `temporal_run_id` is unknown or a required record is missing. One transaction checks the records and writes the
   * end, so every reader that sees the end sees the records.
   *
   * @param required the records that must exist; default: nothing
   */
  endRun(temporalRunId: string, end: RunEnd, required?: RequiredRecords): Promise<boolean>;
  /**
   * Changes the given fields, even of an ended run; merges `details` into the existing ones. The call returns false and
   * changes nothing if the `temporal_run_id` is unknown.
   */
  changeRun(temporalRunId: string, change: RunChange): Promise<boolean>;
  /**
   * Removes an ended run with all its lineage records. The records are removed first, so the next call completes an
   * interrupted removal. Values stay. The removal may be called concurrently.
   *
   * @returns number of removed records; undefined, and nothing removed, if the run is running or unknown
   */
  deleteRun(temporalRunId: string): Promise<number | undefined>;
  /** The latest run (by `started_at`) of this run id, or undefined. */
  getRun(runId: string): Promise<RunRecord | undefined>;
  getRunByTemporalId(temporalRunId: string): Promise<RunRecord | undefined>;
  /** Runs, newest `started_at` first. */
  listRuns(query?: RunQuery): Promise<Page<RunRecord>>;
  /** The records of these knots of one run, or of all its knots without `knotIds`, in no particular order. */
  getRecords(temporalRunId: string, knotIds?: readonly string[]): Promise<LineageRecord[]>;
  /** Like `getRecords`, but only with the columns of outcomes; for bulk reads. */
  getOutcomes(temporalRunId: string, knotIds: readonly string[]): Promise<RecordedOutcome[]>;
  /**
   * Counts the records of one run whose knot ids begin with a prefix. The prefix ends with an ASCII
   * character: `users[` counts the elements of a map.
   */
  countRecords(temporalRunId: string, prefix: string): Promise<number>;
  /**
   * The newest Ok record of a knot that made its value itself, by cache key. Keys without such a record are omitted.
   * The search finds everything committed before the call.
   */
  findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>>;
  findLineage(query: LineageQuery): Promise<Page<LineageRecord>>;
  /**
   * Which of these values (at most 1,000 hashes) a record names: as output, as input (of a parent or a constant), or in
   * `extra` (`extension`, the error's `traceback_hash`). Parameters of runs are outputs of their own knots. The answer
   * sees every commit before the call; it may see later ones.
   */
  referredTo(hashes: readonly string[]): Promise<Set<string>>;
  /**
   * Hashes with a prefix that some record names as its output or as an input (of a parent or a constant): unique,
   * ascending, at most `limit`. The search is for people who type the beginning of a hash.
   *
   * @param prefix the kind, such as `sha256:`, and the first hexadecimal digits
   */
  findHashes(prefix: string, limit: number): Promise<string[]>;
  /** Figures by name, in no particular order. A million records in the window take less than a second. */
  statistics(query: StatisticsQuery): Promise<Statistics[]>;
  /**
   * Times when the history was noticed to have gone back in time, newest first, at most 20. Technologies whose data
   * nobody can restore under a running process omit this method.
   */
  stepsBack?(): Promise<StepBack[]>;
  /** Calls the listener when this process notices a step back. `isFirst`: no other process noticed the step before. */
  onStepBack?(listener: (step: StepBack, isFirst: boolean) => void): void;
  /**
   * Yields durable changes in non-empty batches of at most 1,000, in an order that never skips late commits. At the
   * end, the reader waits for more until the signal aborts, then returns; with `once` it does not wait. Each reader
   * gets each insert of a record, and each start and end of a run, once, except of deleted ones. An end that replaces
   * `terminated` is reported again. Changes by other processes arrive some 100 ms after their commit. Technologies
   * without such an order omit this method.
   *
   * @throws SelvageError `BackendUnavailable`: continue after the last position; `InvalidCursor`: the position does not
   * belong to this history, or the history went back in time behind it. After `InvalidCursor`, read everything again,
   * and continue after {@link lastChange}
   */
  changes?(options?: ChangesOptions): AsyncIterable<readonly HistoryChange[]>;
  /** Position of the newest change in {@link changes}, if any. Later reads include this change. */
  lastChange?(): Promise<string | undefined>;
  /**
   * The runs of these changes that are on record, in no particular order. Technologies without {@link changes} omit
   * this method.
   */
  runsOf?(temporalRunIds: readonly string[]): Promise<RunRecord[]>;
  /**
   * The records of these runs that became durable before the runs were put on record, in that order. Technologies
   * without {@link changes} do not have this method.
   */
  recordsBeforeRun?(temporalRunIds: readonly string[]): Promise<LineageRecord[]>;
  /**
   * The records of these knots that exist, in no particular order. Technologies without {@link changes} omit this
   * method.
   */
  recordsOf?(knots: readonly RecordKey[]): Promise<LineageRecord[]>;
  /**
   * For bulk reads: the finished knots of these runs, without elements of maps, in no particular order. If this method
   * is omitted, knots are read run by run.
   */
  finishedKnots?(temporalRunIds: readonly string[]): Promise<FinishedKnot[]>;
  /** Without these queries, partitions are read run by run, which is slow for thousands. */
  readonly partitions?: PartitionQueries;
  close(): Promise<void>;
}
