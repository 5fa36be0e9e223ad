import { valueMissing, type ValueSources } from '../runtime';
import type { StoredValue } from '../ports';

const BYTES_AT_A_TIME = 8 * 1024 * 1024;

export type StoredValues = Required<ValueSources>;

/** @throws SelvageError `ValueMissing` of the knot, `ValueDamaged`, `BackendUnavailable` */
export async function readStored(
  { backends, recentValues }: StoredValues,
  hash: string,
  knot: string,
): Promise<Uint8Array> {
  const bytes = recentValues.get(hash) ?? (await backends.dataStore.get(hash));
  if (!bytes) throw valueMissing(hash, knot);
  return bytes;
}

/** Stores values, and keeps them at hand. */
export async function storeAll(
  { backends, recentValues }: StoredValues,
  values: readonly StoredValue[],
): Promise<void> {
  let bytes = 0;
  let some: StoredValue[] = [];
  for (const value of values) {
    some.push(value);
    bytes += value.bytes.byteLength;
    if (bytes < BYTES_AT_A_TIME) continue;
    await backends.dataStore.put(some);
    some = [];
    bytes = 0;
  }
  if (some.length > 0) await backends.dataStore.put(some);
  for (const value of values) recentValues.add(value);
}
