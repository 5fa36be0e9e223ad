import type { StoredValue } from '../../ports';

/** Limits the duration of one script, since all other commands of the server wait for it. */
const MAXIMUM_VALUES = 64;
const MAXIMUM_BYTES = 1024 * 1024;

/** Groups of values for one call each. */
export function batchesOf(values: readonly StoredValue[]): StoredValue[][] {
  const batches: StoredValue[][] = [];
  let bytes = 0;
  for (const value of values) {
    const batch = batches.at(-1);
    bytes += value.bytes.byteLength;
    if (batch !== undefined && batch.length < MAXIMUM_VALUES && bytes <= MAXIMUM_BYTES) {
      batch.push(value);
    } else {
      batches.push([value]);
      bytes = value.bytes.byteLength;
    }
  }
  return batches;
}
