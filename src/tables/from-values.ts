/** Plain values of JavaScript as vectors; the way back is to-values.ts. */
import { SelvageError } from '../errors';
import { isWellFormed } from '../values/sorted-tree';
import { decimalOf } from './decimals';
import { orFail, unitsReader, type Fail, type FixedType } from './exact-units';
import { nameOf, unsupported, type ColumnType, type Field } from './types';
import { BLOCK_ROWS, type Batch, type Bits, type Vector } from './vector';

const MAX_OFFSET = 0x7fff_ffff;
const SHOWN = 60;

/** Where values come from, for errors. */
interface Place {
  readonly column: string;
  readonly type: ColumnType;
  /** The row of the value at an index. */
  row(index: number): number;
  /** Dates and decimals come as counts of their units, which are numbers or bigints. */
  readonly isInUnits?: boolean;
}

type WholeArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** The array of each type of a fixed width: given as a column, it is taken without a copy. */
const ARRAYS = {
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
  date32: Int32Array,
  time64: BigInt64Array,
  timestamp: BigInt64Array,
} as const;

/**
 * Rows as batches of 65,536. A column that a row lacks is null.
 *
 * Taken for a type, where the value is exact:
 *
 * - integers: a number or a bigint in range; floats: a number (`float32` rounds it), or a bigint that it can hold;
 * - `decimal`: a text, or a number whose shortest text has no more digits than the scale;
 * - `date32`: `YYYY-MM-DD`, a `Date` at midnight of UTC, or a bigint of days since 1970;
 * - `time64`: `HH:MM:SS.ffffff`, or a bigint of units since midnight;
 * - `timestamp`: ISO 8601, a `Date`, or a bigint of units since 1970. The text ends in `Z` or an offset if, and only
 *   if, the type has a time zone;
 * - `binary`: a `Uint8Array`; `list`: an array; `struct`: an object.
 *
 * @param firstRow the number of the first row, for errors
 * @throws SelvageError `InvalidRows` with column, type and row (from 0)
 */
export function batchesOfRows(fields: readonly Field[], rows: readonly object[], firstRow = 0): Batch[] {
  const names = new Set(fields.map(({ name }) => name));
  return inBlocks(rows.length, (start, end) => {
    const some = rows.slice(start, end);
    some.forEach((row, index) => checkRow(row, firstRow + start + index, names));
    return fields.map((field) =>
      vectorOf(
        field,
        some.map((row) => partOf(row, field.name)),
        firstRow + start,
      ),
    );
  });
}

/**
 * Columns as batches of 65,536 rows. A typed array of a column's width is taken without a copy: do not change it.
 *
 * @param firstRow the number of the first row, for errors
 * @throws SelvageError `InvalidRows`; see {@link batchesOfRows} for the values of each type
 */
export function batchesOfColumns(
  fields: readonly Field[],
  columns: Readonly<Record<string, ArrayLike<unknown>>>,
  firstRow = 0,
): Batch[] {
  const names = new Set(fields.map(({ name }) => name));
  const surplus = Object.keys(columns).find((name) => !names.has(name));
  if (surplus !== undefined) unsupported(surplus, undefined, 'the table declares no such column');
  const given = fields.map(({ name }) =>
    Object.hasOwn(columns, name) ? columns[name]! : invalid(name, undefined, 'is missing. Give its values'),
  );
  const rows = given[0]?.length ?? 0;
  given.forEach(({ length }, index) => {
    if (length === rows) return;
    invalid(fields[index]!.name, undefined, `has ${length} values, and "${fields[0]!.name}" has ${rows}`);
  });
  return inBlocks(rows, (start, end) =>
    fields.map((field, index) => vectorOf(field, slice(given[index]!, start, end), firstRow + start)),
  );
}

/**
 * A column of a file, whose values are raw: decimals as units, dates as days.
 *
 * @throws SelvageError `InvalidRows`
 */
export function vectorOfUnits(field: Field, values: ArrayLike<unknown>, firstRow: number): Vector {
  const row = (index: number): number => firstRow + index;
  return build(field.type, values, { column: field.name, type: field.type, row, isInUnits: true });
}

function inBlocks(rows: number, columns: (start: number, end: number) => Vector[]): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    const end = Math.min(start + BLOCK_ROWS, rows);
    batches.push({ rows: end - start, columns: columns(start, end) });
  }
  return batches;
}

function checkRow(row: unknown, index: number, names: ReadonlySet<string>): void {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    invalid(undefined, index, `is ${shown(row)}. Give an object with a value for each column`);
  }
  for (const name of Object.keys(row)) {
    if (!names.has(name))
      invalid(name, index, 'is not declared. Declare the column, or leave it out of the row');
  }
}

