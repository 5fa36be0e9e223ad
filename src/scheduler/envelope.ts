import type { Json } from '../values';
import type { OwnSkipReason } from './protocol';

/**
 * A value as it travels between knots: inline if small, else by reference to the data store, which holds every value.
 * An inline value has no hash: the hash can be computed, and would cost 71 bytes of history.
 */
export type Envelope = InlineEnvelope | ReferenceEnvelope;

export interface InlineEnvelope {
  /** Encoded, with tags. */
  readonly value: Json;
}

export interface ReferenceEnvelope {
  readonly hash: string;
  /** Bytes of the encoded value. */
  readonly size: number;
  /** Number of elements of a list. */
  readonly length?: number;
  /**
   * Set if the value is a reference to a stored stream (`ctx.store`), which consumers get unopened. An empty text
   * stands for no media type.
   */
  readonly stored?: string;
}

export interface AnswerExtras {
  /** Tag that a branch chose. */
  readonly choice?: string;
  /** Content hash of the fragment that extends the run. */
  readonly extension?: string;
}

export type KnotAnswer = (Envelope & AnswerExtras) | { readonly skipped: OwnSkipReason };

export function isReference(envelope: Envelope): envelope is ReferenceEnvelope {
  return 'hash' in envelope;
}
