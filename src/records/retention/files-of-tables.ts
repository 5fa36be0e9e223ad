import { SealedDataStore } from '../../encryption/sealed-data-store';
import type { DataStore } from '../../ports';
import { blobOf, soundAmong } from '../../runtime/table-rows';
import { isTableHash } from '../../values';

/** Tables with the Parquet files of their rows. The copies of a table for several subjects may name different files. */
export class FilesOfTables extends Map<string, Set<string>> {
  /** Tables that are missing, or of which a copy is damaged, so that not all files are known. */
  readonly unreadable = new Set<string>();

  /** Adds the tables among these hashes. The hashes are a page just listed, as a store then knows all copies of them. */
  async add(dataStore: DataStore, page: readonly { readonly hash: string }[]): Promise<this> {
    const tables = page.map(({ hash }) => hash).filter(isTableHash);
    if (tables.length === 0) return this;
    const read = await soundAmong((hashes) => copiesOf(dataStore, hashes), tables);
    for (const table of tables) {
      const files = (read.get(table) ?? []).map(blobOf);
      if (files.length === 0 || files.includes(undefined)) this.unreadable.add(table);
      this.set(table, new Set([...(this.get(table) ?? []), ...files.filter((file) => file !== undefined)]));
    }
    return this;
  }
}

/** The tables among these values of which a copy has no rows, as the data store lacks its file. */
export async function tablesWithoutRows(
  dataStore: DataStore,
  values: readonly { readonly hash: string }[],
): Promise<string[]> {
  const tables = await new FilesOfTables().add(dataStore, values);
  const there = await dataStore.hasMany([...tables.values()].flatMap((files) => [...files]));
  return [...tables].flatMap(([table, files]) =>
    [...files].every((file) => there.has(file)) ? [] : [table],
  );
}

async function copiesOf(dataStore: DataStore, hashes: readonly string[]): Promise<Map<string, Uint8Array[]>> {
  if (dataStore instanceof SealedDataStore) return await dataStore.getCopies(hashes);
  return new Map([...(await dataStore.getMany(hashes))].map(([hash, bytes]) => [hash, [bytes]]));
}
