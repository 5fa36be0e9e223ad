import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { isOfClass } from '../../errors';
import type { DataStore, StoredEntry } from '../../ports';
import { SealedDataStore } from '../../encryption/sealed-data-store';
import { everyPage } from '../../ports/parts/every-item';
import { tablesWithoutRows } from './files-of-tables';

/** Values up to this size are read many at once. */
const SMALL_BYTES = 64 * 1024;
const AT_ONCE = 100;

export interface DamagedValues {
  /** Number of values read. */
  readonly looked: number;
  /** Content hashes. */
  readonly damaged: readonly string[];
  /** Tables whose Parquet file is missing. */
  readonly withoutRows: readonly string[];
  /** Whether all values were read, rather than only as many as the time allowed. */
  readonly isAll: boolean;
}

/**
 * Reads values of a data store, and returns those whose bytes do not match their hash, and tables without their rows.
 * Changes nothing.
 *
 * @param within milliseconds after which no further read begins. Default: no limit.
 * @throws SelvageError `BackendUnavailable`, `KeyMissing`
 */
export async function findDamaged(dataStore: DataStore, within = Infinity): Promise<DamagedValues> {
  const until = performance.now() + within;
  const damaged: string[] = [];
  const withoutRows: string[] = [];
  let looked = 0;
  for await (const entries of everyPage((page) => dataStore.list(page), AT_ONCE)) {
    if (performance.now() > until) return { looked, damaged, withoutRows, isAll: false };
    damaged.push(...(await damagedAmong(dataStore, entries, until)));
    withoutRows.push(...(await tablesWithoutRows(dataStore, entries)));
    looked += entries.length;
  }
  return { looked, damaged, withoutRows, isAll: performance.now() <= until };
}

/** Where a damaged value was moved; undefined if the value was sealed: bytes that cannot be opened are worthless. */
export interface SetAside {
  readonly hash: string;
  readonly movedTo: string | undefined;
}

/**
 * Removes a damaged value, so that it counts as missing and is made again; its bytes are saved in a file.
 *
 * @param folder created if needed
 * @returns undefined if the value is intact, because somebody has put it again meanwhile
 * @throws SelvageError `BackendUnavailable`, `KeyMissing`
 */
export async function setAside(
  dataStore: DataStore,
  hash: string,
  folder: string,
): Promise<SetAside | undefined> {
  const isWhole = (): Promise<boolean> => isSound(() => readToEnd(dataStore, hash));
  if (await isWhole()) return undefined;
  if (dataStore instanceof SealedDataStore) {
    // The value may exist for several subjects: copies that cannot be opened are removed, the others stay.
    await dataStore.keep([hash]);
    if (!(await isWhole())) await dataStore.delete(hash);
    return { hash, movedTo: undefined };
  }
  const movedTo = path.join(folder, hash.replaceAll(':', '-'));
  await copyDamaged(dataStore, hash, movedTo);
  await dataStore.delete(hash);
  return { hash, movedTo };
}

async function damagedAmong(
  dataStore: DataStore,
  entries: readonly StoredEntry[],
  until: number,
): Promise<string[]> {
  const small = entries.filter(({ size }) => size <= SMALL_BYTES).map(({ hash }) => hash);
  const alone = entries.filter(({ size }) => size > SMALL_BYTES).map(({ hash }) => hash);
  if (!(await isSound(async () => await dataStore.getMany(small)))) alone.push(...small);
  const damaged: string[] = [];
  for (const hash of alone) {
    if (performance.now() > until) break;
    if (!(await isSound(() => readToEnd(dataStore, hash)))) damaged.push(hash);
  }
  return damaged;
}

async function readToEnd(dataStore: DataStore, hash: string): Promise<void> {
  const stream = await dataStore.getStream(hash);
  if (stream) for await (const _ of stream);
}

async function isSound(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (isOfClass(error, 'damaged')) return false;
    throw error;
  }
}

async function copyDamaged(dataStore: DataStore, hash: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
  const file = await open(to, 'w', 0o600);
  try {
    await isSound(async () => {
      for await (const piece of (await dataStore.getStream(hash)) ?? []) await file.writeFile(piece);
    });
  } finally {
    await file.close();
  }
}
