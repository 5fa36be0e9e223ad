import { isTableHash } from '../../values/hash';
import type { DataStore, StoredValue } from '../data-store';

/**
 * Removes damaged manifests of the tables that are about to be put, as a put leaves a stored manifest as it is.
 */
export async function makeRoomForTables(
  store: Pick<DataStore, 'hasMany' | 'keep' | 'delete'>,
  values: readonly StoredValue[],
): Promise<void> {
  const tables = values.map(({ hash }) => hash).filter(isTableHash);
  if (tables.length === 0) return;
  const there = [...(await store.hasMany(tables))];
  const kept = await store.keep(there);
  for (const hash of there) if (!kept.has(hash)) await store.delete(hash);
}
