import { isObject } from '../authoring/checks';
import type { StandardSchema } from '../authoring/standard-schema';

/** A column of a table, as the schema of its rows describes it. */
export interface PlanField {
  readonly name: string;
  /** JSON Schema's type, a text's format, or the type of a table's column. Absent: the column's type is unknown, or it has several. */
  readonly type?: string;
  readonly description?: string;
}

/** How libraries offer JSON Schema: https://standardschema.dev/json-schema */
interface WithJsonSchema {
  readonly jsonSchema?: {
    output(options: { readonly target: string; readonly libraryOptions: object }): unknown;
  };
}

/** The columns of a row, or a list of rows, by its schema. Undefined if unknown. */
export function fieldsOf(schema: StandardSchema): readonly PlanField[] | undefined {
  const { columns } = schema as { readonly columns?: Readonly<Record<string, string>> };
  if (schema['~standard'].vendor === 'selvage' && columns)
    return Object.entries(columns).map(([name, type]) => ({ name, type: type.replace(/\?$/, '') }));
  let value: unknown;
  try {
    // A column of a type that JSON lacks is still a column.
    const libraryOptions = { unrepresentable: 'any' };
    value = (schema['~standard'] as WithJsonSchema).jsonSchema?.output({
      target: 'draft-2020-12',
      libraryOptions,
    });
  } catch {
    // A schema without a description has no columns.
    return undefined;
  }
  const rows = isObject(value) && isObject(value['items']) ? value['items'] : value;
  if (!isObject(rows) || !isObject(rows['properties'])) return undefined;
  return Object.entries(rows['properties']).map(([name, of]) => ({ name, ...described(of) }));
}

function described(schema: unknown): Omit<PlanField, 'name'> {
  if (!isObject(schema)) return {};
  const { description } = schema;
  const type = typeOf(schema);
  return {
    ...(type !== undefined && { type }),
    ...(typeof description === 'string' && { description }),
  };
}

function typeOf({ type, format, anyOf }: Readonly<Record<string, unknown>>): string | undefined {
  const types = [...[type].flat(), ...[anyOf].flat().map((one) => isObject(one) && typeOf(one))];
  const [only, ...others] = types.filter((one): one is string => typeof one === 'string' && one !== 'null');
  if (others.length > 0) return undefined;
  return only === 'string' && typeof format === 'string' ? format : only;
}
