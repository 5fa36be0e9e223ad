import { LINEAGE, RUN } from '../../ports';
import type { DuckDbConnectionLike } from './client';
import { appendFields, type Fields } from './columns';

const CODECS: Readonly<Record<'lineage' | 'runs', Fields>> = { lineage: LINEAGE, runs: RUN };

/** DuckDB's appender is some ten times as fast as statements. Row ids start at `firstId` and grow by `step`. */
export async function append(
  connection: DuckDbConnectionLike,
  table: keyof typeof CODECS,
  records: readonly object[],
  firstId: number,
  step: 1 | -1 = 1,
): Promise<void> {
  const codec = CODECS[table];
  const appender = await connection.createAppender(`selvage_${table}`);
  try {
    for (const [index, record] of records.entries()) {
      appender.appendBigInt(BigInt(firstId + index * step));
      appendFields(appender, codec, record);
      appender.endRow();
    }
    appender.flushSync();
  } catch (error) {
    // After an error nothing may be written, and closing the appender would write the rows.
    appender.clear();
    throw error;
  } finally {
    appender.closeSync();
  }
}

export async function nextId(connection: DuckDbConnectionLike, table: keyof typeof CODECS): Promise<number> {
  const rows = await connection.runAndReadAll(
    `select coalesce(max(id), 0) + 1 as next from selvage_${table}`,
  );
  return Number(rows.getRowObjectsJS()[0]!['next']);
}
