import { SelvageError } from '../../errors';
import type { Backends } from '../../ports';
import type { Table } from '../../tables';
import { MemoryBytes, tableEngine } from '../../tables/engine';
import { valuesOf } from '../../tables/to-values';
import { csvCell } from '../values/table-view';
import { openTable, tableOf } from './open-table';
import { wholeCellReader } from './window';

/** Forms of a table's file, with their media types. */
export const FORMS = {
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.file',
} as const;
export type Form = keyof typeof FORMS;

interface FileOptions {
  /** Whether secrets are hidden, which they are in CSV only. Default false. */
  readonly isRedacted?: boolean;
  /** The stored size, in bytes, of the largest table that becomes an Arrow file. Default: any. */
  readonly mostInMemory?: number;
}

/**
 * A table as a file. The bytes were checked before.
 *
 * @throws SelvageError `InvalidQuery` for more than `mostInMemory`; `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function tableFile(
  backends: Pick<Backends, 'dataStore' | 'runHistory'>,
  hash: string,
  form: Form,
  { isRedacted = false, mostInMemory = Infinity }: FileOptions = {},
): Promise<AsyncIterable<Uint8Array | string>> {
  const opened = await openTable(backends, hash, false);
  const table = tableOf(opened);
  if (form === 'csv') return csvOf(table, isRedacted);
  const engine = await tableEngine();
  if (form === 'arrow' && opened.manifest.size > mostInMemory)
    throw new SelvageError(
      'InvalidQuery',
      `The table ${hash} has ${opened.manifest.size} bytes, and an Arrow file is made in memory: up to ${mostInMemory} here. Take it as parquet, or on a machine with room: selvage value ${hash} --out FILE.arrow`,
    );
  if (form === 'arrow') return new MemoryBytes(engine.arrowFile(await table.arrow())).stream();
  const { columns } = await engine.footer(opened.bytes, opened.manifest);
  const isWhole = columns.join('\n') === opened.manifest.columns.map((column) => column.name).join('\n');
  if (isWhole) return opened.bytes.stream();
  // The file has other columns, too, or another order.
  return (await engine.write(table.batches(), { fields: table.fields() })).bytes.stream();
}

/** Null is empty, an empty text is `""`. */
async function* csvOf(table: Table, isRedacted: boolean): AsyncGenerator<string> {
  const names = table.fields().map(({ name }) => name);
  const readers = names.map((name) => wholeCellReader(name, isRedacted));
  yield `${names.map(csvCell).join(',')}\r\n`;
  for await (const { rows, columns } of table.batches()) {
    const values = columns.map((vector, place) =>
      valuesOf(vector).map((value) => csvCell(readers[place]!(value))),
    );
    const lines = Array.from({ length: rows }, (_, row) => values.map((column) => column[row]).join(','));
    yield `${lines.join('\r\n')}\r\n`;
  }
}
