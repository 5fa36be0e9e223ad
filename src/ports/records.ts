import { z } from 'zod';
import { OUTCOME_KINDS, RUN_STATUSES, SKIP_REASONS } from '../authoring/outcome';
import type { ManifestColumn } from '../tables/manifest';
import { column, RowCodec } from './columns';

/**
 * The records that Selvage keeps permanently, with their field names in every store (snake_case, as in SQL). Times are
 * milliseconds since the epoch, UTC. Hashes are `sha256:<64 hex>`, or the same after `bytes-` or `table-`. Stores take their
 * columns from the schemas below, in this order; only migrations repeat them.
 */

export type { ErrorCause, ExceptionRecord, OutcomeKind, RunStatus, SkipReason } from '../authoring/outcome';

const hash = z.string();
const json = z.record(z.string(), z.unknown());

/**
 * The record of one knot in one run: its code, its inputs and its result. The record's key is (`temporal_run_id`,
 * `knot_id`). The record is written once and never changed, and writing it is what makes an outcome count.
 */
export const lineageRecordSchema = z.object({
  run_id: z.string(),
  temporal_run_id: z.string(),
  knot_id: column(z.string(), { differs: true }),
  /** The definition's name, or `parameter` for a parameter. */
  definition: z.string(),
  definition_version: z.string().nullable(),
  /** Hash of the source of the body that ran; null if no body ran. */
  code_hash: hash.nullable(),
  /** Hash of definition, version, constants and policy. */
  knot_config_hash: hash,
  /** Maps an input's name to its hash; null if the parent has no value. */
  parent_input_hashes: column(z.record(z.string(), hash.nullable()), { differs: true, isSearched: true }),
  constant_input_hashes: column(z.record(z.string(), hash), { isSearched: true }),
  /** Maps an input's name to the parent's knot id. */
  parent_knot_ids: z.record(z.string(), z.string()),
  output_hash: column(hash.nullable(), { differs: true }),
  /** Bytes of the encoded value. */
  output_size: column(z.int().nullable(), { differs: true }),
  outcome: z.enum(OUTCOME_KINDS),
  skip_reason: z.enum(SKIP_REASONS).nullable(),
  error_record_id: z.string().nullable(),
  /** The run that made the value, if it was taken over from another run. */
  cached_from_run: z.string().nullable(),
  /**
   * The key by which the value is found for reuse. The key is null if values are not reused, or another body than the
   * definition's own ran.
   */
  cache_key: column(hash.nullable(), { differs: true }),
  /** The dispatcher's name: `queue`, `local`, `in_process`, … */
  dispatcher: z.string(),
  task_queue: z.string().nullable(),
  /** The identity of the worker process that committed the outcome. */
  worker: z.string().nullable(),
  attempt: z.int32(),
  scheduled_at: column(z.number(), { differs: true }),
  started_at: column(z.number(), { differs: true }),
  finished_at: column(z.number(), { differs: true }),
  /**
   * Further facts about the knot, each present only if it applies.
   *
   * - `error`: an `ExceptionRecord`; `skip`: the details of a skipped knot.
   * - `stored`: media type of a stored stream, or ''; `length`: the length of a list.
   * - `table`: rows of a table, and its first columns with name, type and hash (`TableFacts`).
   * - `child_run`: the last run that the knot started, by `run_id` and `temporal_run_id`; `iterations`:
   *   number of iterations of a loop.
   * - `extension`: content hash of the fragment by which the body extended its run.
   * - `made_by`, `made_at`: the knot that made a reused value, and when; `made_in`: milliseconds that making a reused
   *   or taken-over value took; `passed_over`: the reason why another value of the same cache key was not reused.
   * - `elements`: how many elements a map had and how many failed; if some were reused, also how many, and
   *   the milliseconds saved (`saved`).
   * - `payload`: content hash of the signal that the knot took, as given, if its value differs.
   * - `attempts`: how earlier attempts ended; `waits`: when and why the knot could not proceed. The newest 32 of each
   *   kind are kept (`RecordedAttempt`, `RecordedWait`).
   * - `host`: name of the body host that called the body, or the bodies of the elements; absent if the worker
   *   itself did.
   * - `log`: content hash of the last 64 KiB (lines of JSON) that the body wrote in the attempt that counts,
   *   `size`, and `isCut` if there was more.
   */
  extra: json,
});
export type LineageRecord = z.infer<typeof lineageRecordSchema>;

/** What the record of a knot keeps of its table. */
export interface TableFacts {
  readonly rows: number;
  /** The first columns, in at most 16 KiB of JSON. */
  readonly columns: readonly ManifestColumn[];
  /** The number of further columns; absent: none. */
  readonly more?: number;
}

export const LINEAGE = new RowCodec<LineageRecord>(lineageRecordSchema);

/** The record of one run of a plan, with the key `temporal_run_id`. A `run_id` stands for its latest run. */
export const runRecordSchema = z.object({
  run_id: z.string(),
  temporal_run_id: z.string(),
  tapestry: z.string(),
  plan_hash: hash,
  parameter_hashes: z.record(z.string(), hash),
  /** Maps a terminal's name (as returned by `build`, or the knot id) to the knot id. */
  terminals: z.record(z.string(), z.string()),
  status: z.enum(RUN_STATUSES),
  actor: z.string().nullable(),
  /** The origin of the run, such as `code`, `cli`, `temporal` or `schedule:<id>`. */
  trigger: z.string().nullable(),
  /** The event that started the run, unique within its trigger. The key is null if no event started the run. */
  trigger_key: z.string().nullable(),
  /** The key of the run's partition; null if it has none. */
  partition: z.string().nullable(),
  tags: column(z.array(z.string()), { isSearched: true }),
  vcs_commit: z.string().nullable(),
  parent_run_id: z.string().nullable(),
  started_at: z.number(),
  finished_at: z.number().nullable(),
  /**
   * Further facts about the run, each present only if it applies.
   *
   * - `counts`: number of outcomes by kind; `error`: the reason why the run ended early.
   * - `parent_knot`: the knot of the parent run that started this one.
   * - the worker's versions (`selvage`, `node`, …); `inline_limit`: the limit of the worker that began the run.
   * - `given_parameters`: hashes of parameters that came by reference.
   * - `signals`: the fate of signals that no knot took, with `payloads` as hashes.
   * - `scrubs`: when the run's values were removed, by whom and why.
   * - `resumed_from`: the run that this run continues; `resumed_as`: the ids of runs meant to continue this one;
   *   `resume_claimed_at`: when the last of these runs was requested, 0 if it was refused.
   * - `traceparent`: the span in which the run was started (W3C Trace Context); `spans`: the settings by which the
   *   run's own spans are placed, if it began in a process with an OpenTelemetry SDK.
   * - `event`: the origin of the starting event, such as topic, partition and offset.
   */
  details: json,
});
export type RunRecord = z.infer<typeof runRecordSchema>;
export const RUN = new RowCodec<RunRecord>(runRecordSchema);
