import type { Json } from '../canonical';
import type { OwnSkipReason } from './scheduler';

/**
 * A value as it travels between knots: whole when it is small, else by reference to the data store, where every value is
 * kept in either case. An inline value carries no hash: the hash is a function of the value, and 71 bytes that the history
 * need not hold.
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
  /** Number of elements, of a list. */
  readonly length?: number;
  /** Present when the value is a reference to a stored stream (`ctx.store`), which consumers get unopened. `''`: no media type was given. */
  readonly stored?: string;
}

/** What the answer of an Ok knot says beside its value. */
export interface AnswerExtras {
  /** Of a branch, the tag of the path that it takes. */
  readonly choice?: string;
  /** Content hash of the fragment by which the body extends the run. */
  readonly extension?: string;
}

/** What the activity of a knot answers. */
export type KnotAnswer = (Envelope & AnswerExtras) | { readonly skipped: OwnSkipReason };

export function isReference(envelope: Envelope): envelope is ReferenceEnvelope {
  return 'hash' in envelope;
}
