import type { ExtractionOptions, Table as FlechetteTable } from '@uwdata/flechette' with {
  'resolution-mode': 'import',
};
import type { StoredBytes } from '../values';
import type { TableManifest } from './manifest';
import type { Field } from './types';
import type { Batch } from './vector';

/** Files are read in pieces of so many bytes. */
export const PIECE = 1024 * 1024;

/** The bytes of a Parquet file: in memory, or in a temporary file that goes with this object. */
export interface TableBytes {
  readonly size: number;
  /** The bytes from `start` up to, and without, `end`. */
  slice(start: number, end: number): Promise<ArrayBuffer>;
  stream(): AsyncIterable<Uint8Array>;
}

export class MemoryBytes implements TableBytes {
  readonly size: number;

  constructor(private readonly bytes: Uint8Array) {
    this.size = bytes.length;
  }

  slice(start: number, end: number): Promise<ArrayBuffer> {
    return Promise.resolve(new Uint8Array(this.bytes.subarray(start, end)).buffer);
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.size; at += PIECE)
      yield await Promise.resolve(this.bytes.subarray(at, at + PIECE));
  }
}

/** Reads bytes from a data store, as `ctx.open` does. `file`: where they lie on this machine, if they do. */
export type OpenBytes = (
  stored: StoredBytes,
) => Promise<AsyncIterable<Uint8Array> & { readonly file?: string }>;

/** Keeps bytes in a data store, as `ctx.store` does. */
export type StoreBytes = (
  source: AsyncIterable<Uint8Array>,
  options: { mediaType: string },
) => Promise<StoredBytes>;

export interface NewTable {
  /** Fields that allow null, or do not; `key`: the columns by which the rows are sorted. */
  readonly fields: readonly Field[];
  readonly key?: readonly string[];
}

/** A table, and its file. */
export interface WrittenTable {
  readonly manifest: TableManifest;
  readonly bytes: TableBytes;
}

/** Some columns and rows of a table. */
export interface Part {
  /** Names, in the order that is wanted. */
  readonly columns: readonly string[];
  readonly from: number;
  /** The row after the last. */
  readonly to: number;
}

/** What the end of a file tells of its columns. */
export interface Footer {
  /** The names of the file's columns, which may be more than the table's. */
  readonly columns: readonly string[];
  /** Of all rows, by column; only what the file knows exactly. */
  readonly statistics: ReadonlyMap<string, ColumnFacts>;
}

export interface ColumnFacts {
  readonly nulls?: number;
  readonly min?: unknown;
  readonly max?: unknown;
}

/** A query over tables. */
export interface SqlRequest {
  /** Names the query in errors. */
  readonly knot: string;
  /** Texts and names of inputs, in turn: `['select * from ', 'orders']`. */
  readonly parts: readonly string[];
  /** By name: tables, and values that are bound as `$name`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The columns that the query must yield, and those by which its rows are sorted. */
  readonly declared?: {
    /** In order, which an object would lose on its way. */
    readonly columns: readonly (readonly [name: string, type: string])[];
    readonly key: readonly string[];
  };
  readonly limits: SqlLimits;
  /** Ends the query. */
  readonly signal: AbortSignal;
}

/** What a query may take of the machine. */
export interface SqlLimits {
  /** Memory, such as `500MB` or `4GB`, beyond which it writes to its temporary folder. Default `1GB`. */
  readonly memory?: string;
  /** Room in its temporary folder. Default `10GB`. */
  readonly spill?: string;
  /** Threads. Default: one per core, at most 4. A query whose value depends on the order of rows takes one. */
  readonly threads?: number;
  /** Files and folders that it may read. Default: none. */
  readonly access?: readonly string[];
}

/** What reads and writes files: `src/table-files`, which is loaded when the first table is used. */
export interface TableEngine {
  /** Hashes and writes batches of any size. @throws SelvageError `InvalidRows` for a key that comes twice */
  write(batches: AsyncIterable<Batch> | Iterable<Batch>, table: NewTable): Promise<WrittenTable>;
  /** The rows of a table, and those of batches after them. Throws as `write`. */
  append(table: WrittenTable, batches: AsyncIterable<Batch>, made: NewTable): Promise<WrittenTable>;
  read(bytes: TableBytes, manifest: TableManifest, part: Part): AsyncIterable<Batch>;
  /** Of a table's own file, without reading rows. */
  footer(bytes: TableBytes, manifest: TableManifest): Promise<Footer>;
  /** Keeps what a stream yields, in memory if it is small. */
  collect(stream: AsyncIterable<Uint8Array>, size?: number): Promise<TableBytes>;
  /** The batches of a Parquet file, with the given columns. @throws SelvageError `InvalidRows`, `UnsupportedTable` */
  parquet(source: FileSource, fields: readonly Field[]): AsyncIterable<Batch>;
  /** The batches of a CSV file. @throws SelvageError `InvalidRows`, naming file and line */
  csv(source: FileSource, fields: readonly Field[], options: CsvOptions): AsyncIterable<Batch>;
  /** The batches of Arrow data. @throws SelvageError `InvalidRows`, `UnsupportedTable`, `UnreadableFile` */
  arrow(source: ArrowSource, fields: readonly Field[]): AsyncIterable<Batch>;
  toArrow(
    batches: AsyncIterable<Batch>,
    fields: readonly Field[],
    options: ArrowOptions,
  ): Promise<ArrowTable>;
  /** A file of Arrow's IPC format. */
  arrowFile(table: ArrowTable): Uint8Array;
  /** Runs a query in DuckDB. @throws SelvageError `InvalidSql`, `SqlOutOfMemory`, `UnsupportedTable`, `MissingPackage` */
  sql(request: SqlRequest): Promise<WrittenTable>;
}

/** A path, a URL (`file:`, `http:`, `https:`, `s3://BUCKET/KEY?endpoint=…&region=…`), bytes or a stream. */
export type FileSource = string | URL | Uint8Array | AsyncIterable<Uint8Array>;

/** A table of `@uwdata/flechette`, in memory. */
export type ArrowTable = FlechetteTable;

/** Which values the columns of a table of Flechette have in JavaScript. */
export type ArrowOptions = ExtractionOptions;

/** A file or stream of Arrow's IPC format, by path, URL, bytes or pieces; or a table of `@uwdata/flechette`. */
export type ArrowSource = FileSource | ArrowTable;

export interface CsvOptions {
  /** Between the fields of a line. Default `,`. */
  readonly delimiter?: string;
  /** A field with this text, without quotes, is null. Default: the empty text. */
  readonly null?: string;
}

const engine: { load?: () => Promise<TableEngine>; loaded?: Promise<TableEngine> } = {};

export function loadTableEngineBy(by: () => Promise<TableEngine>): void {
  engine.load ??= by;
}

export function tableEngine(): Promise<TableEngine> {
  return (engine.loaded ??= engine.load!());
}
