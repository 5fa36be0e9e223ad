import { nameOf, typeOf, unsupported } from './types';

/** What is read of a schema of zod, version 4. */
interface ZodDef {
  readonly type: string;
  readonly format?: string;
  readonly innerType?: ZodLike;
  readonly element?: ZodLike;
  readonly shape?: Readonly<Record<string, ZodLike>>;
  readonly in?: ZodLike;
  readonly out?: ZodLike;
}
interface ZodLike {
  readonly _zod: { readonly def: ZodDef };
}

/** Numbers stay numbers in rows: a whole number of unknown size is a float, which is exact up to 2⁵³. */
const NUMBERS: Readonly<Record<string, string>> = { int32: 'int32', uint32: 'uint32', float32: 'float32' };
const NULLABLE: ReadonlySet<string> = new Set(['optional', 'nullable']);
const TRANSPARENT: ReadonlySet<string> = new Set(['default', 'prefault', 'readonly', 'catch', 'nonoptional']);

/** The shape of `z.object(…)`; undefined for anything else. */
export function shapeOf(schema: unknown): Readonly<Record<string, ZodLike>> | undefined {
  const def = (schema as Partial<ZodLike> | undefined)?._zod?.def;
  return def?.type === 'object' ? def.shape : undefined;
}

/** The names of types for the fields of a `z.object(…)`. @throws SelvageError `UnsupportedTable` */
export function columnsOfZod(shape: Readonly<Record<string, ZodLike>>): Record<string, string> {
  return Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, typeName(field, name)]));
}

function typeName(schema: ZodLike, column: string): string {
  const { def } = schema._zod;
  if (NULLABLE.has(def.type)) return `${typeName(def.innerType!, column).replace(/\?$/, '')}?`;
  if (TRANSPARENT.has(def.type)) return typeName(def.innerType!, column);
  switch (def.type) {
    case 'string':
    case 'enum':
    case 'template_literal':
      return 'utf8';
    case 'number':
      return NUMBERS[def.format ?? ''] ?? 'float64';
    case 'bigint':
      return def.format === 'uint64' ? 'uint64' : 'int64';
    case 'boolean':
      return 'bool';
    case 'date':
      return 'timestamp[ms, tz=UTC]';
    case 'array':
      return `list<${partName(def.element!, column)}>`;
    case 'object':
      return `struct<${Object.entries(def.shape!)
        .map(([name, field]) => `${JSON.stringify(name)}:${partName(field, column)}`)
        .join(',')}>`;
    default:
      return unsupported(
        column,
        undefined,
        `zod's ${def.type} has no type of a column. Give the columns' types, and the schema for the rows: table({ … }, { row: schema })`,
      );
  }
}

/** Items and fields may always be null. */
function partName(schema: ZodLike, column: string): string {
  return nameOf(typeOf(typeName(schema, column).replace(/\?$/, ''), column));
}
