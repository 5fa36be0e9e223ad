import type { PlanKnot } from '../engine';
import type { Err, Outcome, Skipped } from '../model/outcome';
import type { ExceptionRecord, LineageRecord } from '../protocols';

/** What became of a knot that has no value. */
export type Failed = Err | Skipped;

/** What a child that receives outcomes is told of a parent without a value: of an optional one, that it was skipped. */
export function receivedOutcome(parent: PlanKnot, outcome: Failed): Failed {
  if (outcome.kind === 'skipped' || parent.policy.optional !== true) return outcome;
  return { kind: 'skipped', reason: 'optional', detail: { error: outcome.error } };
}

/** The outcome that a record tells. */
export function outcomeOfRecord(record: LineageRecord, valueOf: () => unknown): Outcome {
  return record.outcome === 'ok' ? { kind: 'ok', value: valueOf() } : failedOutcomeOf(record)!;
}

/** Undefined of a knot that has a value. */
export function failedOutcomeOf(record: LineageRecord): Failed | undefined {
  const { error, skip } = record.extra as { error?: ExceptionRecord; skip?: Skipped['detail'] };
  if (record.outcome === 'ok') return undefined;
  if (record.outcome === 'err') return { kind: 'err', error: error! };
  return { kind: 'skipped', reason: record.skip_reason!, ...(skip && { detail: skip }) };
}
