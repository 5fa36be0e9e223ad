import type { Json } from '../values';
import { redactJson } from '../values/redact';
import type { Rights } from './surroundings';
import type { StandardSchema } from '../authoring/standard-schema';
import { jsonSchemaOf } from '../node/json-schema-of';

/** Largest schema, as a larger one makes no useful form. */
const LONGEST = 64 * 1024;

/** A JSON Schema for forms; `{}` (anything) if JSON Schema, or the library, cannot express it. */
export function schemaToJson(
  schema: StandardSchema | undefined,
  rights: Pick<Rights, 'maySeeSecrets'> = { maySeeSecrets: true },
): Json {
  if (schema === undefined) return {};
  try {
    const described = jsonSchemaOf(schema, 'input', {
      unrepresentable: 'any',
      // JSON has no times: a form sends a text.
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
    // For a schema that its library cannot convert, the form gets a field for any JSON.
    return {};
  }
}
