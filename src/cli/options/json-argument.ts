import { text } from 'node:stream/consumers';
import { SelvageError } from '../../errors';
import type { Json } from '../../values';

/**
 * Parses an argument as JSON.
 *
 * @param given `-`: read from the standard input
 * @throws SelvageError `Usage`
 */
export async function readJson(argument: string, given: string): Promise<Json> {
  try {
    return JSON.parse(given === '-' ? await text(process.stdin) : given) as Json;
  } catch (error) {
    throw new SelvageError(
      'Usage',
      `The ${argument} is not JSON: ${(error as Error).message}. A text is written with quotes: '"yes"'.`,
      { details: { argument }, cause: error },
    );
  }
}
