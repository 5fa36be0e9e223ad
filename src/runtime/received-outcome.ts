import type { PlanKnot } from '../plan';
import type { Err, Outcome, Skipped } from '../authoring/outcome';
import type { ExceptionRecord, LineageRecord } from '../ports';

/** The outcome of a knot without a value. */
export type Failed = Err | Skipped;

/** A parent's outcome for a child that receives outcomes: a failed optional parent counts as skipped. */
export function receivedOutcome(parent: PlanKnot, outcome: Failed): Failed {
  if (outcome.kind === 'skipped' || parent.policy.optional !== true) return outcome;
  return { kind: 'skipped', reason: 'optional', detail: { error: outcome.error } };
}

export function outcomeOfRecord(record: LineageRecord, valueOf: () => unknown): Outcome {
  return record.outcome === 'ok' ? { kind: 'ok', value: valueOf() } : failedOutcomeOf(record)!;
}

/** The outcome; undefined for a knot that has a value. */
export function failedOutcomeOf(record: LineageRecord): Failed | undefined {
  const { error, skip } = record.extra as { error?: ExceptionRecord; skip?: Skipped['detail'] };
  if (record.outcome === 'ok') return undefined;
  if (record.outcome === 'err') return { kind: 'err', error: error! };
  return { kind: 'skipped', reason: record.skip_reason!, ...(skip && { detail: skip }) };
}
