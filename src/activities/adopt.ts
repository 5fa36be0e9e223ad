import type { Envelope } from '../scheduler/envelope';
import { encodeJson } from '../values';
import { decodeStored, valueMissing, valueOfRecord } from '../runtime';
import type { LineageRecord } from '../ports';
import type { Uses } from './worker-parts';

export async function envelopeOfRecord(
  environment: Uses<'backends' | 'digest' | 'inlineLimit'>,
  record: LineageRecord,
): Promise<Envelope> {
  const value = valueOfRecord(record);
  const { hash, size, stored } = value;
  if (stored === undefined && size <= environment.inlineLimit) {
    const bytes = await environment.backends.dataStore.get(hash);
    if (!bytes) throw valueMissing(hash, record.knot_id);
    // Consumers hash an inline value. A value taken from a run with another digest key must keep its hash, so
    // it travels by reference.
    if (hash.endsWith(environment.digest(bytes))) return { value: encodeJson(decodeStored(hash, bytes)) };
  }
  return value;
}
