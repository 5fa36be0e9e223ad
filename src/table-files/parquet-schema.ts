/** Types of columns as elements of a Parquet schema, and back. */
import type { ColumnType, Field, TimeUnit } from '../tables/types';
import type { SchemaElement } from './parquet-library';

type Facts = Omit<SchemaElement, 'name' | 'repetition_type'>;

const UNITS = { s: 'MILLIS', ms: 'MILLIS', us: 'MICROS', ns: 'NANOS' } as const;
const UNIT_NAMES = { MILLIS: 'ms', MICROS: 'us', NANOS: 'ns' } as const;
/** Integers have no logical type: hyparquet-writer would write its width as a number that other tools refuse. */
const PLAIN: Partial<Record<ColumnType['kind'], Facts>> = {
  int8: { type: 'INT32', converted_type: 'INT_8' },
  int16: { type: 'INT32', converted_type: 'INT_16' },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  uint8: { type: 'INT32', converted_type: 'UINT_8' },
  uint16: { type: 'INT32', converted_type: 'UINT_16' },
  uint32: { type: 'INT32', converted_type: 'UINT_32' },
  uint64: { type: 'INT64', converted_type: 'UINT_64' },
  float32: { type: 'FLOAT' },
  float64: { type: 'DOUBLE' },
  bool: { type: 'BOOLEAN' },
  utf8: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  binary: { type: 'BYTE_ARRAY' },
  date32: { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
};
const DECIMAL_BYTES = 16;

/** Every column may be null: whether null is allowed is no part of a table. */
export function parquetSchema(fields: readonly Field[]): SchemaElement[] {
  return [
    { name: 'schema', num_children: fields.length },
    ...fields.flatMap(({ name, type }) => elementsOf(name, type)),
  ];
}

function elementsOf(name: string, type: ColumnType): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  switch (type.kind) {
    case 'list':
      return [
        { ...optional, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        ...elementsOf('element', type.item),
      ];
    case 'struct':
      return [
        { ...optional, num_children: type.fields.length },
        ...type.fields.flatMap((field) => elementsOf(field.name, field.type)),
      ];
    case 'decimal': {
      const { precision, scale } = type;
      const logical_type = { type: 'DECIMAL', precision, scale } as const;
      return [
        {
          ...optional,
          type: 'FIXED_LEN_BYTE_ARRAY',
          type_length: DECIMAL_BYTES,
          converted_type: 'DECIMAL',
          precision,
          scale,
          logical_type,
        },
      ];
    }
    case 'timestamp':
      return [
        {
          ...optional,
          type: 'INT64',
          logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: type.tz !== undefined, unit: UNITS[type.unit] },
        },
      ];
    case 'time64':
      return [
        {
          ...optional,
          type: 'INT64',
          logical_type: { type: 'TIME', isAdjustedToUTC: false, unit: UNITS[type.unit] },
        },
      ];
    default:
      return [{ ...optional, ...PLAIN[type.kind] }];
  }
}

/** A column of a file: what it is to Parquet, with what it consists of. */
export interface FileColumn {
  readonly element: SchemaElement;
  readonly children: readonly FileColumn[];
}

/** The columns of a file's schema. */
export function fileColumns(schema: readonly SchemaElement[]): FileColumn[] {
  let at = 0;
  const read = (): FileColumn => {
    const element = schema[at++]!;
    return { element, children: Array.from({ length: element.num_children ?? 0 }, read) };
  };
  return [...read().children];
}

/** The item of a list; undefined for what is no list. */
export function itemOf({ element, children }: FileColumn): FileColumn | undefined {
  const isList = element.converted_type === 'LIST' || element.logical_type?.type === 'LIST';
  const [repeated] = children;
  if (!isList || repeated?.element.repetition_type !== 'REPEATED') return undefined;
  return repeated.children.length === 1 ? repeated.children[0] : undefined;
}

/** The unit of a timestamp or time in a file; undefined for what is neither. */
export function unitIn({ logical_type, converted_type }: SchemaElement): Exclude<TimeUnit, 's'> | undefined {
  if (logical_type?.type === 'TIMESTAMP' || logical_type?.type === 'TIME')
    return UNIT_NAMES[logical_type.unit];
  if (converted_type === 'TIMESTAMP_MICROS' || converted_type === 'TIME_MICROS') return 'us';
  return converted_type === 'TIMESTAMP_MILLIS' || converted_type === 'TIME_MILLIS' ? 'ms' : undefined;
}
