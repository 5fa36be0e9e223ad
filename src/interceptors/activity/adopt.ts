import type { Envelope } from '../../engine/envelope';
import { encodeJson } from '../../canonical';
import { decodeStored, valueMissing } from '../../execution';
import type { LineageRecord } from '../../protocols';
import type { WorkerEnvironment } from '../../activities/worker-environment';

/** The envelope of a recorded value: whole where it is small, as its first answer was. */
export async function envelopeOfRecord(
  environment: WorkerEnvironment,
  record: LineageRecord,
): Promise<Envelope> {
  const hash = record.output_hash!;
  const size = record.output_size!;
  const { length, stored } = record.extra as { length?: number; stored?: string };
  if (stored === undefined && size <= environment.inlineLimit) {
    const bytes = await environment.backends.dataStore.get(hash);
    if (!bytes) throw valueMissing(hash, record.knot_id);
    return { value: encodeJson(decodeStored(hash, bytes)) };
  }
  return { hash, size, ...(length !== undefined && { length }), ...(stored !== undefined && { stored }) };
}
