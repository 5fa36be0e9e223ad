import { encryptionOf } from '../../encryption/seal-backends';
import type { Backends, DataStore } from '../../ports';
import type { Rights } from '../surroundings';

interface ReadBytes {
  readonly bytes: Uint8Array;
  /** Whether the value has more bytes. */
  readonly isCut: boolean;
}

/**
 * The first bytes of a value, read in pieces; undefined if the value does not exist. The hash is checked only
 * if the value is read to its end.
 */
export async function readBytes(
  dataStore: DataStore,
  hash: string,
  most: number,
): Promise<ReadBytes | undefined> {
  const stream = await dataStore.getStream(hash);
  if (!stream) return undefined;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    size += piece.byteLength;
    if (size > most) return { bytes: Buffer.concat(pieces).subarray(0, most), isCut: true };
  }
  return { bytes: Buffer.concat(pieces), isCut: false };
}

/** Whether the store has sealed its values, and this caller is not to see them. */
export function leavesSealed(backends: Backends, { opensSealed = true }: Rights): boolean {
  return !opensSealed && encryptionOf(backends) !== undefined;
}
