import type { StoredValue } from '../../../protocols';

/** One script runs at a time on a server, and others wait for it. */
const MAXIMUM_VALUES = 64;
const MAXIMUM_BYTES = 1024 * 1024;

/** Values that go together in one call. */
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
