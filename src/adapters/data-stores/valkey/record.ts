import { textOf } from '../../shared/valkey';

/** Streams and larger values are kept in chunks of this size under keys of their own, so that neither side holds the whole. */
export const CHUNK_BYTES = 1024 * 1024;

/**
 * What stands under the key of a value: one letter (`b`: the bytes follow; `c`: they are in chunks), the time of the last put in 15 digits,
 * and then the bytes, or `<upload> <chunks> <size>`. So the time is changed in place, and a value is read with one plain `GET`.
 */
export const HEADER_BYTES = 16;

/** Where the chunks of a value are. */
export interface Manifest {
  readonly upload: string;
  readonly chunks: number;
}

export type ValueRecord = { readonly bytes: Uint8Array } | { readonly manifest: Manifest };

/** What is damaged beyond reading comes out as bytes, which do not have the hash then. */
export function readRecord(stored: Buffer): ValueRecord {
  const content = stored.subarray(HEADER_BYTES);
  if (stored[0] === 0x63) {
    const match = /^(\S+) (\d+) (\d+)$/.exec(textOf(content));
    if (match !== null) return { manifest: { upload: match[1]!, chunks: Number(match[2]) } };
  }
  // A copy, so that a small value does not keep all that came in one piece from the network in memory.
  return { bytes: Uint8Array.prototype.slice.call(content) };
}
