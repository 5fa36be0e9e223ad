/**
 * Makes a text from outside (an error's message, name or stack) safe for records and messages: at most `limit` UTF-16
 * units, and no lone surrogates, which have no UTF-8 form and would make a Temporal message unreadable.
 */
export function messageText(text: string, limit: number): string {
  return text.slice(0, limit).replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** A text as the beginning of a sentence. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
