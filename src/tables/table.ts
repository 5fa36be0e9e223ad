import { SelvageError } from '../errors';
import { StoredBytes, type Json } from '../values';
import {
  decodeTablesBy,
  isStoredTable,
  STORED_TABLE,
  type StoredTable,
  type TableReference,
} from '../values/stored-table';
import {
  MemoryBytes,
  tableEngine,
  type ArrowOptions,
  type ArrowTable,
  type OpenBytes,
  type Part,
  type StoreBytes,
  type TableBytes,
  type WrittenTable,
} from './engine';
import { hashOfManifest, selectedManifest } from './manifest-parts';
import type { TableManifest } from './manifest';
import { rowsOf, valuesOf } from './to-values';
import { typeOf, type Field } from './types';
import type { Batch } from './vector';

/** Whether this process has met a table: until then no value is searched for tables. */
const here = { isMet: false };

const PARQUET = 'application/vnd.apache.parquet';

/** The rows of a table, which are read as they are iterated. */
export interface Rows<Row> extends AsyncIterable<Row> {
  /** All of them, in memory. */
  toArray(): Promise<Row[]>;
}

/** Some consecutive rows. */
export interface RowRange {
  /** The first row, counted from 0. Default 0. */
  readonly from?: number;
  /** The row after the last. Default: all rows. */
  readonly to?: number;
}

/** What a table is made of: its hash, its manifest unless it was only referred to, and its bytes if they are here. */
export interface TableParts extends Omit<TableReference, 'manifest' | 'bytes'> {
  readonly manifest?: TableManifest;
  readonly bytes?: TableBytes;
  readonly open?: OpenBytes;
}

/**
 * A value with columns. It is made by `table(…)`, and its rows are read when they are asked for: a body gets a small
 * object for a table of any size. Two tables with the same columns and rows have the same hash, whoever made them.
 *
 * Values of columns: `int64` and `uint64` as bigint, smaller integers and floats as number, `decimal` as text, `date32`
 * as `YYYY-MM-DD`, `time64` as `HH:MM:SS.ffffff`, timestamps as ISO 8601, `binary` as `Uint8Array`; null as null.
 */
export class Table<Row extends object = Record<string, unknown>> implements StoredTable {
  /** Type only. */
  declare readonly row?: Row;
  #manifest: TableManifest | undefined;
  #bytes: TableBytes | undefined;
  #open: OpenBytes | undefined;
  /** Its rows came into being in this process: a data store may lack them. */
  #isMade: boolean;
  #isStored: boolean;
  #attached: Uint8Array | undefined;

  /** `table-sha256:…`, of the names, types and values of the columns, see docs/table-hash.md. */
  readonly hash: string;

  /** @internal Users call the methods of `table(…)`. */
  constructor({ hash, manifest, bytes, open }: TableParts) {
    this.hash = hash;
    this.#manifest = manifest;
    this.#bytes = bytes;
    this.#open = open;
    this.#isMade = bytes !== undefined;
    this.#isStored = !this.#isMade;
    here.isMet = true;
  }

  /** Whether the value is a table of any realm and copy of the package. */
  static is(value: unknown): value is Table {
    return isStoredTable(value);
  }

  /** @throws SelvageError `TableNotRead` for a table inside another value, before `await table.load()` */
  get rowCount(): number {
    return this.#known().rows;
  }

  /** The canonical name of each column's type, in the order of the columns. Throws as `rowCount`. */
  get schema(): Readonly<Record<string & keyof Row, string>> {
    const types = this.#known().columns.map(({ name, type }) => [name, type] as const);
    return Object.fromEntries(types) as Record<string & keyof Row, string>;
  }

  /** The columns by which the rows are sorted; empty if there is no key. Throws as `rowCount`. */
  get key(): readonly string[] {
    return this.#known().key ?? [];
  }

