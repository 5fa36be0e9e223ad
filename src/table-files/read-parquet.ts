import * as zlib from 'node:zlib';
import { SelvageError } from '../errors';
import { vectorOfUnits } from '../tables/from-values';
import type { Footer, Part, TableBytes } from '../tables/engine';
import type { TableManifest } from '../tables/manifest';
import { valuesOf } from '../tables/to-values';
import { typeOf, type ColumnType, type Field } from '../tables/types';
import { BLOCK_ROWS, type Batch, type Vector } from '../tables/vector';
import { checkDeclared, missingColumn } from './declared';
import {
  parquetMetadataAsync,
  parquetScan,
  type ColumnChunk,
  type FileMetaData,
  type RowGroup,
  type SchemaElement,
} from './parquet-library';
import { fileColumns, itemOf, unitIn, type FileColumn } from './parquet-schema';
import { fromParquet } from './parquet-values';

/** Snappy is the reader's own. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array };
const COMPRESSORS = {
  GZIP: (bytes: Uint8Array): Uint8Array => zlib.gunzipSync(bytes),
  BROTLI: (bytes: Uint8Array): Uint8Array => zlib.brotliDecompressSync(bytes),
  ...(zstdDecompressSync && { ZSTD: (bytes: Uint8Array): Uint8Array => zstdDecompressSync(bytes) }),
};
/** A byte order mark belongs to the text. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const PARSERS = {
  /** Bytes that are no text stay bytes, which the column refuses with their row. */
  stringFromBytes(bytes: Uint8Array): string {
    try {
      return decoder.decode(bytes);
    } catch {
      return bytes as unknown as string;
    }
  },
};

/** Statistics in the units of their columns, as their values are read. */
const RAW = {
  stringFromBytes: (bytes: Uint8Array): Uint8Array => bytes,
  dateFromDays: (days: number): number => days,
  timestampFromMilliseconds: (units: bigint): bigint => units,
  timestampFromMicroseconds: (units: bigint): bigint => units,
  timestampFromNanoseconds: (units: bigint): bigint => units,
};

/** The files that are in use: each is opened once. */
const opened = new WeakMap<TableBytes, Promise<ParquetFile>>();

/** The beginning of a file, with which another file may begin. */
export interface WholeBlocks {
  readonly rows: number;
  /** In bytes. */
  readonly size: number;
  readonly rowGroups: readonly RowGroup[];
}

/** An opened Parquet file. */
class ParquetFile {
  private constructor(
    private readonly bytes: TableBytes,
    private readonly metadata: FileMetaData,
    readonly columns: readonly FileColumn[],
    private readonly name: string,
  ) {}

  /** @throws SelvageError `UnreadableFile` */
  static open(bytes: TableBytes, name: string): Promise<ParquetFile> {
    const file = opened.get(bytes) ?? ParquetFile.read(bytes, name);
    opened.set(bytes, file);
    return file;
  }

  private static async read(bytes: TableBytes, name: string): Promise<ParquetFile> {
    try {
      const metadata = await parquetMetadataAsync(asFile(bytes), { geoparquet: false, parsers: RAW });
      const columns = fileColumns(metadata.schema);
      // Values come as they are stored: the reader's own conversions lose digits.
      return new ParquetFile(bytes, { ...metadata, schema: metadata.schema.map(unconverted) }, columns, name);
    } catch (cause) {
      throw unreadable(name, cause);
    }
  }

  get rows(): number {
    return Number(this.metadata.num_rows);
  }

  get names(): string[] {
    return this.columns.map(({ element }) => element.name);
  }

