import type { Json } from '../values';

export const REDACTED = '[redacted]';

/** Names of members whose values are secret. */
const SECRET_NAME =
  /pass(?:word|wd|phrase)|secret|(?:^|[_-])tokens?$|[a-z]Tokens?$|^tokens?$|api[_-]?key|private[_-]?key|access[_-]?key|authorization|credential|cookie|client[_-]?secret/i;
/** Secrets recognised by form: the user part of an address, bearer tokens, keys of well-known services, private keys. */
const SECRET_TEXTS =
  /(?<=[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@:]{1,200}:[^\s/@]{1,200}(?=@)|(?<=\bBearer )[\w.~+/=-]{8,}|\b(?:sk|pk|rk)[-_](?:live|test|proj|ant)[-_][\w-]{8,}|\bgh[pousr]_\w{20,}|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[\w-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/**
 * Removes what looks like a secret from a value: by the names of members, and by the form of texts.
 *
 * @param byName default true; false: by the form of texts alone, for names that are not part of a user's data
 */
export function redactSecrets(json: Json, byName = true): { readonly json: Json; readonly count: number } {
  let count = 0;
  const walk = (value: Json): Json => {
    if (typeof value === 'string') {
      return value.replace(SECRET_TEXTS, () => {
        count += 1;
        return REDACTED;
      });
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(walk);
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => {
        if (!byName || !SECRET_NAME.test(name) || part === null || typeof part === 'boolean')
          return [name, walk(part)];
        count += 1;
        return [name, REDACTED];
      }),
    );
  };
  return { json: walk(json), count };
}
