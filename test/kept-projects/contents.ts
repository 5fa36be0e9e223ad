import type { Backends } from '../../src/ports';
import { everyItem } from '../../src/ports/parts/every-item';

/** A key for this project alone, so that one of its runs is sealed. */
export const SEALING_KEY = `kept:${Buffer.alloc(32, 'kept').toString('base64')}`;

interface KeptRun {
  readonly tapestry: string;
  readonly status: string;
  readonly plan: string;
  /** By knot, in the order of their names: the outcome, and the hash of the value. */
  readonly records: Readonly<Record<string, readonly [outcome: string, hash: string | null]>>;
}

export interface KeptContents {
  readonly runs: Readonly<Record<string, KeptRun>>;
  readonly values: readonly string[];
}

/** What is on record in a project that must be the same in each later build. */
export async function contentsOf({ runHistory, dataStore }: Backends): Promise<KeptContents> {
  const runs: Record<string, KeptRun> = {};
  for await (const run of everyItem((page) => runHistory.listRuns(page))) {
    const records = [...(await runHistory.getRecords(run.temporal_run_id))].sort((a, b) =>
      a.knot_id < b.knot_id ? -1 : 1,
    );
    runs[run.run_id] = {
      tapestry: run.tapestry,
      status: run.status,
      plan: run.plan_hash,
      records: Object.fromEntries(
        records.map(({ knot_id, outcome, output_hash }) => [knot_id, [outcome, output_hash]]),
      ),
    };
  }
  const values: string[] = [];
  for await (const { hash } of everyItem((page) => dataStore.list(page))) values.push(hash);
  return { runs: sorted(runs), values: values.sort() };
}

function sorted<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}
