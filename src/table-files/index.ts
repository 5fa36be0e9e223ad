/** What reads and writes the files of tables. It is loaded when the first table is used. */
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SelvageError } from '../errors';
import { MemoryBytes } from '../tables/engine';
import type { ArrowSource, ArrowTable, CsvOptions, FileSource, TableEngine } from '../tables/engine';
import type { Field } from '../tables/types';
import type { Batch } from '../tables/vector';
import { tableToIPC } from './arrow-library';
import { readArrow } from './read-arrow';
import { readCsv } from './read-csv';
import { readFile, readFooter, readTable } from './read-parquet';
import { collect } from './spool';
import { runSql } from './sql/run-sql';
import { toArrow } from './write-arrow';
import { appendTable, writeTable } from './write-table';

export const engine: TableEngine = {
  write: (batches, table) => writeTable(batches, table),
  append: appendTable,
  read: readTable,
  footer: readFooter,
  sql: runSql,
  collect,
  async *parquet(source: FileSource, fields: readonly Field[]): AsyncGenerator<Batch> {
    const { name, stream } = openSource(source);
    yield* readFile(await collect(stream), name, fields);
  },
  async *csv(source: FileSource, fields: readonly Field[], options: CsvOptions): AsyncGenerator<Batch> {
    const { name, stream } = openSource(source);
    yield* readCsv(stream, name, fields, options);
  },
  async *arrow(source: ArrowSource, fields: readonly Field[]): AsyncGenerator<Batch> {
    if (isArrowTable(source)) return yield* readArrow(source, 'the table', fields);
    const { name, stream } = openSource(source);
    const pieces: Uint8Array[] = [];
    for await (const piece of stream) pieces.push(piece);
    yield* readArrow(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), `the file ${name}`, fields);
  },
  toArrow,
  arrowFile: (table) => tableToIPC(table, { format: 'file' })!,
};

function isArrowTable(source: ArrowSource): source is ArrowTable {
  return typeof source === 'object' && 'schema' in source && 'children' in source;
}

function openSource(source: FileSource): { name: string; stream: AsyncIterable<Uint8Array> } {
  if (typeof source === 'string' && !/^(?:https?|file):\/\//.test(source))
    return { name: source, stream: ofFile(source) };
  if (typeof source === 'string' || source instanceof URL) {
    const url = new URL(source);
    if (url.protocol === 'file:') return { name: fileURLToPath(url), stream: ofFile(fileURLToPath(url)) };
    const name = `${url.origin}${url.pathname}`;
    return { name, stream: ofUrl(url, name) };
  }
  if (source instanceof Uint8Array) return { name: '(bytes)', stream: new MemoryBytes(source).stream() };
  if (Symbol.asyncIterator in source) return { name: '(stream)', stream: source };
  throw new SelvageError(
    'UnreadableFile',
    'The source of the table is neither a path, a URL, bytes nor a stream. Of a table of apache-arrow, give the bytes of its `tableToIPC`.',
  );
}

async function* ofFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw unreadableSource(path, cause);
  }
}

async function* ofUrl(url: URL, name: string): AsyncGenerator<Uint8Array> {
  try {
    const response = await fetch(url);
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    yield* response.body as unknown as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw unreadableSource(name, cause);
  }
}

function unreadableSource(file: string, cause: unknown): SelvageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SelvageError(
    'UnreadableFile',
    `The file ${file} cannot be read: ${reason}. Check its name and that this process may read it.`,
    {
      cause,
      details: { file },
    },
  );
}
