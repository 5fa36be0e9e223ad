import { isOfClass } from '../../errors';
import { READ_TO_KEEP_BYTES, type DataStore } from '..';
import { isSealedName } from './content-hash';
import { inParallel } from '../../values/in-parallel';

/** Streams read at once. */
const AT_ONCE = 8;

/** How a fully written stream becomes a value. */
export interface UploadAs {
  /** Called at the end, with the digest of all bytes. */
  readonly hashOf: (digest: string) => string;
  /** Whether a value of this hash exists whose bytes are wrong. */
  readonly isDamaged: (hash: string) => Promise<boolean>;
}

/**
 * Whether a value exists with the bytes of its hash. Holds nothing of what it reads.
 *
 * @param upTo a larger value counts as whole if this many bytes can be read. If omitted, it is read to its end
 */
export async function isWhole(
  store: Pick<DataStore, 'getStream'>,
  hash: string,
  upTo = Infinity,
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
    if (isOfClass(error, 'damaged')) return false;
    throw error;
  }
}

/**
 * Whether a value exists whose bytes do not match its hash. Sealed values count as undamaged: only the key can tell.
 */
export async function isDamaged(store: Pick<DataStore, 'has' | 'getStream'>, hash: string): Promise<boolean> {
  return !isSealedName(hash) && (await store.has(hash)) && !(await isWhole(store, hash));
}

/** The values that are whole, as far as `keep` reads them. */
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
