import { SelvageError } from '../../errors';
import type { Backends } from '../../ports';
import { tableEngine, type ColumnFacts } from '../../tables/engine';
import { batchesOfColumns } from '../../tables/from-values';
import { comparable, compare, sizeOf, type KeyValue } from '../../tables/key-order';
import { take } from '../../tables/take';
import { valuesOf } from '../../tables/to-values';
import { nameOf, type ColumnType, type Field } from '../../tables/types';
import type { Batch, Vector } from '../../tables/vector';
import { encodeJson, type Json } from '../../values';
import { cellText } from '../../values/cell-text';
import { REDACTED, isSecretName, redactJson, redactText } from '../../values/redact';
import { cutJson } from '../values/cut-json';
import {
  CELL_CHARACTERS,
  MOST_COLUMNS,
  distinctOf,
  numbersOf,
  topOf,
  type ColumnView,
  type TableView,
} from '../values/table-view';
import { openTable, tableOf, type OpenedTable } from './open-table';

export const OPERATORS = ['contains', 'is', 'not', 'below', 'above', 'missing'] as const;

export interface WindowAsked {
  readonly from: number;
  /** How many rows; default 100. */
  readonly rows?: number | undefined;
  readonly sort?: string | undefined;
  readonly descending?: boolean | undefined;
  readonly filter?: string | undefined;
  readonly column?: string | undefined;
  readonly operator?: (typeof OPERATORS)[number] | undefined;
  readonly columns?: readonly string[] | undefined;
}

/** Cells from which statistics are made, and cells that a filter or a sort looks at. */
const SAMPLED_CELLS = 250_000;
const SCANNED_CELLS = 2_000_000;
const SCANNED_BYTES = 64 * 1024 * 1024;
const ROWS = 100;

/** A stored table as {@link valueView} shows it. */
export async function tableShown(
  backends: Pick<Backends, 'dataStore' | 'runHistory'>,
  hash: string,
  asked: WindowAsked,
  isRedacted: boolean,
): Promise<{ form: 'table'; hash: string; size: number; table: TableView }> {
  const opened = await openTable(backends, hash, true);
  return {
    form: 'table',
    hash,
    size: opened.manifest.size,
    table: await windowOf(opened, asked, isRedacted),
  };
}

async function windowOf(opened: OpenedTable, asked: WindowAsked, isRedacted: boolean): Promise<TableView> {
  const { manifest, bytes, isChecked } = opened;
  const { rows, key, columns: all } = manifest;
  const names = asked.columns ?? all.slice(0, MOST_COLUMNS).map(({ name }) => name);
  const { filter = '', column, sort, operator = 'contains' } = asked;
  const isFiltered = filter !== '' || operator !== 'contains';
  const wanted = new Set([
    ...names,
    ...(sort === undefined ? [] : [sort]),
    ...(column === undefined ? [] : [column]),
  ]);
  const unknown = [...wanted].find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined)
    throw invalid(
      `The table has no column ${JSON.stringify(unknown)}. Its columns are ${all.map(({ name }) => JSON.stringify(name)).join(', ')}.`,
    );
  const table = tableOf(opened, [...wanted]);
  const fields = table.fields();
  const isChosen = isFiltered || sort !== undefined;
  const cells = isChosen ? SCANNED_CELLS : SAMPLED_CELLS;
  const read = await firstRows(table.batches({ to: Math.max(1, Math.floor(cells / wanted.size)) }));
  const scanned = read.reduce((sum, batch) => sum + batch.rows, 0);
  const { statistics } = scanned < rows ? await (await tableEngine()).footer(bytes, manifest) : {};

  const { from, rows: most = ROWS } = asked;
  let chosen = Array.from({ length: scanned }, (_, row) => row);
  if (isFiltered) chosen = matching(read, fields, { filter, column, operator }, isRedacted);
  if (sort !== undefined) sortBy(chosen, read, fields, sort, { isRedacted, descending: asked.descending });
  const isRead = isChosen || scanned === rows || from + most <= scanned;
  const shown = isRead ? chosen.slice(from, from + most) : [];
  const behind = isRead
    ? read.length === 0
      ? []
      : [rowsAt(read, shown)]
    : await firstRows(table.batches({ from, to: from + most }));
  const places = names.map((name) => fields.findIndex((field) => field.name === name));
  return {
    rows,
    columns: places.map((place) =>
      columnOf(
        fields[place]!,
        read.map(({ columns }) => columns[place]!),
        statistics,
        isRedacted,
      ),
    ),
    ...(key && { key }),
    ...(scanned < rows && { sampled: scanned }),
    ...(scanned < rows && isChosen && { scanned }),
    isChecked,
    from: Math.min(from, isChosen ? chosen.length : rows),
    ...(isFiltered && { matching: chosen.length }),
    ...(isChosen && { indexes: shown }),
    cells: behind.flatMap((batch) => cellsOf(batch, fields, places, isRedacted)),
  };
}

