import { z } from 'zod';
import { SelvageError, type ErrorCode } from '../../errors';
import { isTableHash } from '../../values';
import * as fields from '../fields';
import { checked } from '../invoke';
import { scopeMissing } from '../scope-missing';
import type { Surroundings } from '../surroundings';
import { readFor } from '../values/open-value';
import { runOfValue } from '../values/value-view';
import { FORMS, tableFile, type Form } from './file';

/** A server must not run out of memory by a question: Arrow takes several times the stored size. */
const MOST_IN_MEMORY = 128 * 1024 * 1024;
const forms = Object.keys(FORMS) as [Form, ...Form[]];

/** What a download is asked with. It is no operation, since its answer is no JSON. */
export const DOWNLOAD = {
  name: 'tables.file',
  ask: z.strictObject({ hash: fields.hash, runId: runOfValue, as: z.enum(forms) }),
};

export type TableFileAsk = z.input<typeof DOWNLOAD.ask>;

export interface Download {
  readonly fileName: string;
  readonly mediaType: string;
  readonly pieces: AsyncIterable<Uint8Array | string>;
}

/**
 * A table as a file for the caller.
 *
 * @throws SelvageError `InvalidRequest`; `ScopeMissing` if the caller may not read values, or may not see secrets and
 *   asks for a form in which they cannot be hidden; `UnknownValue`, `AmbiguousHash`, `InvalidQuery`, `Redacted`,
 *   `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function downloadOf(of: Surroundings, asked: unknown): Promise<Download> {
  if (of.caller.mayReadValues === false) throw scopeMissing('values');
  const { as, ...value } = checked(DOWNLOAD, asked);
  if (!of.caller.maySeeSecrets && as !== 'csv')
    throw new SelvageError(
      'ScopeMissing',
      `Secrets are hidden from this caller, and cannot be hidden in a file of the form ${as}. Take the table as csv, or ask with the token of the page or with one that has the scope "values".`,
      { details: { scope: 'values' } },
    );
  const found = await readFor(of, value, async ({ hash, isRedacted }) => {
    if (!isTableHash(hash)) throw new SelvageError('InvalidQuery', `The value ${hash} is no table.`);
    return {
      hash,
      pieces: await tableFile(of.backends, hash, as, { isRedacted, mostInMemory: MOST_IN_MEMORY }),
    };
  });
  if ('form' in found)
    throw new SelvageError(found.code as ErrorCode, found.message, { details: { hash: found.hash } });
  const [, digits] = found.hash.split(':');
  return { fileName: `table-${digits!.slice(0, 12)}.${as}`, mediaType: FORMS[as], pieces: found.pieces };
}
