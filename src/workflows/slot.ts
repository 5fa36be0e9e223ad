import type { Envelope, KnotAnswer, KnotOutcome, SizedEnvelope } from '../scheduler';

/**
 * A settled value: its envelope, and how many bytes that takes in a payload. Null if it is to be looked up by its
 * record.
 */
export type Slot = SizedEnvelope | null;

const encoder = new TextEncoder();

export function slotOf(envelope: Envelope): Slot {
  return { envelope, bytes: encoder.encode(JSON.stringify(envelope)).length };
}

export function outcomeOf(answer: KnotAnswer): KnotOutcome<Slot> {
  if ('skipped' in answer) return { kind: 'skipped', reason: answer.skipped };
  const { choice, extension: _extension, ...envelope } = answer;
  return { kind: 'ok', value: slotOf(envelope), ...(choice !== undefined && { choice }) };
}

/** Outcome of a knot that a cancel or the deadline stopped before its end. */
export const CANCELLED = { kind: 'skipped', reason: 'cancelled' } as const;
