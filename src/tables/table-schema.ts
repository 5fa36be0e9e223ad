import { SelvageError } from '../errors';
import {
  tableEngine,
  type ArrowSource,
  type CsvOptions,
  type FileSource,
  type NewTable,
  type WrittenTable,
} from './engine';
import { batchesOfColumns, batchesOfRows, refuseNull } from './from-values';
import { hashOfManifest } from './manifest-parts';
import type { ColumnTypes, GivenRow, RowOf } from './row-of';
import { Table } from './table';
import { checkFields, fieldOf, nameOf, unsupported, type Field } from './types';
import { BLOCK_ROWS, bitAt, type Batch } from './vector';
import { columnsOfZod, shapeOf } from './zod-columns';

/** The part of Standard Schema that rows are checked by. */
interface RowSchema<Input = unknown, Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Checked<Output> | Promise<Checked<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}
interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
type Checked<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

/** A row of zod's as it is read: a date is a text of ISO 8601, what may be absent is null. */
type ReadRow<Output> = {
  [Name in keyof Output]-?: Output[Name] extends infer Value
    ? Value extends Date
      ? string
      : Value extends undefined
        ? null
        : Value
    : never;
};

export interface TableOptions<Name extends string = string> {
  /**
   * Columns by which the table is sorted: null last, NaN after all numbers, texts by their bytes in UTF-8. A key that
   * comes twice is refused. Default: the rows stay in their order, and may be equal.
   */
  readonly key?: readonly Name[];
}

/** Rows, columns by name, or a table, of which a table is made. */
export type TableInput<Given, Row extends object> =
  Table<Row> | Iterable<Given> | AsyncIterable<Given> | { readonly [Name in keyof Row]: ArrayLike<unknown> };

/**
 * The columns of tables with their types. It is a Standard Schema: as the `output` of a knot it takes the rows that a
 * body returns, or a table, and refuses others with column, type and row.
 */
