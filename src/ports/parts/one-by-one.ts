import type { DataStore } from '../data-store';
import { inParallel } from '../../values/in-parallel';

/** `getMany` for a store that must be asked for each value separately, at most `limit` at once. */
export async function getOneByOne(
  store: Pick<DataStore, 'get'>,
  hashes: readonly string[],
  limit: number,
): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  await inParallel(new Set(hashes), limit, async (hash) => {
    const bytes = await store.get(hash);
    if (bytes !== undefined) found.set(hash, bytes);
  });
  return found;
}

export async function hasOneByOne(
  store: Pick<DataStore, 'has'>,
  hashes: readonly string[],
  limit: number,
): Promise<Set<string>> {
  const found = new Set<string>();
  await inParallel(new Set(hashes), limit, async (hash) => {
    if (await store.has(hash)) found.add(hash);
  });
  return found;
}
