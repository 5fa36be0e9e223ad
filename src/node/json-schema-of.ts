import type { StandardSchema } from '../authoring/standard-schema';

type Zod = typeof import('zod');
type ZodOptions = Pick<NonNullable<Parameters<Zod['toJSONSchema']>[1]>, 'unrepresentable' | 'override'>;

/** JSON Schema of libraries other than zod: https://standardschema.dev/json-schema */
interface StandardJsonSchema {
  readonly jsonSchema?: Readonly<Record<'input' | 'output', (options: { target: string }) => object>>;
}

/**
 * The JSON Schema of a schema, without `$schema`; undefined if the library offers no JSON Schema.
 *
 * @param side `input`: of accepted values; `output`: of returned ones
 * @param ofZod for parts of a zod schema that JSON Schema lacks. Default: an error
 * @throws the library's error for such parts
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

/** @internal Loads zod late, as few processes need it; keeps it, as each `require` looks at the file system. */
export function zod(): Zod {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
  return (loaded ??= require('zod') as Zod);
}
