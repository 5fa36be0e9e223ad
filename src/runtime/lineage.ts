import type { PlanKnot } from '../plan';
import type { ExceptionRecord, LineageRecord, SkipReason } from '../ports';
import { defined } from '../values';
import { tableFacts } from './table-facts';
import { valueOfRecord } from './cache-key';
import type { PassedOver } from './cached-values';
import type { EncodedValue } from './encoded-value';
import type { LoadedPlan } from './loaded-plan';
import type { ChildRunRef } from './nested-run';

/** The execution part of a knot's record, which comes from neither the plan nor the outcome. */
export interface Execution {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly dispatcher: string;
  readonly taskQueue: string | null;
  readonly worker: string | null;
  readonly attempt: number;
  readonly scheduledAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** Counts of a map's elements. */
export interface ElementCounts {
  readonly count: number;
  readonly failed: number;
  /** Number of a map's elements that reused a value, and milliseconds that making those values took. Absent: none. */
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
  /** For a branch, the tag of the chosen path. */
  readonly choice?: string;
  /** Content hash of the fragment by which the body extends its run. */
  readonly extension?: string;
  /** For a knot that ran a tapestry, the last child run. */
  readonly childRun?: ChildRunRef;
  /** For a loop. */
  readonly iterations?: number;
  /** For a map. */
  readonly elements?: ElementCounts;
  /** For a knot that took a signal, the hash of the payload as given, if it differs from the value. */
  readonly payload?: string;
}

/** No facts, shared by the records of knots without constants or extras, which are most. */
const NOTHING: Record<string, never> = Object.freeze({});

/**
 * @param hashOfParent takes a parent's index in the plan and its input name; null if the parent has no value
 * @param codeHash null if no body ran
 * @param cacheKey null if the value cannot be reused
 */
export function lineageRecord(
  plan: LoadedPlan,
  knot: PlanKnot,
  execution: Execution,
  outcome: OutcomeToRecord,
  hashOfParent: (index: number, input: string) => string | null,
  codeHash: string | null,
  cacheKey: string | null,
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
    definition: definition?.name ?? 'parameter',
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
    // Reusing such a value would have to repeat its extension as well.
    cache_key: outcome.kind === 'ok' && outcome.extension !== undefined ? null : cacheKey,
    ...whereAndWhen(execution),
    extra: extraOf(outcome),
  };
}

/** The record of an outcome that a resumed run takes over: the original, with a new execution. */
export function takenOverRecord(record: LineageRecord, execution: Execution): LineageRecord {
  // The history of the outcome is in the earlier run's own record.
  const { attempts: _, waits: __, log: ___, host: ____, ...extra } = record.extra;
  return {
    ...record,
    run_id: execution.runId,
    temporal_run_id: execution.temporalRunId,
    cached_from_run: record.cached_from_run ?? record.run_id,
    ...whereAndWhen(execution),
    extra: { ...extra, made_in: madeIn(record) ?? record.finished_at - record.started_at },
  };
}

/** The record of a knot that reuses another knot's value: facts about the value are from that knot's record. */
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

/** Milliseconds that making a reused or taken-over value took; else undefined. */
export function madeIn({ extra }: Pick<LineageRecord, 'extra'>): number | undefined {
  return (extra as { made_in?: number }).made_in;
}

/** Adds why the body ran although a value of the same key existed. */
export function withPassedOver(record: LineageRecord, passedOver: PassedOver | undefined): LineageRecord {
  if (passedOver === undefined) return record;
  return { ...record, extra: { ...record.extra, passed_over: passedOver } };
}

/** Adds the body host that called the body, or the bodies of the elements. */
export function withHost(record: LineageRecord, host: string | undefined): LineageRecord {
  if (host === undefined) return record;
  return { ...record, extra: { ...record.extra, host } };
}

/** The host; undefined if the worker called the body, or no body was called. */
export function hostOfRecord({ extra }: Pick<LineageRecord, 'extra'>): string | undefined {
  return (extra as { host?: string }).host;
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
    // The end of a body may have been measured on another machine than its beginning.
    finished_at: Math.max(execution.startedAt, execution.finishedAt),
  };
}

function extraOf(outcome: OutcomeToRecord): Record<string, unknown> {
  if (outcome.kind === 'skipped') return outcome.detail ? { skip: outcome.detail } : NOTHING;
  const { childRun, elements } = outcome;
  if (outcome.kind === 'err') {
    return { error: outcome.error, ...(childRun && { child_run: childRun }), ...(elements && { elements }) };
  }
  const { choice, iterations, extension, payload, value } = outcome;
  const { length, columns, stored } = value;
  const table = tableFacts(value);
  const extras = [length, table, stored, choice, extension, childRun, elements, payload];
  if (extras.every((part) => part === undefined)) return NOTHING;
  return defined({
    length,
    columns,
    stored,
    table,
    choice,
    child_run: childRun,
    iterations,
    elements,
    extension,
    payload,
  });
}