export class TableSchema<Row extends object = Record<string, unknown>, Given = Row> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: 'selvage';
    readonly validate: (value: unknown) => Promise<Checked<Table<Row>>>;
    readonly types?: { readonly input: Table<Row> | readonly Given[]; readonly output: Table<Row> };
  };
  readonly #fields: readonly Field[];
  readonly #key: readonly string[] | undefined;
  readonly #row: RowSchema | undefined;
  /** Tables that were made by this schema. */
  readonly #known = new WeakSet<object>();

  /** @internal Users call {@link table}. */
  constructor(fields: readonly Field[], key: readonly string[] | undefined, row: RowSchema | undefined) {
    checkFields(fields);
    if (fields.length === 0) unsupported(undefined, undefined, 'it has no column. Declare at least one');
    key?.forEach((name) => checkKey(name, fields));
    this.#fields = fields;
    this.#key = key && key.length > 0 ? key : undefined;
    this.#row = row;
    this['~standard'] = { version: 1, vendor: 'selvage', validate: (value) => this.#validate(value) };
  }

  /** The canonical name of each column's type, with `?` where null is allowed. */
  get columns(): Readonly<Record<string & keyof Row, string>> {
    const names = this.#fields.map(({ name, type, nullable }) => [
      name,
      `${nameOf(type)}${nullable ? '?' : ''}`,
    ]);
    return Object.fromEntries(names) as Record<string & keyof Row, string>;
  }

  /** The columns by which its tables are sorted; empty if there is no key. */
  get key(): readonly string[] {
    return this.#key ?? [];
  }

  /**
   * Makes a table of rows (also of an async iterable, which is not held in memory), of columns by name, or of a table
   * with the same columns.
   *
   * @throws SelvageError `InvalidRows` with column, type and row (counted from 0); `TableTooLarge`
   */
  async from(given: TableInput<Given, Row>): Promise<Table<Row>> {
    return Table.is(given) ? await this.#ofTable(given) : await this.#write(this.#batchesOf(given));
  }

  /**
   * Makes a table of the rows of another one, and of further rows behind them. Of a table without a key, blocks of
   * 65,536 rows are taken over as they are: it costs as much as the further rows and the last block. With a key, all
   * rows are written anew.
   *
   * @throws SelvageError as {@link from}; rows are counted from the first further row
   */
  async append(table: Table<Row>, given: TableInput<Given, Row>): Promise<Table<Row>> {
    const before = await (await this.#ofTable(table)).written();
    const { append } = await tableEngine();
    return this.#made(await append(before, this.#batchesOf(given), this.#shape));
  }

  /**
   * Makes a table of a Parquet file: of a path, a URL (`file:`, `https:`, `s3:`), bytes or a stream, such
   * as `await ctx.open(stored)`. The file may have other columns, too. Types are never converted.
   *
   * @throws SelvageError `UnreadableFile`; `BackendUnavailable` if S3 does not answer; `UnsupportedTable` for a column
   *   that is missing or of another type
   */
  async fromParquet(source: FileSource): Promise<Table<Row>> {
    return await this.#write(this.#nonNull((await tableEngine()).parquet(source, this.#fields)));
  }

  /**
   * Makes a table of a CSV file in UTF-8, whose first line names the columns. The file may have other columns, too.
   *
   * @throws SelvageError `UnreadableFile`, `UnsupportedTable`; `InvalidRows` with column, type, file and line
   */
  async fromCsv(source: FileSource, options: CsvOptions = {}): Promise<Table<Row>> {
    return await this.#write((await tableEngine()).csv(source, this.#fields, options));
  }

  /**
   * Makes a table of Arrow data: of a table of `@uwdata/flechette`, or of a file or stream of Arrow's IPC format, which
   * is held in memory. All physical forms of docs/table-hash.md are read. There may be other columns, too. Types are
   * never converted.
   *
   * @throws SelvageError `UnreadableFile`; `UnsupportedTable` for a column that is missing or of another type;
   *   `InvalidRows`
   */
  async fromArrow(source: ArrowSource): Promise<Table<Row>> {
    return await this.#write(this.#nonNull((await tableEngine()).arrow(source, this.#fields)));
  }

  async #write(batches: AsyncIterable<Batch>): Promise<Table<Row>> {
    const { write } = await tableEngine();
    return this.#made(await write(batches, this.#shape));
  }

  get #shape(): NewTable {
    return { fields: this.#fields, ...(this.#key && { key: this.#key }) };
  }

  #made({ manifest, bytes }: WrittenTable): Table<Row> {
    const made = new Table<Row>({ hash: hashOfManifest(manifest), manifest, bytes });
    this.#known.add(made);
    return made;
  }

  async *#batchesOf(given: TableInput<Given, Row>): AsyncGenerator<Batch> {
    if (Table.is(given)) yield* (await this.#ofTable(given)).batches();
    else if (isIterable(given)) yield* this.#ofRows(given);
    else yield* batchesOfColumns(this.#fields, given as Record<string, ArrayLike<unknown>>);
  }

  async *#ofRows(rows: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<Batch> {
    let held: object[] = [];
    let done = 0;
    for await (const row of rows) {
      held.push((this.#row ? await checkedRow(this.#row, row, done + held.length) : row) as object);
      if (held.length < BLOCK_ROWS) continue;
      yield* batchesOfRows(this.#fields, held, done);
      done += held.length;
      held = [];
    }
    if (held.length > 0) yield* batchesOfRows(this.#fields, held, done);
  }

  async #ofTable(table: Table<object>): Promise<Table<Row>> {
    if (this.#known.has(table)) return table as Table<Row>;
    await table.load();
    const is = table.fields().map(({ name, type }) => `${JSON.stringify(name)}: ${nameOf(type)}`);
    const declared = this.#fields.map(({ name, type }) => `${JSON.stringify(name)}: ${nameOf(type)}`);
    if (is.join(', ') !== declared.join(', ')) {
      unsupported(
        undefined,
        undefined,
        `it has the columns ${is.join(', ')}, and declared are ${declared.join(', ')}. Select or cast them`,
      );
    }
    const isInOrder = !this.#key || this.#key.join('\n') === table.key.join('\n');
    if (!isInOrder) return await this.#write(this.#nonNull(table.batches()));
    const { manifest, bytes } = await table.written();
    const { statistics } = await (await tableEngine()).footer(bytes, manifest);
    const mayBeNull = this.#fields.some(
      ({ name, nullable }) => nullable === false && statistics.get(name)?.nulls !== 0,
    );
    if (mayBeNull) for await (const _ of this.#nonNull(table.batches())) void _;
    return table as Table<Row>;
  }

  /** Refuses null where it is not allowed. */
  async *#nonNull(batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
    let done = 0;
    for await (const batch of batches) {
      this.#fields.forEach((field, column) => {
        const { validity, length } = batch.columns[column]!;
        if (field.nullable !== false || !validity) return;
        for (let row = 0; row < length; row++) if (!bitAt(validity, row)) refuseNull(field, done + row);
      });
      done += batch.rows;
      yield batch;
    }
  }

  async #validate(value: unknown): Promise<Checked<Table<Row>>> {
    if (!Table.is(value) && !isIterable(value)) {
      return { issues: [{ message: 'Expected rows or a table' }] };
    }
    try {
      return { value: await this.from(value as TableInput<Given, Row>) };
    } catch (error) {
      if (!SelvageError.is(error, 'InvalidRows') && !SelvageError.is(error, 'UnsupportedTable')) throw error;
      const { row, column } = error.details as { row?: number; column?: string };
      const path = [row, column].filter((part) => part !== undefined);
      return { issues: [{ message: error.message.replace(/\.$/, ''), path }] };
    }
  }
}

