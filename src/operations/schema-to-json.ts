import type { Json } from '../values';
import { redactJson } from '../values/redact';
import type { Rights } from './surroundings';
import type { StandardSchema } from '../authoring/standard-schema';
import { jsonSchemaOf } from '../json-schema-of';

/** A form of a larger schema would help less than a plain field for JSON. */
const LONGEST = 64 * 1024;

/**
 * The JSON Schema of what a schema accepts, for a form; `{}` (anything) for what JSON Schema cannot express,
 * and for libraries that offer none.
 */
export function schemaToJson(
  schema: StandardSchema | undefined,
  rights: Pick<Rights, 'maySeeSecrets'> = { maySeeSecrets: true },
): Json {
  if (schema === undefined) return {};
  try {
    const described = jsonSchemaOf(schema, 'input', {
      unrepresentable: 'any',
      // JSON has no times: a form sends one as a text.
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema._zod.def.type === 'date')
          Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
      },
    });
    const text = JSON.stringify(described ?? {});
    if (text.length > LONGEST) return {};
    const json = JSON.parse(text) as Json;
    return rights.maySeeSecrets ? json : redactJson(json);
  } catch {
    // A schema that its library cannot convert: the form has a field for any JSON.
    return {};
  }
}
