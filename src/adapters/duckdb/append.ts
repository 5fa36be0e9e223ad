import type { DuckDbConnectionLike } from './client';
import { LINEAGE_COLUMNS, RUN_COLUMNS, appendFields } from './columns';

const TABLES = {
  lineage: { name: 'selvage_lineage', columns: LINEAGE_COLUMNS },
  runs: { name: 'selvage_runs', columns: RUN_COLUMNS },
} as const;

/**
 * Appends records to a table by DuckDB's appender, which is some ten times as fast as statements. Ids start at `firstId` and grow by
 * `step`.
 */
export async function append(
  connection: DuckDbConnectionLike,
  table: keyof typeof TABLES,
  records: readonly object[],
  firstId: number,
  step: 1 | -1 = 1,
): Promise<void> {
  const { name, columns } = TABLES[table];
  const appender = await connection.createAppender(name);
  try {
    for (const [index, record] of records.entries()) {
      appender.appendBigInt(BigInt(firstId + index * step));
      appendFields(appender, columns, record);
      appender.endRow();
    }
    appender.flushSync();
  } catch (error) {
    // Closing the appender would write the rows.
    appender.clear();
    throw error;
  } finally {
    appender.closeSync();
  }
}

/** The id of the next record of a table. */
export async function nextId(connection: DuckDbConnectionLike, table: keyof typeof TABLES): Promise<number> {
  const rows = await connection.runAndReadAll(
    `select coalesce(max(id), 0) + 1 as next from ${TABLES[table].name}`,
  );
  return Number(rows.getRowObjectsJS()[0]!['next']);
}