  /** The rows from `from` up to `to`, at most 65,536 at a time: row groups of other writers may be large. */
  async *batches(fields: readonly Field[], from = 0, to = this.rows): AsyncGenerator<Batch> {
    const converters = fields.map(({ name, type }) =>
      fromParquet(
        type,
        this.columns.find(({ element }) => element.name === name)!,
      ),
    );
    let end = 0;
    for (const { num_rows } of this.metadata.row_groups) {
      let start = Math.max(end, from);
      end += Number(num_rows);
      for (; start < Math.min(end, to); start += BLOCK_ROWS) {
        const stop = Math.min(start + BLOCK_ROWS, end, to);
        const first = start;
        const columns = fields.map(async (field, index): Promise<Vector> => {
          const convert = converters[index];
          const values = await this.column(field.name, first, stop);
          return vectorOfUnits(field, convert ? Array.from(values, convert) : values, first);
        });
        yield { rows: stop - start, columns: await Promise.all(columns) };
      }
    }
  }

  /** The first row groups, as far as they are whole blocks of just these columns, written by this package. */
  wholeBlocks(names: readonly string[]): WholeBlocks {
    const { row_groups: groups, created_by: writer } = this.metadata;
    const isOurs = writer === 'selvage' && names.join('\n') === this.names.join('\n');
    const end = groups.findIndex(({ num_rows }) => Number(num_rows) !== BLOCK_ROWS);
    const kept = isOurs ? groups.slice(0, end < 0 ? groups.length : end) : [];
    const last = kept.at(-1)?.columns.at(-1)?.meta_data;
    const start = Number(last?.dictionary_page_offset ?? last?.data_page_offset ?? 0);
    return {
      rows: kept.length * BLOCK_ROWS,
      size: start + Number(last?.total_compressed_size ?? 0),
      rowGroups: kept.map((group) => ({ ...group, columns: group.columns.map(withoutIndexes) })),
    };
  }

  /** What all row groups tell of a column; values as vectors are made of. */
  facts({ name, type }: Field): { nulls?: number; min?: unknown; max?: unknown } {
    const column = this.columns.find(({ element }) => element.name === name)!;
    const all = this.metadata.row_groups.map(
      ({ columns }) =>
        columns.find(({ meta_data: of }) => of?.path_in_schema.length === 1 && of.path_in_schema[0] === name)
          ?.meta_data,
    );
    const nulls = all.reduce((sum, of) => sum + Number(of?.statistics?.null_count ?? NaN), 0);
    const isText = type.kind === 'utf8' || type.kind === 'binary';
    const bound = (which: 'min' | 'max'): unknown => {
      let found: unknown;
      for (const of of all) {
        const { null_count: none, ...known } = of?.statistics ?? {};
        const value = which === 'min' ? known.min_value : known.max_value;
        const isExact = which === 'min' ? known.is_min_value_exact : known.is_max_value_exact;
        if (value === undefined && none === of?.num_values) continue;
        // Bounds of texts may be shortened, and those of decimals have lost digits.
        if (value === undefined || Number.isNaN(value) || type.kind === 'decimal' || (isText && !isExact))
          return;
        const order = found === undefined ? 0 : compareBounds(value, found);
        if (found === undefined || (which === 'min' ? order < 0 : order > 0)) found = value;
      }
      const convert = fromParquet(type, column);
      // Bounds of texts are bytes, as they compare.
      if (type.kind === 'utf8' && ArrayBuffer.isView(found))
        return PARSERS.stringFromBytes(found as Uint8Array);
      return found !== undefined && convert ? convert(found) : found;
    };
    return { ...(!Number.isNaN(nulls) && { nulls }), min: bound('min'), max: bound('max') };
  }

  private async column(name: string, rowStart: number, rowEnd: number): Promise<ArrayLike<unknown>> {
    try {
      // A scan keeps what it has read, so each part has its own.
      const { readColumn } = await parquetScan({
        file: asFile(this.bytes),
        metadata: this.metadata,
        columns: [name],
        utf8: false,
        parsers: PARSERS,
        compressors: COMPRESSORS,
        geoparquet: false,
      });
      return (await readColumn({ column: name, rowStart, rowEnd })) as ArrayLike<unknown>;
    } catch (cause) {
      throw unreadable(this.name, cause, name);
    }
  }
}

