import type { LineageQuery, LineageRecord, Page, RunHistory, RunQuery, RunRecord } from '../../../protocols';
import type { DuckDbConnectionLike } from './client';
import { RUN_COLUMNS, appendFields } from './columns';
import { appendInputs, appendLineage } from './lineage-writer';
import { TABLES } from './schema';

/** Which runs: all that are given must hold. */
export type RunSelection = Omit<RunQuery, 'limit' | 'cursor'>;

export interface Filled {
  readonly runs: number;
  readonly lineage: number;
}

const PAGE = 1_000;
/** Listings have the newest first, and it must get the highest id. No history has so many records. */
const NEWEST_ID = 2 ** 52;

/**
 * Makes the tables and fills them from a history of any technology, page by page. Records that come in meanwhile are not in it, and a run
 * whose record is in it has all of its knots that were on record when it was read.
 *
 * @param selection runs, with their lineage; all runs and all lineage if nothing is given
 */
export async function fillFrom(
  history: RunHistory,
  connection: DuckDbConnectionLike,
  selection: RunSelection,
): Promise<Filled> {
  await connection.runAndReadAll(TABLES);
  const lineage = await lineageSink(connection);
  const runs = await runSink(connection);
  if (Object.values(selection).every((value) => value === undefined)) {
    // The lineage first, so that there is a run for each.
    for await (const records of lineagePages(history, {})) lineage.add(records);
    for await (const some of runPages(history, {})) runs.add(some);
  } else {
    for await (const some of runPages(history, selection)) {
      runs.add(some);
      for (const { temporal_run_id } of some) {
        for await (const records of lineagePages(history, { temporalRunId: temporal_run_id }))
          lineage.add(records);
      }
    }
  }
  return { lineage: lineage.close(), runs: runs.close() };
}

interface Sink<T> {
  add(records: readonly T[]): void;
  /** How many there were. */
  close(): number;
}

async function lineageSink(connection: DuckDbConnectionLike): Promise<Sink<LineageRecord>> {
  const lineage = await connection.createAppender('selvage_lineage');
  const inputs = await connection.createAppender('selvage_lineage_inputs');
  let count = 0;
  return {
    add(records) {
      for (const record of records) {
        const id = NEWEST_ID - count++;
        appendLineage(lineage, record, id);
        appendInputs(inputs, record, id);
      }
      // Per page, or it would grow beyond the memory limit of DuckDB.
      lineage.flushSync();
      inputs.flushSync();
    },
    close() {
      lineage.closeSync();
      inputs.closeSync();
      return count;
    },
  };
}

async function runSink(connection: DuckDbConnectionLike): Promise<Sink<RunRecord>> {
  const runs = await connection.createAppender('selvage_runs');
  let count = 0;
  return {
    add(records) {
      for (const record of records) {
        runs.appendBigInt(BigInt(NEWEST_ID - count++));
        appendFields(runs, RUN_COLUMNS, record);
        runs.endRow();
      }
      runs.flushSync();
    },
    close() {
      runs.closeSync();
      return count;
    },
  };
}

function lineagePages(history: RunHistory, query: LineageQuery): AsyncGenerator<LineageRecord[]> {
  return pages((page) => history.findLineage({ ...query, ...page }));
}

function runPages(history: RunHistory, query: RunQuery): AsyncGenerator<RunRecord[]> {
  return pages((page) => history.listRuns({ ...query, ...page }));
}

async function* pages<T>(
  list: (page: { limit: number; cursor?: string }) => Promise<Page<T>>,
): AsyncGenerator<T[]> {
  let cursor: string | undefined;
  do {
    const page: Page<T> = await list({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
