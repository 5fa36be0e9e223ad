import { isOfClass } from '../../errors';
import { READ_TO_KEEP_BYTES, type DataStore } from '..';
import { isSealedName } from './content-hash';
import { inParallel } from '../../values/in-parallel';

/** Streams read at once. */
const AT_ONCE = 8;

export interface UploadAs {
  /** Called at the end, with the digest of all bytes. */
  readonly hashOf: (digest: string) => string;
  /** Whether this hash has a stored value with wrong bytes. */
  readonly isDamaged: (hash: string) => Promise<boolean>;
}

/**
 * Whether a value exists with the bytes of its hash. Holds nothing of what it reads.
 *
 * @param upTo a larger value counts as whole if this many bytes can be read. Default: no limit
 * @param isDamage which errors of the reading tell of damage; others are thrown
 */
export async function isWhole(
  store: Pick<DataStore, 'getStream'>,
  hash: string,
  upTo = Infinity,
  isDamage = (error: unknown): boolean => isOfClass(error, 'damaged'),
): Promise<boolean> {
  try {
    const stream = await store.getStream(hash);
    if (stream === undefined) return false;
    let bytes = 0;
    for await (const piece of stream) {
      bytes += piece.byteLength;
      if (bytes > upTo) return true;
    }
    return true;
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}

/** Whether a stored value's bytes do not match its hash. Sealed values pass, as checking them takes the key. */
export async function isDamaged(store: Pick<DataStore, 'has' | 'getStream'>, hash: string): Promise<boolean> {
  return !isSealedName(hash) && (await store.has(hash)) && !(await isWhole(store, hash));
}

/** Returns the values that pass the check of `keep`. */
export async function wholeAmong(
  store: Pick<DataStore, 'getStream'>,
  hashes: Iterable<string>,
): Promise<Set<string>> {
  const whole = new Set<string>();
  await inParallel(hashes, AT_ONCE, async (hash) => {
    if (await isWhole(store, hash, READ_TO_KEEP_BYTES)) whole.add(hash);
  });
  return whole;
}
