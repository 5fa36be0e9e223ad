const LONGEST_KEY = 100;

/** Why a text cannot be a key in run ids, records and command lines; undefined if it can. */
export function keyProblem(key: unknown): string | undefined {
  if (typeof key !== 'string') return 'is not a text';
  if (key === '') return 'is empty';
  if (key.length > LONGEST_KEY) return `is longer than ${LONGEST_KEY} characters`;
  if (/\p{Surrogate}/u.test(key))
    return 'is not valid Unicode: it has half of a character (a lone surrogate)';
  if (/\p{Control}/u.test(key)) return 'has control characters or more than one line';
  return undefined;
}

/** Joins keys as `a|b`, with a backslash before bars and backslashes of a part. */
export function joinKeys(keys: readonly string[]): string {
  return keys.map((key) => key.replace(/[\\|]/g, '\\$&')).join('|');
}

export function splitKeys(key: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < key.length; at++) {
    const letter = key.charAt(at);
    if (letter === '|') {
      parts.push(part);
      part = '';
    } else if (letter === '\\' && at + 1 < key.length) part += key.charAt(++at);
    else part += letter;
  }
  return [...parts, part];
}
