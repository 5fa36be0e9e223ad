import { SelvageError } from '../../errors';
import type { RunHistory } from '../../ports';
import { beginningOfHash, HASH_DIGITS } from '../../values/hash';

const LISTED = 10;

/**
 * Resolves a full hash, or at least four first digits of a recorded one, with or without its kind, such
 * as `sha256:`. A text that is no hash is returned unchanged.
 *
 * @throws SelvageError `AmbiguousHash`, `UnknownValue`, `BackendUnavailable`
 */
export async function resolveHash(runHistory: Pick<RunHistory, 'findHashes'>, text: string): Promise<string> {
  const beginning = beginningOfHash(text);
  if (!beginning || (beginning.isOfOneKind && beginning.digits.length === HASH_DIGITS)) return text;
  const { kinds, digits } = beginning;
  const found = (
    await Promise.all(kinds.map((kind) => runHistory.findHashes(`${kind}:${digits}`, LISTED + 1)))
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
