import { recordOf, type AnyTapestry } from '../../authoring';
import { SelvageError } from '../../errors';
import { readTime } from '../../runtime/given-times';
import { decodeJson, type Json } from '../../values';

/** Rejects references into the data store by default: a user who may start runs may not read everything in it. */
export function valueOf(json: Json, allowReferences = false): unknown {
  return decodeJson(json, { allowReferences });
}

/**
 * Reads a form's fields by name. A text becomes a time where the schema accepts no text.
 *
 * @throws SelvageError `InvalidParameters`, `NotDecodable`
 */
export async function parametersOf(tapestry: AnyTapestry, json: Json): Promise<Record<string, unknown>> {
  const given = valueOf(json);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new SelvageError('InvalidParameters', 'The parameters of a run are an object, by name.', {
      details: {
        tapestry: tapestry.name,
        problems: [{ path: '', code: 'WrongType', message: 'expected an object' }],
      },
    });
  }
  const { parameters } = recordOf(tapestry);
  const read = await Promise.all(
    Object.entries(given).map(async ([name, value]) => [name, await readTime(parameters.get(name), value)]),
  );
  // Assignment would treat names such as `__proto__` as something else.
  return Object.fromEntries(read) as Record<string, unknown>;
}
