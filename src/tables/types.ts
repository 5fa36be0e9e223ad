/** The types of columns, as docs/table-hash.md defines them. */
import { SelvageError } from '../errors';
import { isWellFormed } from '../values/sorted-tree';

export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

/** A type whose values have a fixed number of bytes. */
export type FixedKind =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float32'
  | 'float64'
  | 'date32';

export interface Field {
  readonly name: string;
  readonly type: ColumnType;
  /** False: values that are given in code must not be null. The hash does not depend on it. Default: true. */
  readonly nullable?: boolean;
}

export type ColumnType =
  | { readonly kind: FixedKind | 'bool' | 'utf8' | 'binary' }
  | { readonly kind: 'time64'; readonly unit: 'us' | 'ns' }
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly tz?: string }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'list'; readonly item: ColumnType }
  | { readonly kind: 'struct'; readonly fields: readonly Field[] };

const WIDTHS: Readonly<Record<FixedKind | 'time64' | 'timestamp' | 'decimal', number>> = {
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  float32: 4,
  float64: 8,
  date32: 4,
  time64: 8,
  timestamp: 8,
  decimal: 16,
};
const SIMPLE = /^(?:u?int(?:8|16|32|64)|float(?:32|64)|utf8|binary|bool|date32)/;
const TIME = /^time64\[(us|ns)\]/;
const TIMESTAMP = /^timestamp\[(s|ms|us|ns)(?:, tz=([A-Za-z0-9_+\-/:]+))?\]/;
const DECIMAL = /^decimal\(([1-9]\d*),(0|[1-9]\d*)\)/;
const JSON_STRING = /^"(?:[^"\\]|\\.)*"/;
const UTC: ReadonlySet<string> = new Set(['UTC', 'Etc/UTC', 'Z', '+00:00']);
const MAX_PRECISION = 38;
const MAX_DEPTH = 100;

/** The bytes of one value; undefined for types whose values have none of their own, and for `bool`. */
export function widthOf(type: ColumnType): number | undefined {
  return (WIDTHS as Partial<Record<ColumnType['kind'], number>>)[type.kind];
}

/** The one spelling of a type: `decimal(18,2)`, `list<utf8>`, `struct<"a":int8>`, `timestamp[us, tz=UTC]`. */
export function nameOf(type: ColumnType): string {
  switch (type.kind) {
    case 'time64':
      return `time64[${type.unit}]`;
    case 'timestamp':
      return type.tz === undefined ? `timestamp[${type.unit}]` : `timestamp[${type.unit}, tz=${type.tz}]`;
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'list':
      return `list<${nameOf(type.item)}>`;
    case 'struct':
      return `struct<${type.fields.map((field) => `${JSON.stringify(field.name)}:${nameOf(field.type)}`).join(',')}>`;
    default:
      return type.kind;
  }
}

/**
 * Reads the name of a type. Other spellings of UTC become `UTC`.
 *
 * @param column The column that an error names.
 * @throws SelvageError `UnsupportedTable` for names that are none of docs/table-hash.md
 */
export function typeOf(text: string, column?: string): ColumnType {
  const [type, rest] = readType(text, text, column, 0);
  if (rest !== '') refuseType(text, column);
  return type;
}

/** A field from a type's name, where a `?` at the end allows null: `utf8?`. */
export function fieldOf(name: string, text: string): Field {
  const nullable = text.endsWith('?');
  return { name, type: typeOf(nullable ? text.slice(0, -1) : text, name), nullable };
}

/** A time zone in its one spelling; undefined for the empty text, which Arrow uses for no time zone. */
function canonicalTimeZone(tz: string): string | undefined {
  return UTC.has(tz) ? 'UTC' : tz || undefined;
}

/**
 * Checks what types and names cannot say alone: no two columns, or fields of a struct, of one name, and names that
 * UTF-8 can write.
 *
 * @throws SelvageError `UnsupportedTable`
 */
export function checkFields(fields: readonly Field[]): void {
  const seen = new Set<string>();
  for (const { name, type } of fields) {
    if (!isWellFormed(name)) unsupported(name, undefined, 'its name has a lone surrogate. Rename it');
    if (seen.has(name)) unsupported(name, undefined, 'there are two columns of this name. Rename one');
    seen.add(name);
    checkStructs(type, name);
  }
}

/** @throws SelvageError `UnsupportedTable` */
export function unsupported(column: string | undefined, type: string | undefined, what: string): never {
  const subject = column === undefined ? 'The table' : `The column ${JSON.stringify(column)}`;
  const details = { ...(column !== undefined && { column }), ...(type !== undefined && { type }) };
  throw new SelvageError('UnsupportedTable', `${subject} cannot be in a table: ${what}.`, { details });
}

