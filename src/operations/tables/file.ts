import { SelvageError } from '../../errors';
import type { Backends } from '../../ports';
import type { Table } from '../../tables';
import { MemoryBytes, tableEngine } from '../../tables/engine';
import { valuesOf } from '../../tables/to-values';
import { csvCell } from '../values/table-view';
import { openTable, tableOf } from './open-table';
import { exact } from './window';

/**
 * A table as a file, whose form its name says: `.csv`, `.parquet` or `.arrow`. The bytes were checked before.
 *
 * @throws SelvageError `Usage` for another name; `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function tableFile(
  backends: Pick<Backends, 'dataStore' | 'runHistory'>,
  hash: string,
  name: string,
): Promise<AsyncIterable<Uint8Array | string>> {
  const [form] = /\.(?:csv|parquet|arrow)$/i.exec(name) ?? [];
  if (form === undefined)
    throw new SelvageError(
      'Usage',
      `A table is written as FILE.csv, FILE.parquet or FILE.arrow, and ${name} is none of them.`,
    );
  const opened = await openTable(backends, hash, false);
  const table = tableOf(opened);
  if (form.toLowerCase() === '.csv') return csvOf(table);
  const engine = await tableEngine();
  if (form.toLowerCase() === '.arrow') return new MemoryBytes(engine.arrowFile(await table.arrow())).stream();
  const { columns } = await engine.footer(opened.bytes, opened.manifest);
  const isWhole = columns.join('\n') === opened.manifest.columns.map((column) => column.name).join('\n');
  if (isWhole) return opened.bytes.stream();
  // The file has other columns, too, or another order.
  return (await engine.write(table.batches(), { fields: table.fields() })).bytes.stream();
}

/** Null is empty, an empty text is `""`. */
async function* csvOf(table: Table): AsyncGenerator<string> {
  yield `${table
    .fields()
    .map(({ name }) => csvCell(name))
    .join(',')}\r\n`;
  for await (const { rows, columns } of table.batches()) {
    const values = columns.map((vector) =>
      valuesOf(vector).map((value) => csvCell(value === null ? null : exact(value))),
    );
    const lines = Array.from({ length: rows }, (_, row) => values.map((column) => column[row]).join(','));
    yield `${lines.join('\r\n')}\r\n`;
  }
}