  /**
   * Reads which columns and rows there are, so that `rowCount` and `schema` answer. Only a table inside another value
   * needs it: one that is an input of its own has been read.
   *
   * @throws SelvageError `ValueMissing`, `BackendUnavailable`
   */
  async load(): Promise<this> {
    if (this.#manifest) return this;
    // The data store keeps the manifest under the table's own hash.
    const stream = await this.#opener()({ hash: this.hash, size: 0 });
    const decoder = new TextDecoder();
    let text = '';
    for await (const piece of stream) text += decoder.decode(piece, { stream: true });
    this.#manifest = withoutCheck(JSON.parse(text + decoder.decode()) as TableManifest);
    return this;
  }

  /**
   * The rows as objects, read a part of the file at a time.
   *
   * @throws SelvageError (from the iteration) `ValueMissing`, `ValueDamaged`, `BackendUnavailable`; `TableNotRead` for a
   *   table that did not come from a body's inputs, a run's values or `table(…)`
   */
  rows(range: RowRange = {}): Rows<Row> {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- a generator has no `this` of its own
    const table = this;
    async function* each(): AsyncGenerator<Row> {
      for await (const batch of table.batches(range)) yield* rowsOf(table.fields(), batch) as Row[];
    }
    return {
      [Symbol.asyncIterator]: each,
      async toArray() {
        const rows: Row[] = [];
        for await (const row of each()) rows.push(row);
        return rows;
      },
    };
  }

  /** The values of each column, by name. Throws as the iteration of `rows`. */
  async columns(range: RowRange = {}): Promise<{ [Name in keyof Row]: Row[Name][] }> {
    await this.load();
    const columns = this.fields().map(({ name }) => [name, [] as unknown[]] as const);
    for await (const batch of this.batches(range)) {
      columns.forEach(([, values], index) => {
        for (const value of valuesOf(batch.columns[index]!)) values.push(value);
      });
    }
    return Object.fromEntries(columns) as { [Name in keyof Row]: Row[Name][] };
  }

  /**
   * All rows as a table of `@uwdata/flechette`, in memory. Its `tableToIPC` makes bytes for other libraries. Throws as
   * the iteration of `rows`.
   *
   * @param options which values its columns have in JavaScript. Default: exact ones, bigints for 64-bit integers, times
   *   and timestamps in their unit, and decimals in units of the last digit
   */
  async arrow(options: ArrowOptions = {}): Promise<ArrowTable> {
    await this.load();
    const { toArrow } = await tableEngine();
    return await toArrow(this.batches(), this.fields(), {
      useBigInt: true,
      useBigIntTimestamp: true,
      useDecimalInt: true,
      ...options,
    });
  }

  /**
   * The table of some columns, in the given order. It has the same bytes: nothing is read.
   *
   * @throws SelvageError `UnsupportedTable` for a name that the table does not have; as `rowCount`
   */
  select<const Name extends string & keyof Row>(...names: readonly Name[]): Table<Pick<Row, Name>> {
    const manifest = selectedManifest(this.#known(), names);
    return new Table<Pick<Row, Name>>({
      hash: hashOfManifest(manifest),
      manifest,
      ...(this.#bytes && { bytes: this.#bytes }),
      ...(this.#open && { open: this.#open }),
    }).#alike(this);
  }

  /** A table of the rows from `from` up to, and without, `to`. It is hashed and written anew. */
  async slice(from: number, to?: number): Promise<Table<Row>> {
    await this.load();
    const { write } = await tableEngine();
    const { manifest, bytes } = await write(this.batches({ from, to }), {
      fields: this.fields(),
      ...(this.key.length > 0 && { key: this.key }),
    });
    return new Table<Row>({ hash: hashOfManifest(manifest), manifest, bytes });
  }

  /** What is shown of a table in JSON: its hash, its rows and the types of its columns. */
  toJSON(): Json {
    const manifest = this.#manifest;
    if (!manifest) return { table: this.hash };
    return { table: this.hash, rows: manifest.rows, columns: { ...this.schema } };
  }

  /** @internal */
  get [STORED_TABLE](): StoredTable[typeof STORED_TABLE] {
    const manifest = this.#manifest as unknown as Json | undefined;
    return {
      hash: this.hash,
      isStored: this.#isStored,
      ...(manifest !== undefined && { manifest }),
      ...(this.#attached && { bytes: this.#attached }),
    };
  }

  /** @internal The columns with their types, once the manifest is there. */
  fields(): Field[] {
    return this.#known().columns.map(({ name, type }) => ({ name, type: typeOf(type, name) }));
  }

  /** @internal Consecutive batches of at most 65,536 rows. */
  async *batches({ from = 0, to }: RowRange = {}): AsyncGenerator<Batch> {
    await this.load();
    const { rows, columns } = this.#known();
    const part: Part = { columns: columns.map(({ name }) => name), from, to: Math.min(to ?? rows, rows) };
    if (part.from >= part.to) return;
    const engine = await tableEngine();
    yield* engine.read(await this.parquet(), this.#known(), part);
  }

  /** @internal */
  async written(): Promise<WrittenTable> {
    return { bytes: await this.parquet(), manifest: this.#known() };
  }

  /** @internal The Parquet file, which may have more columns than the table. */
  async parquet(): Promise<TableBytes> {
    await this.load();
    return (this.#bytes ??= await (await tableEngine()).collect(await this.stream(), this.#known().size));
  }

  /** @internal The bytes of `parquet()`, without keeping them. */
  async stream(): ReturnType<OpenBytes> {
    await this.load();
    if (this.#bytes) return this.#bytes.stream();
    const { blob, size } = this.#known();
    return await this.#opener()(new StoredBytes({ hash: blob, size, mediaType: PARQUET }));
  }

  /** @internal Carries its bytes along to a body that cannot ask for them. */
  async attach(): Promise<void> {
    const bytes = await this.parquet();
    this.#attached = new Uint8Array(await bytes.slice(0, bytes.size));
  }

  /** @internal Reads from there on by `open`, unless the table has its bytes at hand. */
  openBy(open: OpenBytes): void {
    this.#open ??= open;
  }

  /**
   * @internal Keeps the bytes in the data store, so that the table can leave its body. A table that was made here is
   * stored each time: another run may have another data store, or rows of an earlier run may have been cleaned up.
   */
  async store(store: StoreBytes): Promise<void> {
    await this.load();
    if (!this.#isMade) return;
    const { hash, size } = await store(this.#bytes!.stream(), { mediaType: PARQUET });
    this.#manifest = { ...this.#known(), blob: hash, size };
    this.#isStored = true;
  }

  #alike(other: Table<object>): this {
    this.#isMade = other.#isMade;
    this.#isStored = other.#isStored;
    return this;
  }

  #known(): TableManifest {
    if (this.#manifest) return this.#manifest;
    throw notRead(
      this.hash,
      'lies inside another value, and has not been read yet. Call `await table.load()` first',
    );
  }

  #opener(): OpenBytes {
    if (this.#open) return this.#open;
    throw notRead(
      this.hash,
      'is a reference without a data store to read from. Read it in a body that has it as an input, or from the values of a run',
    );
  }
}

/** The tables in a value, each once, at any depth of lists, objects, maps and sets. */
export function tablesIn(value: unknown): Table[] {
  if (!here.isMet) return [];
  const found = new Set<Table>();
  const seen = new Set<object>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part) || seen.has(part)) return;
    seen.add(part);
    if (Table.is(part)) found.add(part);
    else if (part instanceof Map) for (const [key, member] of part) [key, member].forEach(visit);
    else if (Array.isArray(part) || part instanceof Set) part.forEach(visit);
    else if (isPlain(part)) Object.values(part).forEach(visit);
  };
  visit(value);
  return [...found];
}

function isPlain(part: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(part);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function notRead(hash: string, why: string): SelvageError {
  return new SelvageError('TableNotRead', `The table ${hash} ${why}.`, { details: { hash } });
}

/** The store's own check of the manifest is made anew with every manifest. */
function withoutCheck(stored: TableManifest & { check?: string }): TableManifest {
  const { check: _, ...manifest } = stored;
  return manifest;
}

decodeTablesBy(
  ({ hash, manifest, bytes }) =>
    new Table({
      hash,
      ...(manifest !== undefined && { manifest: withoutCheck(manifest as unknown as TableManifest) }),
      ...(bytes && { bytes: new MemoryBytes(bytes) }),
    }),
);
