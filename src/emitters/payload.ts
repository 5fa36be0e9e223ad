import { isOfClass, SelvageError } from '../errors';
import type { LineageRecord } from '../ports';
import { encodeValue, isBytesHash, isTableHash, type Json } from '../values';
import { redactNamed } from '../values/redact';
import { TAG } from '../values/tags';
import type { DeliveryContext } from './emitter';

/** The sent part of a knot's value; empty if the knot has none. */
export interface Payload {
  readonly value?: unknown;
  /** Why a value is not sent: too many bytes, not expressible in JSON (bytes, streams, tables, dates), or removed or lost. */
  readonly value_omitted?: 'too-large' | 'not-json' | 'gone';
}

/**
 * A record's output, if it can be sent, with secrets redacted.
 *
 * @param limit in bytes of the encoded value
 * @throws SelvageError if the data store is unreachable, or this process lacks its key: another try may help
 */
export async function payloadOf(
  record: Pick<LineageRecord, 'knot_id' | 'output_hash' | 'output_size' | 'extra'>,
  limit: number,
  read: DeliveryContext['value'],
): Promise<Payload> {
  const { output_hash: hash, output_size: size, extra } = record;
  if (hash === null) return {};
  if (extra['stored'] !== undefined || isBytesHash(hash) || isTableHash(hash))
    return { value_omitted: 'not-json' };
  if (size !== null && size > limit) return { value_omitted: 'too-large' };
  try {
    const value = await read(hash);
    return isPlainJson(value)
      ? { value: redactNamed(record.knot_id, value as Json) }
      : { value_omitted: 'not-json' };
  } catch (error) {
    if (isOfClass(error, 'damaged')) return { value_omitted: 'gone' };
    if (SelvageError.is(error, 'NotDecodable')) return { value_omitted: 'not-json' };
    throw error;
  }
}

function isPlainJson(value: unknown): boolean {
  const encoded = encodeValue(value);
  return encoded.kind === 'json' && !encoded.text.includes(`"${TAG}"`);
}