/**
 * Declares the columns of tables: `table({ id: 'int64', name: 'utf8?' }, { key: ['id'] })`. Types are those of
 * docs/table-hash.md; a `?` behind a type allows null.
 *
 * With a `z.object(…)` in place of the columns, rows are checked by it. docs/tables.md has the types that its fields
 * become.
 *
 * @throws SelvageError `UnsupportedTable`
 */
export function table<const Columns extends ColumnTypes>(
  columns: Columns,
  options?: TableOptions<string & keyof Columns>,
): TableSchema<RowOf<Columns>, GivenRow<Columns>>;
/** With rows that any other Standard Schema checks, and whose results fit the columns. */
export function table<const Columns extends ColumnTypes, Given>(
  columns: Columns,
  options: TableOptions<string & keyof Columns> & { readonly row: RowSchema<Given, GivenRow<Columns>> },
): TableSchema<RowOf<Columns>, Given>;
export function table<Given extends object, Output extends object>(
  rows: RowSchema<Given, Output> & { readonly shape: object },
  options?: TableOptions<string & keyof Output>,
): TableSchema<ReadRow<Output>, Given>;
export function table(given: object, options: TableOptions & { readonly row?: RowSchema } = {}): unknown {
  const shape = shapeOf(given);
  const columns = shape ? columnsOfZod(shape) : (given as ColumnTypes);
  const fields = Object.entries(columns).map(([name, type]) => fieldOf(name, type));
  return new TableSchema(fields, options.key, shape ? (given as RowSchema) : options.row);
}

function checkKey(name: string, fields: readonly Field[]): void {
  const field = fields.find((one) => one.name === name);
  if (!field)
    unsupported(name, undefined, 'the key names it, and it is not declared. Declare it, or correct the key');
  if (field.type.kind === 'list' || field.type.kind === 'struct') {
    unsupported(name, nameOf(field.type), 'lists and structs have no order, and cannot be in a key');
  }
}

async function checkedRow(schema: RowSchema, row: unknown, index: number): Promise<unknown> {
  let result = schema['~standard'].validate(row);
  if (result instanceof Promise) result = await result;
  if (!result.issues) return result.value;
  const [{ message, path = [] } = { message: 'it is refused' }] = result.issues;
  const [column] = path.map((part) => String(typeof part === 'object' ? part.key : part));
  throw new SelvageError(
    'InvalidRows',
    `The row ${index} is refused by its schema${column === undefined ? '' : `, column ${JSON.stringify(column)}`}: ${message}. Correct it, or the schema.`,
    { details: { row: index, ...(column !== undefined && { column }) } },
  );
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}
