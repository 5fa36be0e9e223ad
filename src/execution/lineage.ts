import type { PlanKnot } from '../engine';
import type { ExceptionRecord, LineageRecord, SkipReason } from '../protocols';
import { valueOfRecord } from './cache-key';
import type { PassedOver } from './cached-values';
import type { EncodedValue } from './encoded-value';
import type { LoadedPlan } from './loaded-plan';
import type { ChildRunRef } from './nested-run';

/** Who ran a knot, where and when: what its record says beside the plan and the outcome. */
export interface Execution {
  readonly runId: string;
  /** Key of the records of this run; an in-process run makes one up. */
  readonly temporalRunId: string;
  readonly dispatcher: string;
  readonly taskQueue: string | null;
  readonly worker: string | null;
  readonly attempt: number;
  readonly scheduledAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** Of a map: how many elements there were, and how many of them failed. */
export interface ElementCounts {
  readonly count: number;
  readonly failed: number;
  /** How many took what others had made, and how many milliseconds these had needed in all. Absent: none did. */
  readonly reused?: number;
  readonly saved?: number;
}

export type OutcomeToRecord =
  | OkToRecord
  | {
      readonly kind: 'err';
      readonly error: ExceptionRecord;
      readonly childRun?: ChildRunRef;
      readonly elements?: ElementCounts;
    }
  | { readonly kind: 'skipped'; readonly reason: SkipReason; readonly detail?: Record<string, unknown> };

export interface OkToRecord {
  readonly kind: 'ok';
  readonly value: EncodedValue;
  /** Of a branch, the tag of the path that it takes. */
  readonly choice?: string;
  /** Content hash of the fragment by which the body extends its run. */
  readonly extension?: string;
  /** Of a knot that has run a tapestry: the last run of it. */
  readonly childRun?: ChildRunRef;
  /** Of a loop. */
  readonly iterations?: number;
  /** Of a map. */
  readonly elements?: ElementCounts;
  /** Of a knot that has taken a signal: the hash of what was given, where the value is something else. */
  readonly payload?: string;
}

/** What most knots have no constants and nothing extra of, shared by their records. */
const NOTHING: Record<string, never> = Object.freeze({});

/**
 * The lineage record of one knot.
 *
 * @param hashOfParent the hash of a parent's value by its index in the plan, and the input that it is wired to; null where it has none
 * @param codeHash of the body that ran; null where none did
 * @param cacheKey what the value is reused by; null where it is not
 */
export function lineageRecord(
  plan: LoadedPlan,
  knot: PlanKnot,
  execution: Execution,
  outcome: OutcomeToRecord,
  hashOfParent: (index: number, input: string) => string | null,
  codeHash: string | null,
  cacheKey: string | null = null,
): LineageRecord {
  const definition = plan.definitionOf(knot);
  const parentHashes: Record<string, string | null> = {};
  const parentIds: Record<string, string> = {};
  let constantHashes = NOTHING as Record<string, string>;
  for (const name in knot.inputs) {
    const input = knot.inputs[name]!;
    if ('parent' in input) {
      parentHashes[name] = hashOfParent(input.parent, name);
      parentIds[name] = plan.parentId(input.parent);
    } else {
      if (constantHashes === NOTHING) constantHashes = {};
      constantHashes[name] = input.hash;
    }
  }
  return {
    run_id: execution.runId,
    temporal_run_id: execution.temporalRunId,
    knot_id: knot.id,
    knot_class: definition?.name ?? 'parameter',
    definition_version: definition?.version ?? null,
    code_hash: codeHash,
    knot_config_hash: knot.configHash,
    parent_input_hashes: parentHashes,
    constant_input_hashes: constantHashes,
    parent_knot_ids: parentIds,
    output_hash: outcome.kind === 'ok' ? outcome.value.hash : null,
    output_size: outcome.kind === 'ok' ? outcome.value.size : null,
    outcome: outcome.kind,
    skip_reason: outcome.kind === 'skipped' ? outcome.reason : null,
    error_record_id: outcome.kind === 'err' ? outcome.error.id : null,
    cached_from_run: null,
    // Whoever took the value would have to be given what it has extended its run by, too.
    cache_key: outcome.kind === 'ok' && outcome.extension !== undefined ? null : cacheKey,
    ...whereAndWhen(execution),
    extra: extraOf(outcome),
  };
}

/** The record of a knot that another run has, as one of a run that takes its outcome over: the same but for where and when that was. */
export function takenOverRecord(record: LineageRecord, execution: Execution): LineageRecord {
  return {
    ...record,
    run_id: execution.runId,
    temporal_run_id: execution.temporalRunId,
    cached_from_run: record.cached_from_run ?? record.run_id,
    ...whereAndWhen(execution),
    extra: { ...record.extra, made_in: madeIn(record) ?? record.finished_at - record.started_at },
  };
}

/** The record of a knot whose value was made by another one: what that one's says of the value, and else what this run says. */
export function reusedRecord(
  plan: LoadedPlan,
  knot: PlanKnot,
  execution: Execution,
  made: LineageRecord,
  hashOfParent: (index: number, input: string) => string | null,
): LineageRecord {
  const outcome: OutcomeToRecord = { kind: 'ok', value: valueOfRecord(made) };
  const record = lineageRecord(plan, knot, execution, outcome, hashOfParent, made.code_hash, made.cache_key);
  return {
    ...record,
    cached_from_run: made.run_id,
    extra: {
      ...record.extra,
      made_by: made.knot_id,
      made_at: made.finished_at,
      made_in: made.finished_at - made.started_at,
    },
  };
}

/** Milliseconds that it took to make a value that was reused, or taken over from a resumed run; undefined for any other. */
export function madeIn({ extra }: Pick<LineageRecord, 'extra'>): number | undefined {
  return (extra as { made_in?: number }).made_in;
}

/** The record of a knot whose body ran although a value of the same key was there, and why. */
export function withPassedOver(record: LineageRecord, passedOver: PassedOver | undefined): LineageRecord {
  if (passedOver === undefined) return record;
  return { ...record, extra: { ...record.extra, passed_over: passedOver } };
}

type WhereAndWhen = Pick<
  LineageRecord,
  'dispatcher' | 'task_queue' | 'worker' | 'attempt' | 'scheduled_at' | 'started_at' | 'finished_at'
>;

function whereAndWhen(execution: Execution): WhereAndWhen {
  return {
    dispatcher: execution.dispatcher,
    task_queue: execution.taskQueue,
    worker: execution.worker,
    attempt: execution.attempt,
    scheduled_at: execution.scheduledAt,
    started_at: execution.startedAt,
    finished_at: execution.finishedAt,
  };
}

function extraOf(outcome: OutcomeToRecord): Record<string, unknown> {
  if (outcome.kind === 'skipped') return outcome.detail ? { skip: outcome.detail } : NOTHING;
  const { childRun } = outcome;
  const { elements } = outcome;
  if (outcome.kind === 'err') {
    return { error: outcome.error, ...(childRun && { child_run: childRun }), ...(elements && { elements }) };
  }
  const { choice, iterations, extension, payload, value } = outcome;
  const { length, stored } = value;
  const extras = [length, stored, choice, extension, childRun, elements, payload];
  if (extras.every((part) => part === undefined)) return NOTHING;
  return {
    ...(length !== undefined && { length }),
    ...(stored !== undefined && { stored }),
    ...(choice !== undefined && { choice }),
    ...(childRun && { child_run: childRun }),
    ...(iterations !== undefined && { iterations }),
    ...(elements && { elements }),
    ...(extension !== undefined && { extension }),
    ...(payload !== undefined && { payload }),
  };
}
