import type { Envelope } from '../../engine/envelope';
import { encodeJson } from '../../canonical';
import { decodeStored, valueMissing, valueOfRecord } from '../../execution';
import type { LineageRecord } from '../../protocols';
import type { WorkerEnvironment } from '../../activities/worker-environment';

/** The envelope of a recorded value: whole where it is small, as its first answer was. */
export async function envelopeOfRecord(
  environment: WorkerEnvironment,
  record: LineageRecord,
): Promise<Envelope> {
  const value = valueOfRecord(record);
  const { hash, size, stored } = value;
  if (stored === undefined && size <= environment.inlineLimit) {
    const bytes = await environment.backends.dataStore.get(hash);
    if (!bytes) throw valueMissing(hash, record.knot_id);
    // Whoever takes an inline value hashes it: one that a resumed run has from a run of another digest key keeps the hash that it is stored under.
    if (hash.endsWith(environment.digest(bytes))) return { value: encodeJson(decodeStored(hash, bytes)) };
  }
  return value;
}
