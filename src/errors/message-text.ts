/**
 * A text from outside (message, name or stack) for records and messages: at most `limit` UTF-16 units. Lone
 * surrogates, which make a Temporal message unreadable, are replaced.
 */
export function messageText(text: string, limit: number): string {
  return text.slice(0, limit).replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** A text as the beginning of a sentence. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
