/** Types of columns and of bound values, in DuckDB's words and in those of tables. */
import type * as DuckDb from '@duckdb/node-api';
import { isWellFormed } from '../../values/sorted-tree';
import { typeOf, unsupported, type ColumnType, type FixedKind } from '../../tables/types';

const KINDS: Readonly<Record<string, FixedKind | 'bool' | 'utf8' | 'binary'>> = {
  BOOLEAN: 'bool',
  TINYINT: 'int8',
  SMALLINT: 'int16',
  INTEGER: 'int32',
  BIGINT: 'int64',
  UTINYINT: 'uint8',
  USMALLINT: 'uint16',
  UINTEGER: 'uint32',
  UBIGINT: 'uint64',
  FLOAT: 'float32',
  DOUBLE: 'float64',
  VARCHAR: 'utf8',
  BLOB: 'binary',
  DATE: 'date32',
};
const NAMES = new Map(Object.entries(KINDS).map(([name, kind]) => [kind, name]));
const UNITS = { s: 'TIMESTAMP_S', ms: 'TIMESTAMP_MS', us: 'TIMESTAMP', ns: 'TIMESTAMP_NS' } as const;
const UNIT_NAMES = new Map(Object.entries(UNITS).map(([unit, name]) => [name, unit])) as ReadonlyMap<
  string,
  keyof typeof UNITS
>;
const WIDEST = 38;
const MAX_INT64 = 2n ** 63n;
const MAX_HUGEINT = 2n ** 127n;

/** The type of a column in a query. `seconds`: the type of timestamps in seconds, which Parquet does not have. */
export function sqlTypeOf(type: ColumnType, column: string, seconds = UNITS.s as string): string {
  switch (type.kind) {
    case 'time64':
      return type.unit === 'ns' ? 'TIME_NS' : 'TIME';
    case 'timestamp':
      if (type.tz === undefined) return type.unit === 's' ? seconds : UNITS[type.unit];
      if (type.unit !== 'ns') return 'TIMESTAMPTZ';
      return unsupported(
        column,
        undefined,
        'DuckDB has no nanoseconds with a time zone. Cast it to timestamp[us, tz=UTC] before it comes to a query',
      );
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'list':
      return `${sqlTypeOf(type.item, column, seconds)}[]`;
    case 'struct': {
      const fields = type.fields.map(
        ({ name, type: of }) => `"${name.replaceAll('"', '""')}" ${sqlTypeOf(of, column, seconds)}`,
      );
      return `STRUCT(${fields.join(', ')})`;
    }
    default:
      return NAMES.get(type.kind)!;
  }
}

/** The type that a query's column has as a column of a table. @throws SelvageError `UnsupportedTable` */
export function columnTypeOf(
  type: DuckDb.DuckDBType,
  column: string,
  { DuckDBTypeId: ids }: Pick<typeof DuckDb, 'DuckDBTypeId'>,
): ColumnType {
  const name = ids[type.typeId];
  const kind = KINDS[name];
  if (kind) return { kind };
  const unit = UNIT_NAMES.get(name);
  if (unit) return { kind: 'timestamp', unit };
  const of = type as { width: number; scale: number; valueType: DuckDb.DuckDBType } & DuckDb.DuckDBStructType;
  switch (name) {
    case 'HUGEINT':
    case 'UHUGEINT':
      return { kind: 'decimal', precision: WIDEST, scale: 0 };
    case 'UUID':
    case 'ENUM':
      return { kind: 'utf8' };
    case 'TIME':
      return { kind: 'time64', unit: 'us' };
    case 'TIME_NS':
      return { kind: 'time64', unit: 'ns' };
    case 'TIMESTAMP_TZ':
      return { kind: 'timestamp', unit: 'us', tz: 'UTC' };
    case 'DECIMAL':
      return { kind: 'decimal', precision: of.width, scale: of.scale };
    case 'LIST':
    case 'ARRAY':
      return { kind: 'list', item: columnTypeOf(of.valueType, column, { DuckDBTypeId: ids }) };
    case 'STRUCT': {
      const fields = of.entryNames.map((entry, index) => ({
        name: entry,
        type: columnTypeOf(of.entryTypes[index]!, column, { DuckDBTypeId: ids }),
      }));
      return { kind: 'struct', fields };
    }
    default:
      // No table's type has such a name, which is refused with a remedy.
      return typeOf(String(type).toLowerCase(), column);
  }
}

export interface BoundValue {
  readonly value: DuckDb.DuckDBValue;
  readonly type: DuckDb.DuckDBType;
}

/** A value as it is bound; the reason in words if it cannot be. */
export function boundValue(given: unknown, duckDb: typeof DuckDb): BoundValue | string {
  if (given === null || given === undefined) return { value: null, type: duckDb.SQLNULL };
  if (typeof given === 'boolean') return { value: given, type: duckDb.BOOLEAN };
  if (typeof given === 'string') {
    return isWellFormed(given) ? { value: given, type: duckDb.VARCHAR } : 'a text with a lone surrogate';
  }
  if (typeof given === 'number') {
    const isWhole = Number.isSafeInteger(given) && !Object.is(given, -0);
    return isWhole ? { value: BigInt(given), type: duckDb.BIGINT } : { value: given, type: duckDb.DOUBLE };
  }
  if (typeof given === 'bigint') {
    if (given >= -MAX_INT64 && given < MAX_INT64) return { value: given, type: duckDb.BIGINT };
    const isHuge = given >= -MAX_HUGEINT && given < MAX_HUGEINT;
    return isHuge ? { value: given, type: duckDb.HUGEINT } : 'an integer of more than 128 bits';
  }
  if (given instanceof Date) {
    const milliseconds = given.getTime();
    if (Number.isNaN(milliseconds)) return 'an invalid date';
    const value = new duckDb.DuckDBTimestampTZValue(BigInt(milliseconds) * 1000n);
    return { value, type: duckDb.TIMESTAMPTZ };
  }
  if (given instanceof Uint8Array) return { value: duckDb.blobValue(given), type: duckDb.BLOB };
  return Array.isArray(given) ? boundList(given, duckDb) : 'an object';
}

function boundList(given: readonly unknown[], duckDb: typeof DuckDb): BoundValue | string {
  const items: BoundValue[] = [];
  for (const item of given) {
    const bound = boundValue(item, duckDb);
    if (typeof bound === 'string') return `a list with ${bound}`;
    items.push(bound);
  }
  const types = new Map(items.map(({ type }) => [String(type), type]));
  types.delete(String(duckDb.SQLNULL));
  // Numbers of a list are whole or not, one by one.
  if (types.has('DOUBLE') && types.delete('BIGINT')) {
    const value = items.map((item) => (typeof item.value === 'bigint' ? Number(item.value) : item.value));
    if (types.size === 1) return { value: duckDb.listValue(value), type: duckDb.LIST(duckDb.DOUBLE) };
  }
  if (types.size > 1) return 'a list of values of several types';
  const [type = duckDb.SQLNULL] = types.values();
  return { value: duckDb.listValue(items.map(({ value }) => value)), type: duckDb.LIST(type) };
}
