/**
 * A text from outside (an error's message, name or stack) as it may stand in records and on the wire: at most `limit`
 * UTF-16 units, and without lone surrogates, which have no UTF-8 and would make a Temporal message unreadable.
 */
export function messageText(text: string, limit: number): string {
  return text.slice(0, limit).replace(/\p{Surrogate}/gu, '\uFFFD');
}
