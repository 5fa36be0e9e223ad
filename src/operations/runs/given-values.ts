import { recordOf, type AnyTapestry } from '../../authoring';
import { SelvageError } from '../../errors';
import { readTime } from '../../runtime/given-times';
import { decodeJson, type Json } from '../../values';

/** Rejects references into the data store by default, as the right to start runs does not permit reading everything. */
export function valueOf(json: Json, allowReferences = false): unknown {
  return decodeJson(json, { allowReferences });
}

/**
 * Decodes parameters by name. Where the schema accepts no text, a text becomes a time.
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
  // Assignment would fail for a name such as `__proto__`.
  return Object.fromEntries(read) as Record<string, unknown>;
}