/** Batches until they have enough bytes. */
async function firstRows(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const read: Batch[] = [];
  let bytes = 0;
  for await (const batch of batches) {
    read.push(batch);
    bytes += sizeOf(batch);
    if (bytes > SCANNED_BYTES) break;
  }
  return read;
}

/** The rows with these numbers, counted over all batches. */
function rowsAt(read: readonly Batch[], rows: readonly number[]): Batch {
  const starts: number[] = [];
  let start = 0;
  for (const batch of read) {
    starts.push(start);
    start += batch.rows;
  }
  const sources = Uint32Array.from(rows, (row) => starts.findLastIndex((first) => first <= row));
  const places = Int32Array.from(rows, (row, index) => row - starts[sources[index]!]!);
  const columns = read[0]!.columns.map((_, column) =>
    take(
      read.map((batch) => batch.columns[column]!),
      { sources, rows: places },
    ),
  );
  return { rows: rows.length, columns };
}

function cellsOf(
  batch: Batch,
  fields: readonly Field[],
  places: readonly number[],
  isRedacted: boolean,
): Json[][] {
  const columns = places.map((place) =>
    valuesOf(batch.columns[place]!).map(cellReader(fields[place]!.name, isRedacted)),
  );
  return Array.from({ length: batch.rows }, (_, row) => columns.map((column) => column[row]!));
}

/** Cells as JSON: exact, cut to some characters, and without secrets if they are hidden. */
export function cellReader(name: string, isRedacted: boolean): (value: unknown) => Json {
  const read = wholeCellReader(name, isRedacted);
  return (value) => cutJson(read(value), CELL_CHARACTERS).json;
}

/** Like {@link cellReader}, with cells of any length. */
export function wholeCellReader(name: string, isRedacted: boolean): (value: unknown) => Json {
  if (!isRedacted) return exact;
  const isSecret = isSecretName(name);
  return (value) => (isSecret && value !== null ? REDACTED : redactJson(exact(value)));
}

/** A value of a table as JSON: 64-bit integers as texts. */
function exact(value: unknown): Json {
  return typeof value === 'bigint' ? value.toString() : encodeJson(value);
}

interface Filter {
  readonly filter: string;
  readonly column: string | undefined;
  readonly operator: (typeof OPERATORS)[number];
}

/** The numbers of the rows that match. */
function matching(
  read: readonly Batch[],
  fields: readonly Field[],
  asked: Filter,
  isRedacted: boolean,
): number[] {
  const { column, operator } = asked;
  if (column === undefined && operator !== 'contains')
    throw invalid(`The operator ${operator} is for one column. Name it as "column".`);
  const looked = fields.flatMap((field, place) =>
    (column === undefined || field.name === column) && !(isRedacted && isSecretName(field.name))
      ? [{ field, place }]
      : [],
  );
  const rows: number[] = [];
  let start = 0;
  for (const { columns, rows: count } of read) {
    const tests = looked.map(({ field, place }) => testOf(columns[place]!, field, asked, isRedacted));
    for (let row = 0; row < count; row++) if (tests.some((test) => test(row))) rows.push(start + row);
    start += count;
  }
  return rows;
}

function testOf(
  vector: Vector,
  field: Field,
  { filter, operator }: Filter,
  isRedacted: boolean,
): (row: number) => boolean {
  const values = valuesOf(vector);
  if (operator === 'missing') return (row) => values[row] === null;
  if (operator === 'contains') {
    const wanted = filter.toLowerCase();
    // Nobody can find out a secret by asking for its parts.
    const text = (row: number): string => cellText(exact(values[row]));
    return (row) => (isRedacted ? redactText(text(row)) : text(row)).toLowerCase().includes(wanted);
  }
  const read = comparableIn(vector, field);
  const given = keyOf(field, filter);
  const isHidden = (row: number): boolean =>
    isRedacted && typeof values[row] === 'string' && redactText(values[row]) !== values[row];
  return (row) => {
    const value = read(row);
    if (value === null || isHidden(row)) return false;
    const order = compare(value, given);
    return operator === 'is'
      ? order === 0
      : operator === 'not'
        ? order !== 0
        : operator === 'below'
          ? order < 0
          : order > 0;
  };
}

/** A text of the asker as a value of the column. */
function keyOf(field: Field, text: string): KeyValue {
  const { name, type } = field;
  try {
    const [batch] = batchesOfColumns([{ name, type }], { [name]: [valueOfText(type, text)] });
    return comparable(batch!.columns[0]!)(0);
  } catch (cause) {
    throw invalid(`The column ${JSON.stringify(name)} cannot have the value ${JSON.stringify(text)}.`, cause);
  }
}

