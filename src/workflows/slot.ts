import type { Envelope, KnotAnswer, KnotOutcome, SizedEnvelope } from '../engine';

/** A settled value: its envelope and how many bytes that takes in a payload; null where it is to be looked up by its record. */
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

/** Of a knot that a cancel, or the deadline, has kept from its end. */
export const CANCELLED = { kind: 'skipped', reason: 'cancelled' } as const;
