import type { Backends } from '../../ports';
import { everyPage } from '../../ports/parts/every-item';
import { tablesInside } from '../../runtime/table-rows';
import { tablesWithoutRows } from './files-of-tables';

/** Values that records name and the data store lacks, each with a run that made it. */
export interface MissingValues {
  readonly count: number;
  /** The first hundred. */
  readonly values: readonly { readonly hash: string; readonly runId: string }[];
}

const SHOWN = 100;

/**
 * Finds missing values, tables inside of values, and tables whose rows are missing. Reads the values that may have
 * tables inside.
 */
export async function missingValues({
  runHistory,
  dataStore,
}: Pick<Backends, 'runHistory' | 'dataStore'>): Promise<MissingValues> {
  const values: { hash: string; runId: string }[] = [];
  const seen = new Set<string>();
  const scrubbed = new Map<string, boolean>();
  let count = 0;
  for await (const records of everyPage((page) => runHistory.findLineage({ outcome: 'ok', ...page }))) {
    const runs = new Map<string, string>();
    const made: { hash: string; size?: number }[] = [];
    for (const { output_hash: hash, output_size: size, run_id: runId } of records) {
      if (hash === null || seen.has(hash) || runs.has(hash)) continue;
      runs.set(hash, runId);
      made.push({ hash, ...(size !== null && { size }) });
    }
    const there = await dataStore.hasMany([...runs.keys()]);
    // Values of forgotten subjects are not there, and cannot be read.
    const readable = made.filter(({ hash }) => there.has(hash));
    const inside = await tablesInside(dataStore, readable);
    for (const table of await dataStore.hasMany([...inside.keys()])) there.add(table);
    for (const [table, value] of inside)
      if (!seen.has(table) && !runs.has(table)) runs.set(table, runs.get(value)!);
    const tables = [...there].map((hash) => ({ hash }));
    for (const table of await tablesWithoutRows(dataStore, tables)) there.delete(table);
    for (const [hash, runId] of runs) {
      seen.add(hash);
      if (there.has(hash) || (await wasRemoved(runHistory, runId, scrubbed))) continue;
      count += 1;
      if (values.length < SHOWN) values.push({ hash, runId });
    }
  }
  return { count, values };
}

/** Values of this run were removed, or its subject was forgotten. */
async function wasRemoved(
  runHistory: Backends['runHistory'],
  runId: string,
  known: Map<string, boolean>,
): Promise<boolean> {
  let removed = known.get(runId);
  if (removed === undefined) {
    const details = (await runHistory.getRun(runId))?.details ?? {};
    known.set(runId, (removed = 'scrubs' in details || 'subject' in details));
  }
  return removed;
}
