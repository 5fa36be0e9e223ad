import type { Envelope, KnotAnswer, KnotOutcome, SizedEnvelope } from '../scheduler';

/** A settled value with its bytes in a payload. Null: the value is looked up by its record. */
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

/** A cancel or the deadline stopped the knot. */
export const CANCELLED = { kind: 'skipped', reason: 'cancelled' } as const;