function valueOfText({ kind }: ColumnType, text: string): unknown {
  if (kind === 'bool') return text === 'true' || (text === 'false' ? false : text);
  if (kind === 'binary') return Buffer.from(text);
  if (/^u?int/.test(kind)) return BigInt(text);
  return kind.startsWith('float') ? Number(text) : text;
}

function comparableIn(vector: Vector, { name, type }: Field): (row: number) => KeyValue {
  if (type.kind !== 'list' && type.kind !== 'struct') return comparable(vector);
  throw invalid(`Values of the column ${JSON.stringify(name)}, of type ${type.kind}, have no order.`);
}

function sortBy(
  rows: number[],
  read: readonly Batch[],
  fields: readonly Field[],
  sort: string,
  { isRedacted, descending = false }: { isRedacted: boolean; descending: boolean | undefined },
): void {
  if (isRedacted && isSecretName(sort))
    throw invalid(`The column ${JSON.stringify(sort)} is hidden, a secret by its name.`);
  const place = fields.findIndex(({ name }) => name === sort);
  const keys: KeyValue[] = [];
  for (const { columns, rows: count } of read) {
    const at = comparableIn(columns[place]!, fields[place]!);
    for (let row = 0; row < count; row++) keys.push(at(row));
  }
  // Missing cells are last in both directions.
  rows.sort((one, other) => {
    const order = compare(keys[one]!, keys[other]!);
    return descending && keys[one] !== null && keys[other] !== null ? -order : order;
  });
}

const SHOWN_TYPES: Partial<Record<ColumnType['kind'], ColumnView['type']>> = {
  utf8: 'text',
  bool: 'boolean',
  date32: 'time',
  time64: 'time',
  timestamp: 'time',
  binary: 'nested',
  list: 'nested',
  struct: 'nested',
};

/**
 * Statistics of a column.
 *
 * @param whole what the file tells of all rows, if not all were read
 */
function columnOf(
  { name, type }: Field,
  vectors: readonly Vector[],
  whole: ReadonlyMap<string, ColumnFacts> | undefined,
  isRedacted: boolean,
): ColumnView {
  const shownType = SHOWN_TYPES[type.kind] ?? 'number';
  const values = vectors.flatMap((vector) => valuesOf(vector));
  const there = values.filter((value) => value !== null) as (number | bigint | string | boolean)[];
  const facts = whole
    ? whole.get(name)
    : { nulls: values.length - there.length, ...boundsOf(vectors, values) };
  const about = {
    name,
    type: shownType,
    columnType: nameOf(type),
    ...(facts?.nulls !== undefined && { missing: facts.nulls }),
  };
  if (shownType === 'nested' || (isRedacted && isSecretName(name))) return about;
  const known = { ...about, ...distinctOf(there) };
  if (shownType === 'text' || shownType === 'boolean') return { ...known, top: topOf(there.map(String)) };
  const { histogram, mean } = shownType === 'number' ? numbersOf(...nearZero(there)) : {};
  return {
    ...known,
    ...(facts?.min !== undefined && { min: bound(facts.min), max: bound(facts.max) }),
    ...(mean !== undefined && { mean }),
    ...(histogram && { histogram }),
  };
}

/** Numbers for a histogram, and what was subtracted from them: large integers near one another stay apart. */
function nearZero(values: readonly unknown[]): [number[], number] {
  const [first = 0] = values;
  if (typeof first !== 'bigint') return [values.map(Number).filter((number) => Number.isFinite(number)), 0];
  return [values.map((value) => Number((value as bigint) - first)), Number(first)];
}

/** The least and the largest value, other than NaN. */
function boundsOf(vectors: readonly Vector[], values: readonly unknown[]): ColumnFacts {
  if (vectors[0]?.layout !== 'fixed') return {};
  const keys = vectors.flatMap((vector) => {
    const read = comparable(vector);
    return Array.from({ length: vector.length }, (_, row) => read(row));
  });
  let min: number | undefined;
  let max: number | undefined;
  keys.forEach((key, row) => {
    if (key === null || Number.isNaN(key)) return;
    if (min === undefined || compare(key, keys[min]!) < 0) min = row;
    if (max === undefined || compare(key, keys[max]!) > 0) max = row;
  });
  return min === undefined ? {} : { min: values[min], max: values[max!] };
}

function bound(value: unknown): number | string {
  return typeof value === 'number' && Number.isFinite(value) ? value : String(value);
}

function invalid(message: string, cause?: unknown): SelvageError {
  return new SelvageError('InvalidQuery', message, { cause });
}
