import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { SelvageError } from '../../errors';

const GZIP = [0x1f, 0x8b] as const;

/**
 * Reads JSON, gzipped or not.
 *
 * @throws SelvageError `FileNotFound`, `FileNotLoadable`
 */
export async function readHistoryFile(file: string): Promise<unknown> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new SelvageError(
      isMissing ? 'FileNotFound' : 'FileNotLoadable',
      isMissing
        ? `There is no file ${file}. Check the path.`
        : `${file} cannot be read: ${(error as Error).message}`,
      { details: { file }, cause: error },
    );
  }
  try {
    const text = bytes[0] === GZIP[0] && bytes[1] === GZIP[1] ? gunzipSync(bytes) : bytes;
    return JSON.parse(text.toString('utf8'));
  } catch (error) {
    // The parser's message may quote unreadable text with line ends.
    const reason = (error as Error).message.replace(/\s+/g, ' ');
    throw new SelvageError(
      'FileNotLoadable',
      `${file} is no JSON: ${reason}. Give what \`temporal workflow show --workflow-id ID --output json\` writes.`,
      { details: { file }, cause: error },
    );
  }
}
