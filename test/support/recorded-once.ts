import type { Backends, LineageRecord } from '../../src/ports';
import { allPages } from '../../src/testing/pages';

/** The records of a run. Checks that each knot has exactly one, and that all values exist and are undamaged. */
export async function recordsAndValues(
  { runHistory, dataStore }: Pick<Backends, 'runHistory' | 'dataStore'>,
  runId: string,
): Promise<Map<string, LineageRecord>> {
  const records = await allPages(500, (page) => runHistory.findLineage({ ...page, runId }));
  const byKnot = new Map(records.map((record) => [record.knot_id, record]));
  if (byKnot.size !== records.length) throw new Error(`A knot of run ${runId} has two records.`);
  const hashes = [...new Set(records.flatMap((record) => record.output_hash ?? []))];
  const values = await dataStore.getMany(hashes);
  const missing = hashes.filter((hash) => !values.has(hash));
  if (missing.length > 0) throw new Error(`Values of run ${runId} are missing: ${missing.join(', ')}.`);
  return byKnot;
}
