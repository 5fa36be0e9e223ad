import type { LineageQuery, RunHistory, RunQuery } from '../../ports';
import { everyPage } from '../../ports/parts/every-item';
import { append } from './append';
import type { DuckDbConnectionLike } from './client';
import { migrate } from './schema';

/** The runs to copy: those for which all given conditions hold. */
export type RunSelection = Omit<RunQuery, 'limit' | 'cursor'>;

export interface Filled {
  readonly runs: number;
  readonly lineage: number;
}

/** Listings return the newest record first, and the highest id must be its id. No history has more records. */
const NEWEST_ID = 2 ** 52;

/**
 * Creates the tables and fills them from any history, page by page, without records that are committed meanwhile. Each
 * run is copied with the knots on record when the run is read. An empty `selection` means all runs and all lineage.
 */
export async function fillFrom(
  history: RunHistory,
  connection: DuckDbConnectionLike,
  selection: RunSelection,
): Promise<Filled> {
  await migrate(connection, 'of an export');
  const count = { runs: 0, lineage: 0 };
  const add = async (table: keyof typeof count, records: readonly object[]): Promise<void> => {
    await append(connection, table, records, NEWEST_ID - count[table], -1);
    count[table] += records.length;
  };
  const addLineage = async (query: LineageQuery): Promise<void> => {
    for await (const records of everyPage((page) => history.findLineage({ ...query, ...page })))
      await add('lineage', records);
  };
  const isAll = Object.values(selection).every((value) => value === undefined);
  // Lineage is copied before the runs, so that every run has its records.
  if (isAll) await addLineage({});
  for await (const runs of everyPage((page) => history.listRuns({ ...selection, ...page }))) {
    await add('runs', runs);
    if (!isAll) for (const { temporal_run_id } of runs) await addLineage({ temporalRunId: temporal_run_id });
  }
  return count;
}
