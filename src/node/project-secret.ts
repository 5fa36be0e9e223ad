import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SelvageError } from '../errors';

const BYTES = 32;
/** In characters. */
export const LEAST_SECRET = 32;

/** For error messages. */
interface SecretWords {
  /** The protected thing, such as `status URLs`. */
  readonly of: string;
  /** A sentence about the loss without the secret. */
  readonly ends: string;
  /** A sentence about the remedy if the secret cannot be stored. */
  readonly instead: string;
}

/** A secret of this user, shared by processes. @throws SelvageError `WeakSecret` if damaged, `FolderUnusable` */
export function projectSecret(makeFolder: () => string, fileName: string, words: SecretWords): string {
  let folder = '';
  try {
    folder = makeFolder();
    const file = path.join(folder, fileName);
    return readSecret(file, words) ?? makeSecret(file, words);
  } catch (error) {
    if (SelvageError.is(error)) throw error;
    throw new SelvageError(
      'FolderUnusable',
      `The secret of ${words.of} cannot be kept in ${folder || 'the folder .selvage'}: ${(error as Error).message}. ${words.instead}`,
      { details: { folder }, cause: error },
    );
  }
}

function readSecret(file: string, { of, ends }: SecretWords): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (text.length >= LEAST_SECRET) return text;
  throw new SelvageError(
    'WeakSecret',
    `The secret of ${of} in ${file} is damaged. Delete the file, and another one is made; ${ends}`,
    { details: { file } },
  );
}

/** Makes a secret atomically: of several concurrent processes, one wins. */
function makeSecret(file: string, words: SecretWords): string {
  const own = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(own, `${randomBytes(BYTES).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(own, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readSecret(file, words)!;
}
