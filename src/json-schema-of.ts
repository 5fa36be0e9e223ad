import type { StandardSchema } from './authoring/standard-schema';

type Zod = typeof import('zod');
type ZodOptions = Pick<NonNullable<Parameters<Zod['toJSONSchema']>[1]>, 'unrepresentable' | 'override'>;

/**
 * The extension by which libraries other than zod offer their JSON Schema:
 * https://standardschema.dev/json-schema
 */
interface StandardJsonSchema {
  readonly jsonSchema?: Readonly<Record<'input' | 'output', (options: { target: string }) => object>>;
}

/**
 * The JSON Schema of a schema, without `$schema`; undefined if its library offers none.
 *
 * @param side `input`: of the values that the schema accepts; `output`: of those that it returns
 * @param ofZod what becomes of parts that JSON Schema cannot express, in a schema of zod. Default: an error
 * @throws the library's error, for a schema that it cannot express
 */
export function jsonSchemaOf(
  schema: StandardSchema,
  side: 'input' | 'output',
  ofZod: ZodOptions = {},
): Record<string, unknown> | undefined {
  const found =
    '_zod' in schema
      ? zod().toJSONSchema(schema as unknown as Parameters<Zod['toJSONSchema']>[0], { io: side, ...ofZod })
      : (schema['~standard'] as StandardJsonSchema).jsonSchema?.[side]({ target: 'draft-2020-12' });
  if (found === undefined) return undefined;
  const { $schema: _, '~standard': _standard, ...described } = found as Record<string, unknown>;
  return described;
}

let loaded: Zod | undefined;

/**
 * @internal Loaded late, as a process that asks for no schema need not wait for it, and kept, as each `require` looks at
 * the file system.
 */
export function zod(): Zod {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return (loaded ??= require('zod') as Zod);
}