/** The batches of a table's own file, whose types the manifest knows. */
export async function* readTable(
  bytes: TableBytes,
  manifest: TableManifest,
  { columns, from, to }: Part,
): AsyncGenerator<Batch> {
  const file = await ParquetFile.open(bytes, manifest.blob);
  const types = new Map(manifest.columns.map(({ name, type }) => [name, type]));
  const fields = columns.map((name) => ({ name, type: typeOf(types.get(name)!, name) }));
  if (file.rows !== manifest.rows || fields.some(({ name }) => !file.names.includes(name))) {
    throw unreadable(manifest.blob, new Error('it does not have the columns and rows of its manifest'));
  }
  yield* file.batches(fields, from, to);
}

export async function readWholeBlocks(bytes: TableBytes, manifest: TableManifest): Promise<WholeBlocks> {
  const file = await ParquetFile.open(bytes, manifest.blob);
  return file.wholeBlocks(manifest.columns.map(({ name }) => name));
}

/** What the end of a table's file tells, without its rows. */
export async function readFooter(bytes: TableBytes, manifest: TableManifest): Promise<Footer> {
  const file = await ParquetFile.open(bytes, manifest.blob);
  const statistics = manifest.columns.map(({ name, type }) => {
    const field = { name, type: typeOf(type, name) };
    const { nulls, min, max } = file.facts(field);
    // Nulls in place of unknown bounds.
    const bounds = vectorOfUnits({ ...field, nullable: true }, [min ?? null, max ?? null], 0);
    const [least, most] = valuesOf(bounds);
    return [
      name,
      {
        ...(nulls !== undefined && { nulls }),
        ...(hasValue(least) && { min: least }),
        ...(hasValue(most) && { max: most }),
      },
    ] as const;
  });
  return { columns: file.names, statistics: new Map(statistics) };
}

/** Indexes lie behind the row groups. Statistics of decimals were rounded when they were read. */
function withoutIndexes({ file_offset, meta_data }: ColumnChunk): ColumnChunk {
  const { statistics, ...rest } = meta_data!;
  const isRounded = statistics && rest.type === 'FIXED_LEN_BYTE_ARRAY';
  const kept = isRounded ? { null_count: statistics.null_count } : statistics;
  return { file_offset, meta_data: { ...rest, ...(kept && { statistics: kept }) } };
}

const hasValue = (value: unknown): boolean => value !== undefined && value !== null;

function compareBounds(one: unknown, other: unknown): number {
  if (one instanceof Uint8Array) return Buffer.compare(one, other as Uint8Array);
  return (one as number) < (other as number) ? -1 : Number((one as number) > (other as number));
}

function asFile(bytes: TableBytes): {
  byteLength: number;
  slice(start: number, end?: number): Promise<ArrayBuffer>;
} {
  const at = (place: number): number => (place < 0 ? Math.max(0, bytes.size + place) : place);
  return {
    byteLength: bytes.size,
    slice: (start, end = bytes.size) => bytes.slice(at(start), Math.min(at(end), bytes.size)),
  };
}

function unconverted(element: SchemaElement): SchemaElement {
  if (element.num_children !== undefined || element.converted_type === 'UTF8') return element;
  if (element.logical_type?.type === 'STRING') return element;
  const { converted_type: _, logical_type: __, ...rest } = element;
  return rest;
}

function unreadable(name: string, cause: unknown, column?: string): SelvageError {
  if (SelvageError.is(cause)) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const what = column === undefined ? '' : `, column ${JSON.stringify(column)}`;
  return new SelvageError(
    'UnreadableFile',
    `The Parquet file ${name}${what} cannot be read: ${reason}. It may be damaged or compressed in a way that is not known here: write it anew, with Snappy.`,
    { cause, details: { file: name, ...(column !== undefined && { column }) } },
  );
}

/**
 * The type of a file's column; undefined if no table can have it. `declared` decides what a file cannot say: a time
 * zone's name, and the unit of a second.
 */
