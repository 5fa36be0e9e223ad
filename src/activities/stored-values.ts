import { valueMissing, type ValuesAtHand } from '../runtime';
import type { Backends, StoredValue } from '../ports';

const BYTES_AT_A_TIME = 8 * 1024 * 1024;

/** Values that this worker has at hand are not read again. */
export interface StoredValues {
  readonly backends: Pick<Backends, 'dataStore'>;
  readonly recentValues: ValuesAtHand;
}

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

/**
 * Values by hash, which must not be changed. Errors as for {@link readStored}. @param wanted hashes, with their
 * knots
 */
export async function readAllStored(
  { backends, recentValues }: StoredValues,
  wanted: readonly (readonly [hash: string, knot: string])[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const unknown = new Set<string>();
  for (const [hash] of wanted) {
    const recent = recentValues.get(hash);
    if (recent) found.set(hash, recent);
    else unknown.add(hash);
  }
  if (unknown.size > 0) {
    for (const [hash, bytes] of await backends.dataStore.getMany([...unknown])) found.set(hash, bytes);
  }
  for (const [hash, knot] of wanted) if (!found.has(hash)) throw valueMissing(hash, knot);
  return found;
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
