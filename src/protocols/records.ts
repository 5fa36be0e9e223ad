import { z } from 'zod';
import { OUTCOME_KINDS, RUN_STATUSES, SKIP_REASONS } from '../model/outcome';

/**
 * The records that Selvage keeps for ever, with the names that they have in every store (snake_case, as in SQL). Times are
 * milliseconds since the epoch, UTC. Hashes are `sha256:<64 hex>` or `bytes-sha256:<64 hex>`.
 */

export type { ErrorCause, ExceptionRecord, OutcomeKind, RunStatus, SkipReason } from '../model/outcome';

const hash = z.string();
const json = z.record(z.string(), z.unknown());

/**
 * One knot in one run: what ran, on what, with what result. Its key is (`temporal_run_id`, `knot_id`); it is written once
 * and never changed, and writing it is what makes an outcome count.
 */
export const lineageRecordSchema = z.object({
  run_id: z.string(),
  temporal_run_id: z.string(),
  knot_id: z.string(),
  /** The definition's name; `parameter` for a parameter. */
  knot_class: z.string(),
  definition_version: z.string().nullable(),
  /** Hash of the source of the body that ran; null where no body ran. */
  code_hash: hash.nullable(),
  /** Hash of definition, version, constants and policy. */
  knot_config_hash: hash,
  /** By input name; null where the parent has no value. */
  parent_input_hashes: z.record(z.string(), hash.nullable()),
  constant_input_hashes: z.record(z.string(), hash),
  /** By input name. */
  parent_knot_ids: z.record(z.string(), z.string()),
  output_hash: hash.nullable(),
  /** Bytes of the encoded value. */
  output_size: z.number().int().nullable(),
  outcome: z.enum(OUTCOME_KINDS),
  skip_reason: z.enum(SKIP_REASONS).nullable(),
  error_record_id: z.string().nullable(),
  /** The run that made the value, where it was taken over from another one. */
  cached_from_run: z.string().nullable(),
  /** What the values of a knot are reused by; null where they are not, or the body that ran was not the definition's own. */
  cache_key: hash.nullable(),
  /** `queue`, `local`, `in_process`, … */
  dispatcher: z.string(),
  task_queue: z.string().nullable(),
  /** Identity of the worker process that committed the outcome. */
  worker: z.string().nullable(),
  attempt: z.number().int(),
  scheduled_at: z.number(),
  started_at: z.number(),
  finished_at: z.number(),
  /**
   * `error`: the {@link ExceptionRecord}; `skip`: details of a skip; `media_type`: of a stored stream; `length`: of a list;
   * `child_run`: the last run that a knot has started, by `run_id` and `temporal_run_id`; `iterations`: how many a loop has;
   * `extension`: content hash of the fragment by which the body has extended its run;
   * `made_by`, `made_at`: of a reused value, the knot that made it and when; `made_in`: of one that was reused or taken over, how many milliseconds that took; `passed_over`: why another value
   * of the same cache key was not reused.
   * `elements`: of a map, how many it had and how many of them failed, and where some were reused, how many and what they took to make (`saved`, milliseconds);
   * `payload`: content hash of the signal that a knot took, as it was given, where its value is something else.
   */
  extra: json,
});
export type LineageRecord = z.infer<typeof lineageRecordSchema>;

/** One run of a plan. Its key is `temporal_run_id`; readers name it by `run_id` and see the latest. */
export const runRecordSchema = z.object({
  run_id: z.string(),
  temporal_run_id: z.string(),
  tapestry: z.string(),
  plan_hash: hash,
  parameter_hashes: z.record(z.string(), hash),
  /** Terminal knots: name as returned by `build` (or the id) to knot id. */
  terminals: z.record(z.string(), z.string()),
  status: z.enum(RUN_STATUSES),
  actor: z.string().nullable(),
  /** What started the run: `code`, `cli`, `temporal`, `schedule:<id>`, … */
  trigger: z.string().nullable(),
  tags: z.array(z.string()),
  vcs_commit: z.string().nullable(),
  parent_run_id: z.string().nullable(),
  started_at: z.number(),
  finished_at: z.number().nullable(),
  /**
   * `counts`: outcomes by kind; `error`: why the run ended early; `parent_knot`: the knot of the parent run that started this one; what the worker says of itself (`selvage`, `node`, …);
   * `inline_limit`: of the worker that began it; `given_parameters`: hashes of parameters that came by reference; `signals`: what became of those
   * that no knot took, `payloads` among it as hashes; `scrubs`: when its values were removed, by whom and why.
   */
  environment: json,
});
export type RunRecord = z.infer<typeof runRecordSchema>;
