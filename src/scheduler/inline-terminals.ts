import type { Envelope } from './envelope';
import type { Layout } from '../plan/layout';
import { TERMINALS_INLINE_BYTES } from '../plan/limits';

/** A terminal's value with its bytes as JSON. */
export interface SizedEnvelope {
  readonly envelope: Envelope;
  readonly bytes: number;
}

/** Bytes of two quotes, a colon and a comma. */
export const FIELD_OVERHEAD_BYTES = 4;

/** The Ok terminals by knot id, inline or by reference, at most 64 KiB in all. `valueOf` takes an index. */
export function inlineTerminals(
  { terminals, ids }: Pick<Layout, 'terminals' | 'ids'>,
  valueOf: (knot: number) => SizedEnvelope | null | undefined,
): Record<string, Envelope> {
  const answer: Record<string, Envelope> = {};
  let bytes = 0;
  for (const knot of terminals) {
    const value = valueOf(knot);
    if (!value) continue;
    const id = ids[knot]!;
    const cost = value.bytes + id.length + FIELD_OVERHEAD_BYTES;
    if (bytes + cost > TERMINALS_INLINE_BYTES) continue;
    bytes += cost;
    answer[id] = value.envelope;
  }
  return answer;
}
