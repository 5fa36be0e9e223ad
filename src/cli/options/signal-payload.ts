import { text } from 'node:stream/consumers';
import { SelvageError } from '../../errors';
import type { Json } from '../../values';

/** @param json `-`: it is read from the standard input. Default: null */
export async function parsePayload(
  name: string,
  json: string | undefined,
  { allowReferences = false }: { readonly allowReferences?: boolean },
): Promise<unknown> {
  const { decodeJson } = await import('../../values/index.js');
  const given = json === '-' ? await text(process.stdin) : (json ?? 'null');
  try {
    return decodeJson(JSON.parse(given) as Json, { allowReferences });
  } catch (error) {
    if (SelvageError.is(error) && error.details['reference']) throw error;
    throw new SelvageError(
      'Usage',
      `The payload of the signal "${name}" is not JSON: ${(error as Error).message}. A text is written with quotes: '"yes"'.`,
      { details: { signal: name }, cause: error },
    );
  }
}
