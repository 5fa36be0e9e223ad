/** What reads and writes the files of tables. It is loaded when the first table is used. */
import { createReadStream } from 'node:fs';
import { s3Object, type S3ObjectFile } from '../adapters/s3/object-file';
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

/** A larger Parquet file of S3 is read in parts: only the declared columns. */
const WHOLE_BYTES = 16 * 1024 * 1024;

export const engine: TableEngine = {
  write: (batches, table) => writeTable(batches, table),
  append: appendTable,
  read: readTable,
  footer: readFooter,
  sql: runSql,
  collect,
  async *parquet(source: FileSource, fields: readonly Field[]): AsyncGenerator<Batch> {
    const { name, stream, openParts } = openSource(source);
    const file = await openParts?.();
    try {
      const isInParts = file && file.size > WHOLE_BYTES;
      yield* readFile(isInParts ? file : await collect(file?.stream() ?? stream), name, fields);
    } finally {
      file?.close();
    }
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

interface Opened {
  /** What errors call the file. */
  readonly name: string;
  readonly stream: AsyncIterable<Uint8Array>;
  readonly openParts?: () => Promise<S3ObjectFile>;
}

function openSource(source: FileSource): Opened {
  if (typeof source === 'string' && !/^(?:[a-z][a-z0-9+.-]+:\/\/|(?:bytes|table)-sha256:)/i.test(source))
    return { name: source, stream: ofFile(source) };
  if (typeof source === 'string' || source instanceof URL) return openUrl(String(source));
  if (source instanceof Uint8Array) return { name: '(bytes)', stream: new MemoryBytes(source).stream() };
  if (Symbol.asyncIterator in Object(source)) return { name: '(stream)', stream: source };
  throw new SelvageError(
    'UnreadableFile',
    'The source of the table is neither a path, a URL, bytes nor a stream. Of a table of apache-arrow, give the bytes of its `tableToIPC`.',
  );
}

/** Errors do not have the text, which may have a password. */
function openUrl(text: string): Opened {
  const [scheme] = text.split(':', 1);
  if (!URL.canParse(text)) throw unreadable(`${scheme}:…`, 'it is not an address. Correct it.');
  const url = new URL(text);
  const name = `${url.origin}${url.pathname}`;
  switch (url.protocol) {
    case 's3:':
      return ofObject(s3Object(text));
    case 'file:':
      return { name: url.pathname, stream: ofFile(url) };
    case 'http:':
    case 'https:':
      if (url.username === '' && url.password === '') return { name, stream: ofUrl(url, name) };
      throw unreadable(
        name,
        'its address has credentials, which would be shown. Fetch it, and give its bytes.',
      );
    default:
      throw unreadable(
        `${scheme}:…`,
        'an address begins with file:, http:, https: or s3://. Of bytes in the data store, give `await ctx.open(stored)`.',
      );
  }
}

async function* ofFile(path: string | URL): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw notRead(path instanceof URL ? path.pathname : path, cause);
  }
}

async function* ofUrl(url: URL, name: string): AsyncGenerator<Uint8Array> {
  try {
    const response = await fetch(url);
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    yield* response.body as unknown as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw notRead(name, cause);
  }
}

function ofObject({ name, open }: ReturnType<typeof s3Object>): Opened {
  async function* stream(): AsyncGenerator<Uint8Array> {
    const file = await open();
    try {
      yield* file.stream();
    } finally {
      file.close();
    }
  }
  return { name, stream: stream(), openParts: open };
}

function notRead(file: string, cause: unknown): SelvageError {
  const { message, cause: deeper } = cause as Error;
  const { code } = (deeper ?? {}) as { code?: string };
  const reason = code === undefined ? message : `${message} (${code})`;
  return unreadable(file, `${reason}. Check its name and that this process may read it.`, cause);
}

function unreadable(file: string, reason: string, cause?: unknown): SelvageError {
  return new SelvageError('UnreadableFile', `The file ${file} cannot be read: ${reason}`, {
    details: { file },
    ...(cause !== undefined && { cause }),
  });
}