/** A vector of a column's values, of which the first is of row `firstRow`. */
function vectorOf(field: Field, values: ArrayLike<unknown>, firstRow: number): Vector {
  const place: Place = { column: field.name, type: field.type, row: (index) => firstRow + index };
  const vector = build(field.type, values, place);
  if (field.nullable === false && vector.validity) {
    refuseNull(field, place.row(Array.from(values).findIndex(isNull)));
  }
  return vector;
}

function build(type: ColumnType, values: ArrayLike<unknown>, place: Place): Vector {
  const { length } = values;
  const validity = validityOf(values);
  const base = { type, length, ...(validity && { validity }) };
  switch (type.kind) {
    case 'bool':
      return { ...base, layout: 'bool', values: { bytes: packBools(values, place), offset: 0 } };
    case 'utf8':
      return { ...base, layout: 'bytes', ...encodeTexts(values, place) };
    case 'binary':
      return { ...base, layout: 'bytes', ...joinBytes(values, place) };
    case 'decimal':
      return { ...base, layout: 'fixed', values: decimals(type, values, place) };
    case 'list': {
      const { offsets, items, owners } = flatten(values, place);
      const row = (index: number): number => place.row(owners[index]!);
      return { ...base, layout: 'list', offsets, items: build(type.item, items, { ...place, row }) };
    }
    case 'struct': {
      checkStructs(values, type.fields, place);
      const fields = type.fields.map((field) => {
        const parts = Array.from(values, (value) => (isNull(value) ? null : partOf(value, field.name)));
        return build(field.type, parts, place);
      });
      return { ...base, layout: 'struct', fields };
    }
    default: {
      const array = isArrayOf(type as FixedType, values) ? values : numbers(type as FixedType, values, place);
      return { ...base, layout: 'fixed', values: bytesOf(array) };
    }
  }
}

function isArrayOf(type: FixedType, values: object): values is WholeArray {
  return values instanceof ARRAYS[type.kind];
}

function validityOf(values: ArrayLike<unknown>): Bits | undefined {
  let bytes: Uint8Array | undefined;
  if (ArrayBuffer.isView(values)) return undefined;
  for (let index = 0; index < values.length; index++) {
    if (!isNull(values[index])) continue;
    bytes ??= new Uint8Array((values.length + 7) >> 3).fill(0xff);
    bytes[index >> 3]! &= ~(1 << (index & 7));
  }
  return bytes && { bytes, offset: 0 };
}

function numbers(type: FixedType, values: ArrayLike<unknown>, place: Place): WholeArray {
  const array: WholeArray = new ARRAYS[type.kind](values.length);
  const convert = unitsReader(type, place.isInUnits);
  each(values, place, (value, index, fail) => {
    const number = convert(value, fail);
    if (array instanceof BigInt64Array || array instanceof BigUint64Array) array[index] = BigInt(number);
    else array[index] = Number(number);
  });
  return array;
}

/** Calls back for each value that is not null. */
function each(
  values: ArrayLike<unknown>,
  place: Place,
  visit: (value: unknown, index: number, fail: Fail) => void,
): void {
  let index = 0;
  const fail: Fail = (why) => {
    const row = place.row(index);
    const what = `cannot have the value ${shown(values[index])} in row ${row}: ${why}`;
    return invalid(place.column, row, what, place.type);
  };
  for (; index < values.length; index++) {
    if (!isNull(values[index])) visit(values[index], index, fail);
  }
}

function decimals(
  { precision, scale }: Extract<ColumnType, { kind: 'decimal' }>,
  values: ArrayLike<unknown>,
  place: Place,
): Uint8Array {
  const words = new BigUint64Array(2 * values.length);
  const limit = 10n ** BigInt(precision);
  const read = (value: unknown, fail: Fail): bigint => {
    if (place.isInUnits) return value as bigint;
    if (typeof value !== 'string' && typeof value !== 'number') return fail('give a text such as "12.50"');
    return orFail(decimalOf(String(value), scale), fail);
  };
  each(values, place, (value, index, fail) => {
    const units = read(value, fail);
    if (units >= limit || units <= -limit) {
      fail(`it has more than ${precision} digits. Declare a larger precision`);
    }
    words[2 * index] = BigInt.asUintN(64, units);
    words[2 * index + 1] = BigInt.asUintN(64, units >> 64n);
  });
  return bytesOf(words);
}

function packBools(values: ArrayLike<unknown>, place: Place): Uint8Array {
  const bytes = new Uint8Array((values.length + 7) >> 3);
  each(values, place, (value, index, fail) => {
    if (typeof value !== 'boolean') fail('give true or false');
    if (value) bytes[index >> 3]! |= 1 << (index & 7);
  });
  return bytes;
}

