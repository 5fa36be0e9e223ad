import type { Backends, LineageRecord, RecordedOutcome, StoredValue } from '../ports';
import { openTablesFrom } from './stored-bytes';
import { decodeStored, storedReference, valueMissing } from './encoded-value';

export interface ValuesAtHand {
  get(hash: string): Uint8Array | undefined;
  add(value: StoredValue): void;
}

export interface ValueSources {
  readonly backends: Pick<Backends, 'dataStore'>;
  /** Values that this process has at hand are not read again. */
  readonly recentValues?: ValuesAtHand;
}

/**
 * Values by hash, which must not be changed. @param wanted hashes, with their knots
 *
 * @throws SelvageError `ValueMissing` of the knot, `ValueDamaged`, `BackendUnavailable`
 */
export async function readAllStored(
  { backends, recentValues }: ValueSources,
  wanted: readonly (readonly [hash: string, knot: string])[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const unknown = new Set<string>();
  for (const [hash] of wanted) {
    const recent = recentValues?.get(hash);
    if (recent) found.set(hash, recent);
    else unknown.add(hash);
  }
  if (unknown.size > 0) {
    for (const [hash, bytes] of await backends.dataStore.getMany([...unknown])) found.set(hash, bytes);
  }
  for (const [hash, knot] of wanted) if (!found.has(hash)) throw valueMissing(hash, knot);
  return found;
}

/** The media type of a stored stream, or ''; undefined for a value with bytes of its own. */
export function streamOf({ extra }: Pick<LineageRecord, 'extra'>): string | undefined {
  return (extra as { stored?: string }).stored;
}

/** Hashes of values with bytes of their own, with their knots. @param records of Ok knots */
export function bytesToRead(records: readonly RecordedOutcome[]): [hash: string, knot: string][] {
  return records.flatMap((record) =>
    streamOf(record) === undefined ? [[record.output_hash!, record.knot_id] as [string, string]] : [],
  );
}

/** Values of Ok knots, by id. Errors as for {@link readAllStored}. */
export async function readValues(
  backends: Pick<Backends, 'dataStore'>,
  records: readonly LineageRecord[],
): Promise<Map<string, unknown>> {
  const bytes = await readAllStored({ backends }, bytesToRead(records));
  const values = new Map(
    records.map((record) => {
      const hash = record.output_hash!;
      const stored = streamOf(record);
      const value =
        stored === undefined
          ? decodeStored(hash, bytes.get(hash)!)
          : storedReference({ hash, size: record.output_size!, stored });
      return [record.knot_id, value];
    }),
  );
  for (const [knot, value] of values) await openTablesFrom(backends.dataStore, value, knot);
  return values;
}
