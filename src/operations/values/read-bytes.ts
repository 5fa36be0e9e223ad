import { encryptionOf } from '../../encryption/seal-backends';
import type { Backends, DataStore } from '../../ports';
import type { Rights } from '../surroundings';

interface ReadBytes {
  readonly bytes: Uint8Array;
  readonly isCut: boolean;
}

/** The first bytes of a value; undefined if there is none. Checks the hash only if the value is read to its end. */
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

/** Whether values are sealed, and are not opened for this caller. */
export function leavesSealed(backends: Backends, { opensSealed = true }: Rights): boolean {
  return !opensSealed && encryptionOf(backends) !== undefined;
}