function typeInFile(column: FileColumn, declared?: ColumnType): ColumnType | undefined {
  const { element, children } = column;
  const { type, converted_type: converted, logical_type: logical } = element;
  if (children.length > 0) {
    const item = itemOf(column);
    if (item) {
      const of = typeInFile(item, declared?.kind === 'list' ? declared.item : undefined);
      return of && { kind: 'list', item: of };
    }
    if (converted !== undefined || logical !== undefined || element.repetition_type === 'REPEATED')
      return undefined;
    const fields = children.map((child) => {
      const known =
        declared?.kind === 'struct'
          ? declared.fields.find(({ name }) => name === child.element.name)
          : undefined;
      return { name: child.element.name, type: typeInFile(child, known?.type) };
    });
    return fields.every((field): field is Field => field.type !== undefined)
      ? { kind: 'struct', fields }
      : undefined;
  }
  if (element.repetition_type === 'REPEATED') return undefined;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') {
    const { precision = 0, scale = 0 } = logical?.type === 'DECIMAL' ? logical : element;
    return { kind: 'decimal', precision, scale };
  }
  const unit = unitIn(element);
  if (logical?.type === 'TIMESTAMP' || converted?.startsWith('TIMESTAMP_')) {
    const isInstant = logical?.type === 'TIMESTAMP' ? logical.isAdjustedToUTC : true;
    const own = declared?.kind === 'timestamp' ? declared : undefined;
    const tz = isInstant ? (own?.tz ?? 'UTC') : undefined;
    return {
      kind: 'timestamp',
      unit: own?.unit === 's' && unit === 'ms' ? 's' : unit!,
      ...(tz !== undefined && { tz }),
    };
  }
  if (logical?.type === 'TIME' || converted?.startsWith('TIME_')) {
    return unit === 'ms' || unit === undefined ? undefined : { kind: 'time64', unit };
  }
  switch (type) {
    case 'BOOLEAN':
      return { kind: 'bool' };
    case 'FLOAT':
      return { kind: 'float32' };
    case 'DOUBLE':
      return { kind: 'float64' };
    case 'INT32':
    case 'INT64':
      return wholeType(element);
    case 'BYTE_ARRAY':
      if (converted === 'UTF8' || logical?.type === 'STRING') return { kind: 'utf8' };
      return converted === undefined && logical === undefined ? { kind: 'binary' } : undefined;
    case 'FIXED_LEN_BYTE_ARRAY':
      return converted === undefined && logical === undefined ? { kind: 'binary' } : undefined;
    default:
      return undefined;
  }
}

function wholeType({
  type,
  converted_type: converted,
  logical_type: logical,
}: SchemaElement): ColumnType | undefined {
  if (converted === 'DATE' || logical?.type === 'DATE') return { kind: 'date32' };
  const bits = type === 'INT32' ? 32 : 64;
  if (logical?.type === 'INTEGER') return { kind: wholeKind(logical.bitWidth, logical.isSigned) };
  const [, unsigned, width] = /^(U?)INT_(8|16|32|64)$/.exec(converted ?? '') ?? [];
  if (width !== undefined) return { kind: wholeKind(Number(width), unsigned === '') };
  return converted === undefined && logical === undefined ? { kind: wholeKind(bits, true) } : undefined;
}

function wholeKind(
  bits: number,
  isSigned: boolean,
): 'int8' | 'int16' | 'int32' | 'int64' | 'uint8' | 'uint16' | 'uint32' | 'uint64' {
  return `${isSigned ? 'int' : 'uint'}${bits as 8 | 16 | 32 | 64}`;
}

/** The batches of someone's file, with the columns that are declared. @throws SelvageError `UnsupportedTable` */
export async function* readFile(
  bytes: TableBytes,
  name: string,
  fields: readonly Field[],
): AsyncGenerator<Batch> {
  const file = await ParquetFile.open(bytes, name);
  for (const field of fields) {
    const column = file.columns.find(({ element }) => element.name === field.name);
    if (!column) missingColumn(field, `the file ${name}`);
    checkDeclared(field, typeInFile(column, field.type), `the file ${name}`);
  }
  yield* file.batches(fields);
}