type Joined = { readonly offsets: Int32Array | Float64Array; readonly data: Uint8Array };

function encodeTexts(values: ArrayLike<unknown>, place: Place): Joined {
  const encoder = new TextEncoder();
  const ends = new Float64Array(values.length + 1);
  let data = new Uint8Array(16 * values.length);
  let length = 0;
  each(values, place, (value, index, fail) => {
    if (value instanceof Uint8Array && place.isInUnits) fail('it is not UTF-8. Read the column as binary');
    if (typeof value !== 'string') return fail('give a text');
    if (!isWellFormed(value)) fail('it has a lone surrogate, which UTF-8 cannot write');
    // A UTF-16 unit has at most three bytes of UTF-8.
    const needed = length + 3 * value.length;
    if (needed > data.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * data.length));
      larger.set(data.subarray(0, length));
      data = larger;
    }
    ends[index + 1] = length += encoder.encodeInto(value, data.subarray(length)).written;
  });
  return { offsets: offsetsOf(ends), data: data.subarray(0, length) };
}

function joinBytes(values: ArrayLike<unknown>, place: Place): Joined {
  const ends = new Float64Array(values.length + 1);
  let length = 0;
  each(values, place, (value, index, fail) => {
    if (!(value instanceof Uint8Array)) return fail('give a Uint8Array');
    ends[index + 1] = length += value.length;
  });
  const data = new Uint8Array(length);
  each(values, place, (value, index) => {
    const bytes = value as Uint8Array;
    data.set(bytes, ends[index + 1]! - bytes.length);
  });
  return { offsets: offsetsOf(ends), data };
}

function flatten(
  values: ArrayLike<unknown>,
  place: Place,
): { offsets: Int32Array | Float64Array; items: unknown[]; owners: number[] } {
  const ends = new Float64Array(values.length + 1);
  const items: unknown[] = [];
  const owners: number[] = [];
  each(values, place, (value, index, fail) => {
    if (!Array.isArray(value) && !isTypedArray(value)) return fail('give an array');
    for (let item = 0; item < value.length; item++) {
      items.push(value[item]);
      owners.push(index);
    }
    ends[index + 1] = items.length;
  });
  return { offsets: offsetsOf(ends), items, owners };
}

/** The ends of values as offsets: a null, whose end was left at 0, is empty. */
function offsetsOf(ends: Float64Array): Int32Array | Float64Array {
  for (let index = 1; index < ends.length; index++) {
    ends[index] = Math.max(ends[index]!, ends[index - 1]!);
  }
  return ends[ends.length - 1]! > MAX_OFFSET ? ends : Int32Array.from(ends);
}

function checkStructs(values: ArrayLike<unknown>, fields: readonly Field[], place: Place): void {
  const names = new Set(fields.map(({ name }) => name));
  each(values, place, (value, _index, fail) => {
    if (typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value))
      fail('give an object');
    const surplus = Object.keys(value as object).find((name) => !names.has(name));
    if (surplus !== undefined) fail(`its type has no field ${JSON.stringify(surplus)}`);
  });
}

/** An own part of an object: what every object inherits is no value. */
function partOf(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

function slice(values: ArrayLike<unknown>, start: number, end: number): ArrayLike<unknown> {
  if (start === 0 && end === values.length) return values;
  return isTypedArray(values)
    ? values.subarray(start, end)
    : (Array.prototype.slice.call(values, start, end) as unknown[]);
}

function isTypedArray(value: unknown): value is WholeArray {
  return ArrayBuffer.isView(value) && 'length' in value;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function shown(value: unknown): string {
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object' && value !== null
        ? Object.prototype.toString.call(value).slice('[object '.length, -1)
        : `${String(value)}${typeof value === 'bigint' ? 'n' : ''}`;
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 1)}…`;
}

/** @throws SelvageError `InvalidRows`: the declaration of a column does not allow null */
export function refuseNull({ name, type }: Field, row: number): never {
  invalid(name, row, 'is null. Give a value, or allow null by a `?` behind the type', type);
}

export function invalid(
  column: string | undefined,
  row: number | undefined,
  what: string,
  type?: ColumnType,
): never {
  const name = type && nameOf(type);
  const subject =
    column === undefined
      ? `The row ${row}`
      : `The column ${JSON.stringify(column)}${name === undefined ? '' : ` (${name})`}`;
  const place =
    column === undefined || row === undefined || what.includes(' in row ') ? '' : ` of row ${row}`;
  const details = {
    ...(column !== undefined && { column }),
    ...(row !== undefined && { row }),
    ...(name !== undefined && { type: name }),
  };
  throw new SelvageError('InvalidRows', `${subject}${place} ${what}.`, { details });
}