/**
 * @param part the part of the type that is refused
 * @throws SelvageError `UnsupportedTable` with the remedy for a type that Arrow knows and tables do not
 */
function refuseType(type: string, column: string | undefined, part = type): never {
  const remedy = REMEDIES.find(([start]) => part.startsWith(start))?.[1];
  unsupported(
    column,
    type,
    `its type ${JSON.stringify(type)} is none of those in docs/table-hash.md. ${remedy ?? 'Cast it to one of them'}`,
  );
}

const REMEDIES: readonly (readonly [start: string, remedy: string])[] = [
  ['extension', 'Cast it to the type of its storage, which does not tell its parameters'],
  ['null', 'Cast it to the type that its values would have'],
  ['float16', 'Cast it to float32'],
  ['time32', 'Cast it to time64[us]'],
  ['time64', 'Its unit is us or ns'],
  ['date64', 'Cast it to date32, or to timestamp[ms]'],
  ['duration', 'Cast it to int64, and say the unit in the name of the column'],
  ['interval', 'Cast it to int64, or to a struct of its parts'],
  ['union', 'Make it a struct with a field for each of its types'],
  ['map', 'Make it list<struct<"key":…,"value":…>>'],
  ['timestamp', 'Its unit is s, ms, us or ns'],
  ['decimal', `Its precision is 1 to ${MAX_PRECISION}, and its scale 0 to the precision`],
];

function readType(
  text: string,
  whole: string,
  column: string | undefined,
  depth: number,
): [type: ColumnType, rest: string] {
  if (depth > MAX_DEPTH)
    unsupported(column, whole.slice(0, 80), `its type is nested over ${MAX_DEPTH} levels`);
  let found = SIMPLE.exec(text);
  if (found) return [{ kind: found[0] as FixedKind }, text.slice(found[0].length)];
  if ((found = TIME.exec(text))) {
    return [{ kind: 'time64', unit: found[1] as 'us' | 'ns' }, text.slice(found[0].length)];
  }
  if ((found = TIMESTAMP.exec(text))) {
    const tz = canonicalTimeZone(found[2] ?? '');
    const unit = found[1] as TimeUnit;
    return [{ kind: 'timestamp', unit, ...(tz !== undefined && { tz }) }, text.slice(found[0].length)];
  }
  if ((found = DECIMAL.exec(text))) {
    const [precision, scale] = [Number(found[1]), Number(found[2])];
    if (precision > MAX_PRECISION || scale > precision) refuseType(whole, column);
    return [{ kind: 'decimal', precision, scale }, text.slice(found[0].length)];
  }
  if (text.startsWith('list<')) {
    const [item, rest] = readType(text.slice('list<'.length), whole, column, depth + 1);
    if (!rest.startsWith('>')) refuseType(whole, column);
    return [{ kind: 'list', item }, rest.slice(1)];
  }
  if (text.startsWith('struct<')) return readStruct(text.slice('struct<'.length), whole, column, depth);
  return refuseType(whole, column, text);
}

function readStruct(
  text: string,
  whole: string,
  column: string | undefined,
  depth: number,
): [type: ColumnType, rest: string] {
  const fields: Field[] = [];
  for (let rest = text; ; rest = rest.slice(1)) {
    const [spelled] = JSON_STRING.exec(rest) ?? refuseType(whole, column);
    if (rest[spelled.length] !== ':') refuseType(whole, column);
    const [type, after] = readType(rest.slice(spelled.length + 1), whole, column, depth + 1);
    fields.push({ name: readString(spelled) ?? refuseType(whole, column), type });
    rest = after;
    if (rest.startsWith('>')) {
      const struct: ColumnType = { kind: 'struct', fields };
      checkStructs(struct, column ?? '');
      return [struct, rest.slice(1)];
    }
    if (!rest.startsWith(',')) refuseType(whole, column);
  }
}

function readString(spelled: string): string | undefined {
  try {
    return JSON.parse(spelled) as string;
  } catch {
    return undefined;
  }
}

function checkStructs(type: ColumnType, column: string): void {
  if (type.kind === 'list') checkStructs(type.item, column);
  if (type.kind !== 'struct') return;
  const names = type.fields.map(({ name }) => name);
  const name = nameOf(type);
  if (names.length === 0) unsupported(column, name, 'a struct without fields cannot be stored. Give it one');
  if (new Set(names).size < names.length) unsupported(column, name, 'two fields of a struct have one name');
  if (!names.every(isWellFormed))
    unsupported(column, name, "the name of a struct's field has a lone surrogate");
  for (const field of type.fields) checkStructs(field.type, column);
}
