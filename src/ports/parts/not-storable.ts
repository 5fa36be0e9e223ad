import { SelvageError } from '../../errors';

const SHOWN = 300;

/**
 * The error for data that a backend can never store, so the work fails without a retry.
 *
 * @param place the backend, as the subject of the message's first sentence
 * @param what the data that cannot be stored
 */
export function notStorable(
  place: string,
  what: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): SelvageError {
  const shown = what.length > SHOWN ? `${what.slice(0, SHOWN)}…` : what;
  return new SelvageError(
    'NotStorable',
    `${place} cannot hold this: ${shown}. Leave such characters out, or give something shorter; it would be refused at every try.`,
    { details, ...(cause !== undefined && { cause }) },
  );
}

/**
 * Refuses text that databases cannot hold: U+0000, and lone surrogates, which do not survive a round trip.
 *
 * @throws SelvageError `NotStorable`
 */
export function requireStorableText(
  text: string,
  place: string,
  details: Readonly<Record<string, unknown>>,
): void {
  const problem = unstorableIn(text);
  if (problem) throw notStorable(place, `text with ${problem}, ${JSON.stringify(text)}`, details);
}

/** Names the first unstorable character of a text; undefined if there is none. */
export function unstorableIn(text: string): string | undefined {
  if (text.includes('\0')) return 'the character U+0000';
  return isWellFormed(text) ? undefined : 'half of a character (a lone surrogate)';
}

/** Node has the method `isWellFormed`, but the types of our compile target lack it. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
