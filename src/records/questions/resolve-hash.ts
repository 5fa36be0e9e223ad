import { SelvageError } from '../../errors';
import type { RunHistory } from '../../ports';

const KINDS = ['sha256:', 'bytes-sha256:'];
/** The beginning of a hash, with or without its kind. The beginning may end with an ellipsis, as in listings. */
const BEGINNING = /^((?:bytes-)?sha256:)?([0-9a-f]{4,64})…?$/;
const DIGITS = 64;
const LISTED = 10;

/**
 * Resolves a full hash, or at least four first digits of a recorded one, with or without `sha256:` or
 * `bytes-sha256:`. A text that is no hash is returned unchanged.
 *
 * @throws SelvageError `AmbiguousHash`, `UnknownValue`, `BackendUnavailable`
 */
export async function resolveHash(runHistory: Pick<RunHistory, 'findHashes'>, text: string): Promise<string> {
  const [, kind, digits] = BEGINNING.exec(text) ?? [];
  if (digits === undefined || (kind !== undefined && digits.length === DIGITS)) return text;
  const kinds = kind === undefined ? KINDS : [kind];
  const found = (
    await Promise.all(kinds.map((of) => runHistory.findHashes(`${of}${digits}`, LISTED + 1)))
  ).flat();
  const [hash] = found;
  if (hash === undefined) {
    throw new SelvageError(
      'UnknownValue',
      `No hash on record begins with ${text}. \`selvage runs show RUN\` and \`selvage lineage\` show hashes; one that no record names is to be given whole.`,
      { details: { hash: text } },
    );
  }
  if (found.length === 1) return hash;
  const listed = found.slice(0, LISTED).map((one) => `\n  ${one}`);
  throw new SelvageError(
    'AmbiguousHash',
    `Several hashes on record begin with ${text}. Give more of the one that you mean:${listed.join('')}${found.length > LISTED ? '\n  and more' : ''}`,
    { details: { hash: text, candidates: found.slice(0, LISTED) } },
  );
}
