import { isOfClass } from '../errors';
import { readManifest } from '../tables/stored-manifest';
import { defaultSha256, isBytesHash, isTableHash } from '../values';
import type { DataStore, StoredValue } from '../ports';

/** The Parquet files that hold the rows of these tables, by table; missing and damaged tables are not in the map. */
export async function blobsOfTables(
  store: Pick<DataStore, 'getMany'>,
  hashes: Iterable<string>,
): Promise<Map<string, string>> {
  const blobs = new Map<string, string>();
  const tables = [...new Set(hashes)].filter(isTableHash);
  if (tables.length === 0) return blobs;
  for (const [hash, bytes] of await soundAmong((some) => store.getMany(some), tables)) {
    const blob = blobOf(bytes);
    if (blob !== undefined) blobs.set(hash, blob);
  }
  return blobs;
}

/** The Parquet file that a manifest names; undefined for a damaged manifest. */
export function blobOf(manifest: Uint8Array): string | undefined {
  return readManifest(Buffer.from(manifest).toString(), defaultSha256)?.blob;
}

const READ_VALUES = 100;
const READ_BYTES = 16 * 1024 * 1024;
/** A value with a table inside has at least so many bytes. */
const LEAST_BYTES = 100;
const INSIDE = /\{"\$type":"table","value":\{"hash":"(table-sha256:[0-9a-f]{64})"/g;

/** The tables inside of values, each with a value that has it; missing and damaged values have none. */
export async function tablesInside(
  store: Pick<DataStore, 'getMany'>,
  values: Iterable<{ readonly hash: string; readonly size?: number }>,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let some: string[] = [];
  let bytes = 0;
  const read = async (): Promise<void> => {
    for (const [hash, value] of await soundAmong((hashes) => store.getMany(hashes), some))
      for (const table of tablesInText(value)) found.set(table, hash);
    [some, bytes] = [[], 0];
  };
  for (const { hash, size = LEAST_BYTES } of values) {
    if (isTableHash(hash) || isBytesHash(hash) || size < LEAST_BYTES) continue;
    some.push(hash);
    bytes += size;
    if (bytes > READ_BYTES || some.length === READ_VALUES) await read();
  }
  if (some.length > 0) await read();
  return found;
}

export function tablesInText(json: Uint8Array): string[] {
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString();
  return Array.from(text.matchAll(INSIDE), ([, hash]) => hash!);
}

/** One damaged value makes a read of many fail for all. */
export async function soundAmong<T>(
  getMany: (hashes: readonly string[]) => Promise<Map<string, T>>,
  hashes: readonly string[],
): Promise<Map<string, T>> {
  try {
    return await getMany(hashes);
  } catch (error) {
    if (!isOfClass(error, 'damaged')) throw error;
    if (hashes.length === 1) return new Map();
    const each = await Promise.all(hashes.map((hash) => soundAmong(getMany, [hash])));
    return new Map(each.flatMap((one) => [...one]));
  }
}

/** Like {@link DataStore.keep}; a table is kept, and returned, only with its rows. */
export async function keepWithRows(
  store: Pick<DataStore, 'keep' | 'getMany'>,
  hashes: readonly string[],
): Promise<Set<string>> {
  const kept = await store.keep(hashes);
  const blobs = await blobsOfTables(store, kept);
  if (blobs.size === 0) return kept;
  const rows = await store.keep([...new Set(blobs.values())]);
  for (const [table, blob] of blobs) if (!rows.has(blob)) kept.delete(table);
  return kept;
}

/** Removes the manifests of the tables about to be put whose rows are gone, as a put leaves a stored manifest as it is. */
export async function makeRoomForTables(
  store: Pick<DataStore, 'hasMany' | 'keep' | 'getMany' | 'delete'>,
  tables: readonly StoredValue[],
): Promise<void> {
  const there = [...(await store.hasMany(tables.map(({ hash }) => hash)))];
  const kept = await keepWithRows(store, there);
  for (const hash of there) if (!kept.has(hash)) await store.delete(hash);
}
