import type { Backends, LineageRecord } from '../ports';
import { decodeStored, storedReference, valueMissing } from './encoded-value';

/** Values of Ok knots, by id. @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable` */
export async function readValues(
  backends: Pick<Backends, 'dataStore'>,
  records: readonly LineageRecord[],
): Promise<Map<string, unknown>> {
  const stored = (record: LineageRecord): string | undefined => (record.extra as { stored?: string }).stored;
  const hashes = new Set(
    records.filter((record) => stored(record) === undefined).map((record) => record.output_hash!),
  );
  const bytes =
    hashes.size > 0 ? await backends.dataStore.getMany([...hashes]) : new Map<string, Uint8Array>();
  return new Map(
    records.map((record) => {
      const hash = record.output_hash!;
      const media = stored(record);
      if (media !== undefined) {
        return [record.knot_id, storedReference({ hash, size: record.output_size!, stored: media })];
      }
      const found = bytes.get(hash);
      if (!found) throw valueMissing(hash, record.knot_id);
      return [record.knot_id, decodeStored(hash, found)];
    }),
  );
}
