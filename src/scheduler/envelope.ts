import type { Json } from '../values';
import type { OwnSkipReason } from './protocol';

/**
 * A value as it travels between knots: inline if small, else by reference to the data store, which holds
 * every value in either case. An inline value carries no hash: the hash can be computed from the value, and
 * would cost 71 bytes of history.
 */
export type Envelope = InlineEnvelope | ReferenceEnvelope;

export interface InlineEnvelope {
  /** The encoded (tagged) value. */
  readonly value: Json;
}

export interface ReferenceEnvelope {
  readonly hash: string;
  /** Bytes of the encoded value. */
  readonly size: number;
  /** For a list: its number of elements. */
  readonly length?: number;
  /**
   * Set if the value is a reference to a stored stream (`ctx.store`), which consumers get unopened. `''`
   * means that no media type was given.
   */
  readonly stored?: string;
}

/** Further parts of an Ok knot's answer beside its value. */
export interface AnswerExtras {
  /** For a branch: the tag of the chosen path. */
  readonly choice?: string;
  /** Content hash of the fragment by which the body extends the run. */
  readonly extension?: string;
}

/** The return value of a knot's activity. */
export type KnotAnswer = (Envelope & AnswerExtras) | { readonly skipped: OwnSkipReason };

export function isReference(envelope: Envelope): envelope is ReferenceEnvelope {
  return 'hash' in envelope;
}
